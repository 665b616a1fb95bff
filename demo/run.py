#!/usr/bin/python3
"""The demo: starts the shop and the exporter, and shows what the exporter serves.

Use it through `./dev demo`, which builds both first.
"""

import argparse
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import view

_TOP = pathlib.Path(__file__).resolve().parent.parent
_USUAL_PORT = 10738
_DEADLINE_SECONDS = 20
_ENOUGH_REQUESTS = 200
_EXPECTED = (
    "shop_request_duration_seconds",
    "shop_responses_total",
    "shop_response_size_bytes",
    "shop_cache_lookups_total",
    "shop_queue_requests",
)


class DemoError(Exception):
    """The demo cannot go on; the text says why."""


class Child:
    """A program of the demo: it ends with us, even when we are killed."""

    def __init__(self, command, log):
        self.name = pathlib.Path(command[0]).name
        self.log = log
        with open(log, "wb") as output:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", "--", *command],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)

    def check(self):
        status = self._process.poll()
        if status is not None:
            raise DemoError(f"{self.name} ended by itself with status {status}")

    def log_text(self):
        return self.log.read_text(errors="replace")

    def end(self):
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


def start_exporter(binary, config, port, log):
    return Child([str(binary), f"--config.file={config}",
                  f"--web.listen-address=127.0.0.1:{port}"], log)


def listen_address(exporter, deadline):
    """The address the exporter says it listens on: with port 0 only it knows."""
    while time.monotonic() < deadline:
        match = re.search(r'msg="?listening"?.*?address="?([0-9.]+:[0-9]+)', exporter.log_text())
        if match:
            return match.group(1)
        exporter.check()
        time.sleep(0.05)
    raise DemoError("the exporter does not say where it listens")


def port_is_taken(exporter):
    return "in use" in exporter.log_text()


def fetch(url):
    """The body, or None when the answer is not 200 (yet)."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.read().decode()
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return None


def shop_families(text):
    """The shop's families in the order of _EXPECTED."""
    families = view.parse(text)
    return [families[name] for name in _EXPECTED if name in families]


def missing_from(families):
    """What a full picture still lacks, as phrases; empty when it is full."""
    found = {family.name: family for family in families}
    lacks = [f"{name} has no series" for name in _EXPECTED
             if name not in found or not found[name].samples]
    if not lacks:
        requests = found["shop_request_duration_seconds"].total("_count")
        if requests < _ENOUGH_REQUESTS:
            lacks.append(f"only {requests:.0f} of {_ENOUGH_REQUESTS} requests were seen")
    return lacks


def wait_for_picture(base, children, deadline):
    lacks = [f"{base}/-/ready does not answer 200"]
    while time.monotonic() < deadline:
        for child in children:
            child.check()
        if fetch(f"{base}/-/ready") is not None:
            text = fetch(f"{base}/metrics")
            lacks = ["/metrics does not answer"] if text is None else missing_from(shop_families(text))
            if not lacks:
                return
        time.sleep(0.2)
    raise DemoError(f"no full picture within {_DEADLINE_SECONDS} s: " + "; ".join(lacks))


def show(base, refresh):
    text = fetch(f"{base}/metrics")
    if text is None:
        raise DemoError(f"{base}/metrics does not answer any more")
    lines = view.draw(shop_families(text))
    # Home, each line cleared to its end, then whatever is below: no flicker.
    start, clear, end = ("\033[H", "\033[K", "\033[J") if refresh else ("", "", "")
    hint = "   (Ctrl-C ends the demo)" if refresh else ""
    print(start + f"{clear}\n".join([f"scrape me: {base}/metrics{hint}", *lines, ""]) + end, flush=True)


def run(options, directory):
    children = []
    try:
        deadline = time.monotonic() + _DEADLINE_SECONDS
        shop = Child([str(options.build / "demo/sdt_demo_shop")], directory / "shop.log")
        children.append(shop)
        binary = options.build / "src/cli/sdt_exporter"
        config = _TOP / "config/demo.yaml"
        port = _USUAL_PORT if options.port is None else options.port
        exporter = start_exporter(binary, config, port, directory / "exporter.log")
        children.append(exporter)
        try:
            address = listen_address(exporter, deadline)
        except DemoError:
            # The usual port may belong to an exporter that is at work here already.
            if options.port is not None or not port_is_taken(exporter):
                raise
            exporter.end()
            exporter = start_exporter(binary, config, 0, directory / "exporter.log")
            children[-1] = exporter
            address = listen_address(exporter, deadline)
        base = f"http://{address}"
        wait_for_picture(base, children, deadline)

        refresh = not options.once and sys.stdout.isatty()
        if refresh:
            print("\033[2J", end="")
        while True:
            for child in children:
                child.check()
            show(base, refresh)
            if options.once:
                return
            time.sleep(1)
    except DemoError as error:
        log = children[-1].log_text().splitlines() if children else []
        tail = "\n".join(f"  | {line}" for line in log[-30:])
        raise DemoError(f"{error}\nThe last lines of {children[-1].name}:\n{tail}" if log else str(error))
    finally:
        for child in reversed(children):
            child.end()


def main():
    parser = argparse.ArgumentParser(description="a small shop, the exporter, its live histogram")
    parser.add_argument("--build", type=pathlib.Path, default=_TOP / "build/dev",
                        help="build directory (default: %(default)s)")
    parser.add_argument("--port", type=int, help="port on 127.0.0.1; 0: any (default: 10738 if free)")
    parser.add_argument("--once", action="store_true", help="end after the first full picture")
    options = parser.parse_args()

    # SIGTERM unwinds like Ctrl-C, so that the children are ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="sdt-demo.") as directory:
        try:
            run(options, pathlib.Path(directory))
        except KeyboardInterrupt:
            print()
        except BrokenPipeError:
            # Whoever reads has seen enough. What is left in the buffer is for nobody.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except DemoError as error:
            sys.exit(f"demo: {error}")


if __name__ == "__main__":
    main()
