"""`list` on programs as they are shipped, against what readelf reads in them."""

import json
import os
import re
import statistics
import subprocess
import time
import unittest

from harness.exporter import run_exporter

POSTGRES = "/usr/lib/postgresql/15/bin/postgres"
LIBJVM = "/usr/lib/jvm/java-17-openjdk-amd64/lib/server/libjvm.so"
LIBRARIES = "/usr/lib/x86_64-linux-gnu"

SECONDS = 0.3  # to list the largest file


def readelf(option, path):
    run = subprocess.run(["readelf", "-W", option, path], capture_output=True, text=True, check=True,
                         env={**os.environ, "LC_ALL": "C"})
    return run.stdout


class Truth:
    """The sites of a file as readelf's output tells them, addresses turned into file offsets."""

    _NOTE = re.compile(r"Provider: (\S+)\s+Name: (\S+)\s+"
                       r"Location: 0x(\w+), Base: 0x(\w+), Semaphore: 0x(\w+)\s+Arguments:(.*)")
    _SEGMENT = re.compile(r"^\s*LOAD\s+0x(\w+) 0x(\w+) 0x\w+ 0x(\w+)", re.MULTILINE)
    _BASE = re.compile(r"\.stapsdt\.base\s+PROGBITS\s+(\w+)")

    def __init__(self, path):
        self._segments = [[int(number, 16) for number in match]
                          for match in self._SEGMENT.findall(readelf("-l", path))]
        base = self._BASE.search(readelf("-S", path))
        self._base = int(base.group(1), 16) if base else None
        self.sites = sorted(self._site(match) for match in self._NOTE.findall(readelf("-n", path)))

    def _site(self, match):
        provider, name = match[:2]
        location, base, semaphore = (int(number, 16) for number in match[2:5])
        shift = self._base - base if self._base is not None and base else 0
        return (provider, name, location + shift, self._offset(location + shift),
                self._offset(semaphore + shift) if semaphore else 0, match[5].split())

    def _offset(self, address):
        for offset, start, size in self._segments:
            if start <= address < start + size:
                return offset + address - start
        raise AssertionError(f"readelf shows no segment for {address:#x}")


def listed(path, *flags):
    run = run_exporter("list", "--exe", path, "--output=json", *flags)
    if run.returncode != 0:
        raise AssertionError(f"list --exe {path} ended with {run.returncode}: {run.stderr}")
    (file,) = json.loads(run.stdout)["files"]
    return file


def sites_of(file):
    return sorted((probe["provider"], probe["name"], site["address"], site["offset"],
                   site["semaphore_offset"], [argument["text"] for argument in site["arguments"]])
                  for probe in file["probes"] for site in probe["sites"])


class ListRealFiles(unittest.TestCase):
    maxDiff = 4000

    def check(self, path, names, sites, semaphores):
        file = listed(path)
        truth = Truth(path).sites
        self.assertEqual(sites_of(file), truth)
        self.assertEqual(len(truth), sites)
        self.assertEqual(len(file["probes"]), names)
        self.assertEqual(sum(site[4] != 0 for site in truth), semaphores)
        self.assertEqual(file["skipped"], [])
        undecoded = [argument for probe in file["probes"] for site in probe["sites"]
                     for argument in site["arguments"] if argument["kind"] == "unavailable"]
        self.assertEqual(undecoded, [])
        return file

    def test_postgres(self):
        file = self.check(POSTGRES, names=57, sites=71, semaphores=71)
        build_id = re.search(r"Build ID: (\w+)", readelf("-n", POSTGRES)).group(1)
        self.assertEqual(file["build_id"], build_id)

    def test_libjvm(self):
        self.check(LIBJVM, names=517, sites=531, semaphores=0)

    def test_python(self):
        self.check("/usr/bin/python3.11", names=8, sites=8, semaphores=8)

    def test_ruby(self):
        self.check(f"{LIBRARIES}/libruby-3.1.so.3.1", names=22, sites=40, semaphores=40)

    def test_php(self):
        self.check("/usr/bin/php8.2", names=11, sites=14, semaphores=14)

    def test_libstdcxx(self):
        self.check(f"{LIBRARIES}/libstdc++.so.6", names=3, sites=3, semaphores=0)

    def test_pattern_chooses_probes(self):
        names = {probe["provider"] for probe in listed(LIBJVM, "hotspot_jni:*")["probes"]}
        self.assertEqual(names, {"hotspot_jni"})
        sites = sites_of(listed(LIBJVM, "hotspot_jni:*"))
        self.assertEqual(len(sites), 483)

    def test_text_shows_every_site_with_its_arguments(self):
        run = run_exporter("list", "--exe", POSTGRES)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        lines = run.stdout.splitlines()
        shown = sorted(line.split() for line in lines if line.startswith("  postgresql:"))
        expected = sorted([f"{provider}:{name}", f"{address:#x}", f"{offset:#x}", f"{semaphore:#x}",
                           *(arguments or ["-"])]
                          for provider, name, address, offset, semaphore, arguments
                          in Truth(POSTGRES).sites)
        self.assertEqual(shown, expected)

    def test_is_quick(self):
        for path in (POSTGRES, LIBJVM):
            for output in ("text", "json"):
                with self.subTest(path=path, output=output):
                    self.assertLess(self._median_seconds(path, output), SECONDS)

    @staticmethod
    def _median_seconds(path, output):
        def once():
            began = time.monotonic()
            run = run_exporter("list", "--exe", path, f"--output={output}")
            assert run.returncode == 0, run.stderr
            return time.monotonic() - began

        return statistics.median(once() for _ in range(5))


class ListRefuses(unittest.TestCase):
    """What cannot be listed: exit status 1 and a message that says what and why."""

    def refused(self, *arguments):
        run = run_exporter("list", *arguments)
        self.assertEqual(run.returncode, 1)
        self.assertEqual(run.stdout, "")
        return run.stderr

    def test_a_missing_file(self):
        self.assertIn("/nowhere/at/all: No such file or directory",
                      self.refused("--exe", "/nowhere/at/all"))

    def test_a_file_that_is_not_elf(self):
        self.assertIn("/etc/passwd: this is not an ELF file", self.refused("--exe", "/etc/passwd"))

    def test_a_pattern_that_matches_nothing(self):
        self.assertIn(f"no probe of {POSTGRES} matches postgresql:no_such",
                      self.refused("--exe", POSTGRES, "postgresql:no_such"))

    def test_a_process_that_does_not_run(self):
        ended = subprocess.Popen(["true"])
        ended.wait()
        self.assertIn(f"process {ended.pid} is not running", self.refused("--pid", str(ended.pid)))


if __name__ == "__main__":
    unittest.main()
