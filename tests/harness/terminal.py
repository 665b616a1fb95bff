"""A program in a terminal of its own: what it draws, what it is typed, and how it leaves the terminal."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios

from harness.waiting import TimedOut, wait_until

_RENDITION = re.compile(r"\x1b\[[0-9;]*m")
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_HOME = "\x1b[H"


def without_colours(text):
    return _RENDITION.sub("", text)


class Terminal:
    """`command` as the leader of a session whose terminal is a pty."""

    def __init__(self, command, rows=40, columns=100, environment=None, stdout=None):
        self.master, self.slave = pty.openpty()
        self.resize(rows, columns)
        self.state = termios.tcgetattr(self.slave)
        self.received = b""
        os.set_blocking(self.master, False)

        def take_terminal():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            [str(part) for part in command], stdin=self.slave, stdout=self.slave if stdout is None else stdout,
            stderr=self.slave, preexec_fn=take_terminal,
            env={**os.environ, "TERM": "xterm", "LANG": "C.UTF-8", "NO_COLOR": "", **(environment or {})})

    def output(self):
        """Everything that was written so far."""
        try:
            while data := os.read(self.master, 65536):
                self.received += data
        except (BlockingIOError, OSError):
            pass
        return self.received.decode("utf-8", errors="replace")

    def frame(self):
        """The lines of the latest picture, without their colours."""
        picture = self.output().rpartition(_HOME)[2]
        return [_CONTROL.sub("", line).rstrip("\r") for line in picture.split("\n")]

    def wait_for(self, condition, what, seconds=30.0):
        """The first picture for which condition(lines) is true."""
        try:
            return wait_until(lambda: (lambda lines: lines if condition(lines) else None)(self.frame()), what, seconds)
        except TimedOut as error:
            raise AssertionError(f"{error}\n--- last picture:\n" + "\n".join(self.frame())) from None

    def type(self, text):
        os.write(self.master, text.encode())

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def is_as_before(self):
        """Line editing as it was found, the cursor seen, long lines wrapped, the shell's own screen."""
        output = self.output()
        turned_back = all(output.rfind(f"\x1b[?{mode}{back}") > output.rfind(f"\x1b[?{mode}{away}")
                          for mode, away, back in ((1049, "h", "l"), (25, "l", "h"), (7, "l", "h")))
        return turned_back and termios.tcgetattr(self.slave) == self.state

    def wait(self, seconds=20.0):
        """The exit status. What is written meanwhile is read: a terminal takes only so much."""
        wait_until(lambda: (self.output(), self.process.poll() is not None)[1], "the program ends", seconds)
        return self.process.returncode

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for descriptor in (self.master, self.slave):
            os.close(descriptor)
