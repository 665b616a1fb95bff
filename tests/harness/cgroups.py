"""Control groups of the tests' own."""

import os
import subprocess

from harness.program import Program, program_path
from harness.testcase import KernelTestCase


class Cgroups:
    """The unified hierarchy, mounted in a directory; every group that is made here goes with close().
    `legacy`: systemd's own hierarchy of version 1 instead."""

    def __init__(self, directory, legacy=False):
        self.mount = os.path.join(directory, "cgroup")
        os.mkdir(self.mount)
        kind = ["cgroup", "-o", "none,name=systemd"] if legacy else ["cgroup2"]
        subprocess.run(["mount", "-t", *kind, "none", self.mount], check=True)
        self.made = []

    def make(self, path):
        """Makes the group and those above it."""
        at = self.mount
        for part in path.strip("/").split("/"):
            at = os.path.join(at, part)
            if not os.path.isdir(at):
                os.mkdir(at)
                self.made.append(at)
        return at

    def command(self, path, command):
        """The command as one that runs in the group from its first instruction on, as a service manager starts it."""
        return ["/bin/sh", "-c", f'echo $$ > "{self.make(path)}/cgroup.procs" && exec "$@"', "sh", *map(str, command)]

    def start(self, path, command):
        return Program(self.command(path, command))

    def remove(self, path):
        """While the test goes on."""
        at = os.path.join(self.mount, path.strip("/"))
        os.rmdir(at)
        self.made.remove(at)

    def close(self):
        """After the processes in them have ended."""
        for directory in reversed(self.made):
            os.rmdir(directory)
        subprocess.run(["umount", self.mount], check=True)


class CgroupTestCase(KernelTestCase):
    """Tests with control groups of their own."""

    LEGACY = False

    def setUp(self):
        self.cgroups = Cgroups(self.directory, legacy=self.LEGACY)
        self.addCleanup(os.rmdir, self.cgroups.mount)
        self.addCleanup(self.cgroups.close)

    def puppet(self, path):
        program = self.cgroups.start(path, [program_path("puppet")])
        self.addCleanup(program.close)
        return program
