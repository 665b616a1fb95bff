"""The probed programs of tests/programs, and other processes that tests start."""

import os
import subprocess
import threading

from harness.waiting import PATIENCE

PROGRAMS = os.environ.get("SDT_PROGRAMS", "")


def program_path(name):
    path = os.path.join(PROGRAMS, name)
    if not os.path.exists(path):
        raise AssertionError(f"no {path}: SDT_PROGRAMS must name the folder of the built test programs")
    return os.path.realpath(path)


class Program:
    """A process that says "ready", takes lines, and ends with its standard input."""

    def __init__(self, command, environment=None, seconds=300):
        self.command = [str(part) for part in command]
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
            encoding="utf-8", env={**os.environ, **(environment or {})})
        # A test program that hangs must not hang the suite.
        self._guard = threading.Timer(seconds * PATIENCE, self.process.kill)
        self._guard.start()
        try:
            self._expect("ready")
        except BaseException:
            self.process.kill()
            self._guard.cancel()
            raise

    @classmethod
    def named(cls, name, *arguments):
        return cls([program_path(name), *arguments])

    @property
    def pid(self):
        return self.process.pid

    def _expect(self, wanted):
        line = self.read_line()
        if line != wanted:
            raise AssertionError(f"{self.command[0]} said {line!r}, not {wanted!r}")

    def read_line(self):
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"{self.command[0]} ended, status {self.process.wait()}")
        return line.rstrip("\n")

    def tell(self, line):
        """Sends a line and returns the answer, which comes once the program has done it."""
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.read_line()

    def fire(self, line):
        """tell(), for commands that answer "done"."""
        answer = self.tell(line)
        if answer != "done":
            raise AssertionError(f"{line!r} was answered {answer!r}")

    def close(self):
        """Ends the program; its exit status."""
        try:
            self.process.stdin.close()
            self.process.stdout.close()
        except BrokenPipeError:
            pass
        try:
            return self.process.wait(timeout=20 * PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
        finally:
            self._guard.cancel()
