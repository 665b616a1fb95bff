"""Prometheus and Alertmanager as Debian has them, on ports that the kernel chooses, and a webhook for alerts to go to."""

import http.server
import json
import os
import re
import subprocess
import tempfile
import threading
import urllib.parse
import urllib.request

from harness.waiting import PATIENCE, TimedOut, wait_until


class _Server:
    """A server that logs where it listens. Its data is in a folder of its own in `directory`. `enter` is a command to run it
    under, in the network of another machine for example."""

    def __init__(self, program, config, directory, *arguments, enter=()):
        self._enter = [*enter]
        self.directory = tempfile.mkdtemp(dir=directory, prefix=program + "-")
        path = os.path.join(self.directory, "config.yml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(config)
        self._log = os.path.join(self.directory, "log")
        with open(self._log, "wb") as log:
            self.process = subprocess.Popen(
                [*self._enter, program, f"--config.file={path}", "--web.listen-address=127.0.0.1:0", *arguments],
                cwd=self.directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            self.address = wait_until(self._listening, f"{program} listens")
            wait_until(lambda: self._answers("/-/ready"), f"{program} is ready")
        except AssertionError as error:
            self.close()
            raise AssertionError(f"{error}\n--- log of {program}:\n{self.log()}") from None

    def _listening(self):
        if self.process.poll() is not None:
            raise AssertionError(f"it ended with status {self.process.returncode}")
        found = re.search(r'msg="Listening on" address=(127\.0\.0\.1:\d+)', self.log())
        return found and found.group(1)

    def _answers(self, path):
        try:
            self.get(path)
            return True
        except OSError:
            return False

    def get(self, path):
        """The body of the answer; OSError when there is none, or it is no success."""
        url = f"http://{self.address}{path}"
        if not self._enter:
            with urllib.request.urlopen(url, timeout=10 * PATIENCE) as response:
                return response.read()
        answer = subprocess.run([*self._enter, "curl", "--silent", "--fail", "--max-time", str(10 * PATIENCE), url],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
        if answer.returncode != 0:
            raise ConnectionError(f"curl ended with status {answer.returncode}")
        return answer.stdout

    def log(self):
        with open(self._log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Prometheus(_Server):
    def __init__(self, config, directory, enter=()):
        super().__init__("prometheus", config, directory, "--storage.tsdb.path=data", enter=enter)

    def query(self, expression):
        """The samples of an instant query, as Prometheus' API has them."""
        return json.loads(self.get("/api/v1/query?" + urllib.parse.urlencode({"query": expression})))["data"]["result"]

    def wait_for(self, expression, value, seconds=30.0):
        """Until this is the value of the expression's one sample."""
        def found():
            return [float(sample["value"][1]) for sample in self.query(expression)]

        try:
            wait_until(lambda: found() == [value], f"{expression} is {value}", seconds)
        except TimedOut as error:
            raise AssertionError(f"{error}; it is {found()}\n--- log of Prometheus:\n{self.log()}") from None


class Alertmanager(_Server):
    def __init__(self, config, directory):
        super().__init__("prometheus-alertmanager", config, directory, "--storage.path=data", "--cluster.listen-address=")


class Webhook:
    """Takes what Alertmanager posts. `alerts` is every alert of every post, in the order they came."""

    def __init__(self):
        self.alerts = []
        alerts = self.alerts

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                alerts.extend(json.loads(body)["alerts"])
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d/" % self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def find(self, name, status="firing"):
        """The alerts of this name that came with this status."""
        return [alert for alert in list(self.alerts) if alert["labels"]["alertname"] == name and alert["status"] == status]

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
