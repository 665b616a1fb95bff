"""A service manager's part in a restart: it is told things, and holds descriptors while nobody runs."""

import array
import os
import socket
import sys
import threading

_LAUNCHER = """
import fcntl, os, sys
names = [word.partition(":") for word in sys.argv[1].split(",") if word]
held = [fcntl.fcntl(int(number), fcntl.F_DUPFD, 1000) for number, _, _ in names]
for place, descriptor in enumerate(held, 3):
    os.dup2(descriptor, place)
for descriptor in held:
    os.close(descriptor)
if names:
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(names)),
                      LISTEN_FDNAMES=":".join(name for _, _, name in names))
os.execv(sys.argv[2], sys.argv[2:])
"""


class FdStore:
    """What systemd's file descriptor store does (sd_notify(3)), as far as the exporter asks for it."""

    def __init__(self, directory):
        self.path = os.path.join(directory, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.lock = threading.Lock()
        self.held = {}  # name: descriptor
        self.said = []
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self):
        while True:
            try:
                text, ancillary, _, _ = self.socket.recvmsg(4096, socket.CMSG_SPACE(253 * 4))
            except OSError:
                return
            descriptors = array.array("i")
            for level, kind, data in ancillary:
                if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                    descriptors.frombytes(data[:len(data) - len(data) % 4])
            if not text and not descriptors:
                return
            self._obey(dict(line.split("=", 1) for line in text.decode().splitlines()), list(descriptors))

    def _obey(self, message, descriptors):
        with self.lock:
            self.said.append(message)
            name = message.get("FDNAME")
            if message.get("FDSTORE") == "1":
                for descriptor in descriptors:
                    self._drop(name)
                    self.held[name] = descriptor
                return
            if message.get("FDSTOREREMOVE") == "1":
                self._drop(name)
        for descriptor in descriptors:  # a barrier's: the sender waits for this
            os.close(descriptor)

    def _drop(self, name):
        descriptor = self.held.pop(name, None)
        if descriptor is not None:
            os.close(descriptor)

    def duplicate(self, name):
        """A descriptor of what is held under that name, for hold()."""
        with self.lock:
            return os.dup(self.held[name])

    def hold(self, name, descriptor):
        with self.lock:
            self._drop(name)
            self.held[name] = descriptor

    def names(self):
        with self.lock:
            return sorted(self.held)

    def launch(self):
        """How to start the exporter now: the wrapper of its command, its environment and what it inherits."""
        with self.lock:
            words = ",".join(f"{descriptor}:{name}" for name, descriptor in self.held.items())
            return {"wrapper": [sys.executable, "-c", _LAUNCHER, words],
                    "environment": {"NOTIFY_SOCKET": self.path},
                    "descriptors": tuple(self.held.values())}

    def clear(self):
        """What happens when the service is stopped for good."""
        with self.lock:
            for name in list(self.held):
                self._drop(name)

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self._thread.join()
        self.clear()
