#!/usr/bin/python3
"""`cmake --install` puts what belongs around the binary where programs look for it."""

import pathlib
import subprocess
import tempfile
import unittest

from harness.exporter import exporter_path

BUILD = pathlib.Path(exporter_path()).resolve().parents[2]


class Install(unittest.TestCase):
    def test_everything_is_in_its_place(self):
        with tempfile.TemporaryDirectory() as prefix:
            subprocess.run(["cmake", "--install", BUILD, "--prefix", prefix], check=True, capture_output=True)
            top = pathlib.Path(prefix)
            installed = {str(path.relative_to(top)) for path in top.rglob("*") if path.is_file()}
        for path in ("bin/sdt_exporter",
                     "share/bash-completion/completions/sdt_exporter",
                     "share/man/man1/sdt_exporter.1",
                     "share/man/man5/sdt_exporter.yaml.5",
                     "share/sdt_exporter/sdt_exporter.schema.json",
                     "share/zsh/vendor-completions/_sdt_exporter"):
            self.assertIn(path, installed)


if __name__ == "__main__":
    unittest.main()
