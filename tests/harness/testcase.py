"""The base of all suites that need the kernel."""

import os
import shutil
import tempfile
import textwrap
import unittest

from harness.exporter import Exporter, exporter_path
from harness.program import PROGRAMS, Program


class KernelTestCase(unittest.TestCase):
    """Tests that attach probes. Without root they fail: a test that does not run proves nothing."""

    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if os.geteuid() != 0:
            raise AssertionError("these tests attach probes to real processes: run them as root")
        exporter_path()
        cls.directory = tempfile.mkdtemp(prefix="sdt-test-")
        os.chmod(cls.directory, 0o755)  # programs run as other users have to pass
        cls.addClassCleanup(shutil.rmtree, cls.directory, ignore_errors=True)

    @classmethod
    def start_for_class(cls, process):
        """Closes the program, or kills the exporter, after the last test of the class."""
        cls.addClassCleanup(process.kill if isinstance(process, Exporter) else process.close)
        return process

    def write(self, name, text):
        return write_file(self.directory, name, text)

    def program(self, name, *arguments):
        program = Program.named(name, *arguments)
        self.addCleanup(program.close)
        return program

    def exporter(self, config, flags=(), wrapper=(), tls=None, headers=None):
        """`config` is the text of a config file, or a list of paths."""
        paths = [self.write("config.yaml", config)] if isinstance(config, str) else config
        exporter = Exporter(paths, self.directory, flags, wrapper, tls=tls, headers=headers)
        self.addCleanup(exporter.kill)
        return exporter


def write_file(directory, name, text):
    """A file with `text`, where @PROGRAMS@ stands for the folder of the test programs."""
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(textwrap.dedent(text).replace("@PROGRAMS@", os.path.realpath(PROGRAMS)))
    return path
