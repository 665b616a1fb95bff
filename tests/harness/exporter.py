"""The exporter as a process: start it, scrape it, stop it."""

import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request

from harness.exposition import Exposition
from harness.waiting import PATIENCE, TimedOut, wait_until

EXPORTER = os.environ.get("SDT_EXPORTER", "")
# A sanitizer's allocator keeps much of what was freed: every bound on memory() is so many times larger there.
MEMORY_FACTOR = int(os.environ.get("SDT_TEST_MEMORY_FACTOR", "1"))

_FIELD = re.compile(r'([A-Za-z_][\w.]*)=("(?:[^"\\]|\\.)*"|\S*)')


def exporter_path():
    if not os.access(EXPORTER, os.X_OK):
        raise AssertionError(f"SDT_EXPORTER must name the built exporter; it is {EXPORTER!r}")
    return EXPORTER


def parse_logfmt(line):
    """key=value pairs of a log line."""
    fields = {}
    for key, value in _FIELD.findall(line):
        if value.startswith('"'):
            value = re.sub(r"\\(.)", lambda match: {"n": "\n"}.get(match.group(1), match.group(1)), value[1:-1])
        fields[key] = value
    return fields


def run_exporter(*arguments, wrapper=(), seconds=30):
    """A run to its end: check, list, or a daemon that is expected to give up at once."""
    return subprocess.run([*wrapper, exporter_path(), *map(str, arguments)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=seconds * PATIENCE)


def losses(scrape):
    """Events that are in no series, by the labels of their counter."""
    return {labels: count for labels, count in scrape.series("sdt_exporter_events_lost_total").items() if count}


class Exporter:
    """`sdt_exporter run` on a port of its own choice. `wrapper` is a command to run it under; `descriptors` stay open;
    `tls`, an SSLContext, and `headers` are how get() asks."""

    def __init__(self, configs, directory, flags=(), wrapper=(), environment=None, descriptors=(), tls=None,
                 headers=None):
        self.tls = tls
        self.headers = headers or {}
        self.log_path = os.path.join(directory, f"exporter-{time.monotonic_ns()}.log")
        command = [*wrapper, exporter_path(), "run", *(f"--config.file={path}" for path in configs),
                   "--web.listen-address=127.0.0.1:0", "--log.format=logfmt", *flags]
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env={**os.environ, **(environment or {})}, pass_fds=descriptors)
        try:
            self.address = wait_until(self._listening, "the exporter listens")
            wait_until(self._ready, "/-/ready answers 200", seconds=60)
        except (TimedOut, AssertionError) as error:
            self.kill()
            raise AssertionError(f"{error}\n--- log of the exporter:\n{self.log()}") from None

    def _must_run(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the exporter ended with status {self.process.returncode}")

    def _listening(self):
        self._must_run()
        for record in self.records():
            if record.get("msg") == "listening":
                return record["address"]
        return None

    def _ready(self):
        self._must_run()
        return self.get("/-/ready")[0] == 200

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def records(self):
        """The log, one dictionary a line."""
        return [parse_logfmt(line) for line in self.log().splitlines()]

    def get(self, path):
        """Status and body."""
        return self.request("GET", path)

    def request(self, method, path):
        """Status and body; status 0: no answer."""
        scheme = "https" if self.tls else "http"
        request = urllib.request.Request(f"{scheme}://{self.address}{path}", headers=self.headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30 * PATIENCE, context=self.tls) as response:
                return response.status, response.read().decode("utf-8")
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode("utf-8", errors="replace")
        except OSError:
            return 0, ""

    def scrape(self):
        status, body = self.get("/metrics")
        if status != 200:
            raise AssertionError(f"/metrics answered {status}\n--- log of the exporter:\n{self.log()}")
        return Exposition(body)

    def targets(self):
        """What /api/v1/targets says: targets by name, and in each its metrics by name."""
        status, body = self.get("/api/v1/targets")
        if status != 200:
            raise AssertionError(f"/api/v1/targets answered {status}\n--- log of the exporter:\n{self.log()}")
        targets = {target["name"]: target for target in json.loads(body)["targets"]}
        for target in targets.values():
            target["metrics"] = {metric["name"]: metric for metric in target["metrics"]}
        return targets

    def scrape_of_now(self):
        """A scrape that holds everything that fired before this call."""
        now = time.time()

        def fresh():
            scrape = self.scrape()
            drained = scrape.value("sdt_exporter_last_drain_timestamp_seconds")
            return scrape if drained is not None and drained > now else None

        return wait_until(fresh, "a drain later than now")

    def wait_for(self, condition, what, seconds=20.0):
        """The first scrape for which condition(scrape) is true."""
        try:
            return wait_until(lambda: (lambda scrape: scrape if condition(scrape) else None)(self.scrape()),
                              what, seconds)
        except TimedOut as error:
            raise AssertionError(f"{error}\n--- log of the exporter:\n{self.log()}") from None

    def wait_attached(self, target, processes=1, metrics=None, seconds=30.0):
        """Until so many processes of the target are known and its metrics (or those given) count."""

        def attached(scrape):
            states = {dict(labels)["metric"]: value
                      for labels, value in scrape.series("sdt_exporter_metric_attached").items()
                      if dict(labels).get("target") == target}
            wanted = states if metrics is None else metrics
            return (wanted and all(states.get(metric) == 1 for metric in wanted)
                    and scrape.value("sdt_exporter_target_processes", target=target) == processes)

        return self.wait_for(attached, f"{processes} processes of {target} traced", seconds)

    def complaints(self):
        """Warnings and errors of the log, but for what may be so without anything being wrong: metrics that wait for
        their processes, and other people's processes."""
        return [record for record in self.records() if record.get("level") in ("warn", "error")
                and record["msg"] != "metric not attached" and "cannot be looked at" not in record["msg"]]

    def held(self):
        """What the process holds: how many descriptors, and links, programs and maps behind them (each once, however many
        descriptors it has), and the targets of those that lead to files. The
        connections of scrapes, which the server closes in its own time, are left out, and so is the kernel's measurement
        of programs, which is on for a second every minute."""
        descriptors, links, programs, maps, files = 0, 0, set(), set(), set()
        for number in os.listdir(f"/proc/{self.process.pid}/fd"):
            try:
                target = os.readlink(f"/proc/{self.process.pid}/fd/{number}")
                if target.startswith("socket:") or "bpf-stats" in target:
                    continue
                files.add(target)
                with open(f"/proc/{self.process.pid}/fdinfo/{number}", encoding="ascii") as file:
                    text = file.read()
            except FileNotFoundError:
                continue
            descriptors += 1
            if "link_type:" in text:
                links += 1
            else:  # which have the identifier of their program too
                programs.update(re.findall(r"^prog_id:\s+(\d+)", text, re.M))
                maps.update(re.findall(r"^map_id:\s+(\d+)", text, re.M))
        return {"descriptors": descriptors, "links": links, "programs": len(programs), "maps": len(maps)}, files

    def memory(self):
        """Resident memory in KiB."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))

    def stop(self, seconds=20.0):
        """SIGTERM; the exit status and how long it took in seconds."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=seconds * PATIENCE)
        return status, time.monotonic() - began

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
