"""A Debian that systemd has booted, in a container of its own."""

import os
import shutil
import subprocess
import tempfile

from harness.waiting import wait_until

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
# What the exporter's libraries and the tests need; one list, so that all machines are made from one tar file.
PACKAGES = ["systemd", "systemd-sysv", "dbus", "procps", "curl",
            "libbpf1", "libyaml-cpp0.7", "libre2-9", "libspdlog1.10", "libfmt9", "libzydis4.0"]
# What systemd-nspawn takes away and the unit gives.
CAPABILITIES = ("CAP_BPF", "CAP_PERFMON", "CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH",
                "CAP_CHECKPOINT_RESTORE", "CAP_LEASE")


def debian_root(name, *packages):
    """A Debian of these packages as a tar file."""
    return subprocess.run([os.path.join(TOP, "tools/debian_root.sh"), name, *packages], check=True,
                          stdout=subprocess.PIPE, text=True).stdout.strip()


def base_tar():
    """What machines begin with."""
    return debian_root("systemd", *PACKAGES)


class Machine:
    """A Debian with systemd as its first process. `install` puts files into it before it boots; `unit` is the service
    that questions are about; with `own_network` it has a loopback interface of its own, and no other."""

    def __init__(self, unit, install, own_network=False):
        tar = base_tar()
        self.unit = unit
        self.root = tempfile.mkdtemp(prefix="sdt-systemd-")
        os.chmod(self.root, 0o755)
        self.process = None
        try:
            subprocess.run(["tar", "-C", self.root, "--numeric-owner", "--exclude=./dev/*", "--exclude=./usr/share/doc",
                            "--exclude=./usr/share/man", "--exclude=./usr/share/locale", "--exclude=./var/cache",
                            "-xf", tar], check=True)
            install(self)
            self._boot(["--private-network"] if own_network else [])
        except BaseException:
            self.close()
            raise

    def _boot(self, flags):
        self.process = subprocess.Popen(
            ["systemd-nspawn", "--boot", "--keep-unit", "--register=no", "--quiet", "-D", self.root,
             f"--machine=sdt-{os.getpid()}", "--console=pipe",
             "--system-call-filter=bpf perf_event_open", f"--capability={','.join(CAPABILITIES)}", *flags],
            env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.leader = wait_until(self._find_leader, "systemd-nspawn has started systemd")
        wait_until(lambda: self.systemctl("is-system-running").stdout.strip() in ("running", "degraded"),
                   "the machine is up")

    def _find_leader(self):
        if self.process.poll() is not None:
            raise AssertionError(f"systemd-nspawn ended with status {self.process.returncode}")
        # Its first child only sets up the next one.
        children = subprocess.run(["pgrep", "-P", str(self.process.pid), "-x", "systemd"], stdout=subprocess.PIPE,
                                  text=True).stdout.split()
        return children[0] if children else None

    def write(self, place, text):
        path = os.path.join(self.root, place)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def copy(self, source, place):
        path = os.path.join(self.root, place)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copy(source, path)

    def remove(self, place):
        os.unlink(os.path.join(self.root, place))

    def command(self, *arguments):
        return ["nsenter", "-t", self.leader, "-a", "--root", "--wd",
                "env", "-i", "PATH=/usr/sbin:/usr/bin", "LC_ALL=C.UTF-8", *arguments]

    def run(self, *arguments):
        return subprocess.run(self.command(*arguments), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=60)

    def in_its_network(self):
        """In front of a command of this machine's own, for it to reach that machine's ports."""
        return ["nsenter", "-t", self.leader, "-n"]

    def systemctl(self, *arguments):
        return self.run("systemctl", *arguments)

    def show(self, name):
        return self.systemctl("show", "--value", "-p", name, self.unit).stdout.strip()

    def journal(self):
        """Of the service's latest start."""
        return self.run("journalctl", "-o", "cat", f"_SYSTEMD_INVOCATION_ID={self.show('InvocationID')}").stdout

    def close(self):
        if self.process:
            if self.process.poll() is None:
                self.process.terminate()
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.root)
