"""Containers that podman runs, in a mount namespace of the tests' own.

There the control groups are those of version 2 alone, as on a node of a cluster, and so are a BPF file system and the
kubelet's log directories. Images and containers live in the directory that is given, and go with close().
"""

import os
import shutil
import subprocess
import tempfile

from harness.program import Program
from harness.waiting import wait_until

_PREPARE = """
set -e
umount --lazy /sys/fs/cgroup
mount -t cgroup2 none /sys/fs/cgroup
mount -t bpf none /sys/fs/bpf
mkdir -p /var/log/pods
mount -t tmpfs none /var/log/pods
echo ready
exec cat
"""


class Podman:
    def __init__(self, directory):
        self.directory = directory
        self._namespace = Program(["unshare", "--mount", "--propagation", "private", "sh", "-c", _PREPARE], seconds=1800)
        self._enter = ["nsenter", "-t", str(self._namespace.pid), "--mount"]
        self._state = tempfile.mkdtemp(prefix="sdt-podman-")  # podman wants a short path here
        self._podman = [*self._enter, "podman", f"--root={directory}/storage", f"--runroot={self._state}/run",
                        f"--tmpdir={self._state}/tmp", "--runtime=runc", "--cgroup-manager=cgroupfs",
                        "--events-backend=none"]
        self._names = []

    def inside(self, *command):
        """In the mount namespace, but in no container."""
        return subprocess.run([*self._enter, *command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=True).stdout

    def run(self, *arguments, seconds=300):
        result = subprocess.run([*self._podman, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                timeout=seconds, check=False)
        if result.returncode != 0:
            raise AssertionError(f"podman {' '.join(arguments)}: status {result.returncode}\n{result.stdout}{result.stderr}")
        return result.stdout.strip()

    def import_directory(self, root, name):
        """An image of one layer with the content of a directory."""
        tar = os.path.join(self.directory, "image.tar")
        subprocess.run(["tar", "-C", root, "--numeric-owner", "-cf", tar, "."], check=True)
        self.run("import", tar, name)
        os.unlink(tar)

    # Limits that podman would raise, which a container of ours may not.
    LIMITS = ("--pids-limit=-1", "--ulimit=nofile=4096:4096", "--ulimit=nproc=4096:4096")

    def start(self, name, *arguments):
        """A container in the background."""
        self._names.append(name)
        self.run("run", "--detach", f"--name={name}", *self.LIMITS, *arguments)

    def program(self, name, *arguments):
        """A container whose program is told things."""
        self._names.append(name)
        return Program([*self._podman, "run", "--interactive", f"--name={name}", *self.LIMITS, *arguments])

    def show(self, name, what):
        return self.run("inspect", "--format={{" + what + "}}", name)

    def pid(self, name):
        return wait_until(lambda: int(self.show(name, ".State.Pid")), f"{name} runs")

    def log(self, name):
        result = subprocess.run([*self._podman, "logs", name], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, check=False)
        return result.stdout

    def close(self):
        for name in reversed(self._names):
            subprocess.run([*self._podman, "rm", "--force", "--time=5", name], stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        subprocess.run([*self._podman, "rmi", "--all", "--force"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=False)
        # Control groups outlive their containers; those of others stay, because they are not empty.
        subprocess.run([*self._enter, "find", *(f"/sys/fs/cgroup/{name}" for name in ("libpod_parent", "kubepods")),
                        "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"], stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        self._namespace.close()
        shutil.rmtree(self._state, ignore_errors=True)
        shutil.rmtree(self.directory, ignore_errors=True)
