"""A real Prometheus that scrapes something."""

import json
import os
import socket
import subprocess
import tempfile
import textwrap

from harness.waiting import TimedOut, wait_until


class Prometheus:
    """`job` is an entry of scrape_configs, as YAML. `enter` is a command to run it under, in the network of another
    machine for example."""

    def __init__(self, directory, job, enter=()):
        self.directory = tempfile.mkdtemp(prefix="prometheus-", dir=directory)
        self.enter = [*enter]
        config = os.path.join(self.directory, "prometheus.yml")
        with open(config, "w", encoding="utf-8") as file:
            file.write("global: { scrape_interval: 1s }\nscrape_configs:\n" + textwrap.indent(textwrap.dedent(job), "  "))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = "127.0.0.1:%d" % free.getsockname()[1]
        with open(os.path.join(self.directory, "log"), "wb") as log:
            self.process = subprocess.Popen(
                [*self.enter, "prometheus", f"--config.file={config}", f"--web.listen-address={self.address}",
                 f"--storage.tsdb.path={self.directory}/tsdb"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def query(self, expression):
        """Labels and value of every series; none when it does not answer yet."""
        answer = subprocess.run(
            [*self.enter, "curl", "--silent", "--fail", "--max-time", "10", "--get", "--data-urlencode",
             f"query={expression}", f"http://{self.address}/api/v1/query"], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, check=False)
        if answer.returncode != 0:
            return {}
        return {frozenset(series["metric"].items()): float(series["value"][1])
                for series in json.loads(answer.stdout)["data"]["result"]}

    def value(self, expression):
        """Of an expression with one result; None without any."""
        values = list(self.query(expression).values())
        if len(values) > 1:
            raise AssertionError(f"{expression} has {len(values)} results")
        return values[0] if values else None

    def wait_for(self, expression, value, seconds=30.0):
        """Until the expression's one result is that."""
        try:
            wait_until(lambda: self.value(expression) == value, f"{expression} is {value}", seconds)
        except TimedOut as error:
            with open(os.path.join(self.directory, "log"), encoding="utf-8", errors="replace") as log:
                raise AssertionError(f"{error}; it is {self.query(expression)}\n--- log of Prometheus:\n"
                                     f"{log.read()}") from None

    def close(self):
        self.process.kill()
        self.process.wait()
