"""A PostgreSQL server of its own for a test: temporary directory, Unix socket only, user postgres."""

import glob
import os
import pwd
import re
import shutil
import subprocess
import tempfile

from harness.waiting import wait_until


def server_programs():
    """The folder of the newest installed server's programs."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"),
                   key=lambda path: int(re.search(r"/(\d+)/", path).group(1)))
    if not found:
        raise AssertionError("no PostgreSQL server: install the package postgresql")
    return os.path.dirname(found[-1])


def running_servers():
    """Pids of every server process on this machine; zombies do not count."""
    pids = []
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and os.path.basename(os.readlink(f"/proc/{entry}/exe")) == "postgres":
                pids.append(int(entry))
        except OSError:
            pass
    return pids


def transactions_of(output):
    """The number of transactions that pgbench says were processed; None when it says nothing, as with -i."""
    match = re.search(r"transactions actually processed: (\d+)", output)
    return int(match.group(1)) if match else None


class PostgresServer:
    # Nothing runs by itself, so that every transaction in a test's window is one that the test knows.
    SETTINGS = ("listen_addresses=", "fsync=off", "autovacuum=off", "max_logical_replication_workers=0",
                "max_parallel_workers=0", "max_parallel_workers_per_gather=0", "checkpoint_timeout=1d",
                "max_wal_size=4GB", "log_checkpoints=on", "jit=off", "shared_buffers=64MB")

    def __init__(self, settings=()):
        if running_servers():
            raise AssertionError("another PostgreSQL server runs here; it would be counted as well. Stop it first")
        self.programs = server_programs()
        self.directory = tempfile.mkdtemp(prefix="sdt-postgresql-")
        user = pwd.getpwnam("postgres")
        os.chown(self.directory, user.pw_uid, user.pw_gid)
        self.data = os.path.join(self.directory, "data")
        self.log_path = os.path.join(self.directory, "log")
        try:
            self._run("initdb", "-A", "trust", "-U", "postgres", "--no-sync", "-D", self.data)
            settings = (*self.SETTINGS, *settings, f"unix_socket_directories={self.directory}")
            self._run("pg_ctl", "-w", "-D", self.data, "-l", self.log_path,
                      "-o", " ".join(f"-c {setting}" for setting in settings), "start")
        except BaseException:
            self.stop()
            raise

    def _run(self, program, *arguments):
        result = subprocess.run(["runuser", "-u", "postgres", "--", os.path.join(self.programs, program), *arguments],
                                cwd=self.directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, timeout=120)
        if result.returncode != 0:
            log = open(self.log_path, encoding="utf-8").read() if os.path.exists(self.log_path) else ""
            raise AssertionError(f"{program} failed, status {result.returncode}:\n{result.stdout}\n{log}")
        return result.stdout

    def pgbench(self, *arguments, database="postgres"):
        """Runs pgbench; the number of transactions that it says were processed (None with -i)."""
        return transactions_of(self._run("pgbench", "-h", self.directory, *map(str, arguments), database))

    def start_pgbench(self, *arguments, database="postgres"):
        """A pgbench that runs on; what it printed in the end is for transactions_of()."""
        return subprocess.Popen(
            [os.path.join(self.programs, "pgbench"), "-U", "postgres", "-h", self.directory, *map(str, arguments),
             database], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def restart(self):
        """Cuts off every client and starts again with the same settings."""
        self._run("pg_ctl", "-w", "-D", self.data, "-l", self.log_path, "-m", "fast", "restart")

    def processes(self):
        """How many processes the server has: what the exporter must have seen before counting is exact."""
        return len(running_servers())

    def log(self):
        with open(self.log_path, encoding="utf-8") as log:
            return log.read()

    def stop(self):
        if os.path.exists(os.path.join(self.data, "postmaster.pid")):
            self._run("pg_ctl", "-w", "-D", self.data, "-m", "immediate", "stop")
        wait_until(lambda: not running_servers(), "every process of the server has ended")
        shutil.rmtree(self.directory, ignore_errors=True)


class Session:
    """A psql that stays connected, so that a test knows of every transaction it makes."""

    _MARK = "=== done ==="

    def __init__(self, server, database="postgres"):
        self.process = subprocess.Popen(
            [os.path.join(server.programs, "psql"), "-X", "-q", "-A", "-t", "-h", server.directory, "-U", "postgres",
             database],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1)
        self.statements = 0
        self.ask("select 1")

    def send(self, statement):
        """Sends a statement without waiting for its answer."""
        self.statements += 1
        self.process.stdin.write(f"{statement};\n\\echo {self._MARK}\n")
        self.process.stdin.flush()

    def answer(self):
        lines = []
        for line in self.process.stdout:
            if line.rstrip("\n") == self._MARK:
                return "\n".join(lines)
            lines.append(line.rstrip("\n"))
        raise AssertionError("the session ended: " + "\n".join(lines))

    def ask(self, statement):
        """Runs one statement; its answer, unaligned."""
        self.send(statement)
        return self.answer()

    def close(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.wait(timeout=20)
        self.process.stdout.close()
