#!/usr/bin/python3
"""The check of the packages finds what it is there to find."""

import pathlib
import tempfile
import unittest

import packaged

FILES = {
    "CMakeLists.txt": "project(sdt_exporter VERSION 1.2.3 LANGUAGES CXX)\n",
    "dev": "build_packages=(\n  g++ cmake\n  libelf-dev\n)\n",
    "packaging/debian/changelog": "prometheus-sdt-exporter (1.2.3) bookworm; urgency=medium\n",
    "packaging/debian/control": "Build-Depends:\n cmake,\n debhelper-compat (= 13),\n dh-sequence-installsysusers,\n"
                                " libelf-dev,\nStandards-Version: 4\n",
    "packaging/kubernetes/daemonset.yaml": "        image: sdt_exporter:1.2.3\n",
    "packaging/Containerfile": "# podman build --tag sdt_exporter:1.2.3 .\n",
}


class Packaged(unittest.TestCase):
    def complaints(self, **changes):
        with tempfile.TemporaryDirectory() as directory:
            top = pathlib.Path(directory)
            for name, text in FILES.items():
                path = top / name
                path.parent.mkdir(parents=True, exist_ok=True)
                for old, new in changes.get(path.stem, ()):
                    text = text.replace(old, new)
                path.write_text(text)
            return list(packaged.complaints(top))

    def test_packages_that_agree_pass(self):
        self.assertEqual(self.complaints(), [])

    def test_another_version_is_found_in_each(self):
        for stem, name in (("changelog", "packaging/debian/changelog"), ("Containerfile", "packaging/Containerfile"),
                           ("daemonset", "packaging/kubernetes/daemonset.yaml")):
            self.assertEqual(self.complaints(**{stem: [("1.2.3", "1.2.2")]}),
                             [f"{name}: speaks of version 1.2.2, but CMakeLists.txt has 1.2.3"])

    def test_a_package_that_only_one_side_builds_with_is_found(self):
        self.assertEqual(self.complaints(dev=[("libelf-dev", "libelf-dev libbpf-dev")]),
                         ["packaging/debian/control: Build-Depends lacks libbpf-dev, which build_packages of ./dev has"])
        self.assertEqual(self.complaints(dev=[("libelf-dev", "")]),
                         ["packaging/debian/control: Build-Depends has libelf-dev, which build_packages of ./dev lacks"])


if __name__ == "__main__":
    unittest.main()
