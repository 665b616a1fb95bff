"""bpftrace, a second tracer to compare with: start it, wait until it is attached, read its maps."""

import json
import os
import subprocess

from harness.waiting import PATIENCE, wait_until


def _uprobes_of(pid):
    """How many uprobes a process holds. bpftrace itself says that it attaches, not that it has attached."""
    listed = subprocess.run(["bpftool", "--json", "perf", "list"], capture_output=True, text=True, check=True,
                            timeout=60 * PATIENCE)
    return sum(entry["pid"] == pid for entry in json.loads(listed.stdout))


class Bpftrace:
    """A script that traces a running process; its maps can be had in the end."""

    def __init__(self, script, pid, directory):
        self._output = os.path.join(directory, "bpftrace.json")
        self._complaints = os.path.join(directory, "bpftrace.log")
        with open(self._output, "wb") as output, open(self._complaints, "wb") as complaints:
            self.process = subprocess.Popen(["bpftrace", "-f", "json", "-p", str(pid), "-e", script],
                                            stdin=subprocess.DEVNULL, stdout=output, stderr=complaints)

    def wait_attached(self, sites):
        def attached():
            if self.process.poll() is not None:
                with open(self._complaints, encoding="utf-8") as complaints:
                    raise AssertionError(f"bpftrace ended, status {self.process.returncode}: {complaints.read()}")
            return _uprobes_of(self.process.pid) == sites

        wait_until(attached, f"bpftrace is attached to {sites} places", seconds=60)

    def finish(self):
        """The contents of its maps by name. It ends when the traced process has ended; SIGINT would do it as well, but bpftrace
        0.17 misses one that comes between two of its waits."""
        self.process.wait(timeout=60 * PATIENCE)
        maps = {}
        with open(self._output, encoding="utf-8") as output:
            for line in output:
                record = json.loads(line) if line.strip() else {}
                if record.get("type") in ("map", "hist", "stats"):
                    maps.update(record["data"])
        return maps

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
