"""The exporter for some minutes under programs that come, go and change: ./dev soak [MINUTES].

Every second one of ACTIONS, drawn at random, and a scrape. An action says what it fired; at the end all counts
must be exact, and memory and descriptors flat (see Samples). To add one, write a method with @action.
"""

import argparse
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import harness.program
import harness.testcase
from harness.exporter import Exporter
from harness.program import PROGRAMS, Program, program_path
from harness.testcase import write_file
from harness.waiting import wait_until

MIB = 1 << 20
WARM_UP = 0.25  # of the time; caches, allocator arenas and maps find their size

CONFIG = """
    global: {{ drain_interval: 1s }}
    targets:
      - name: puppet
        processes:
          - exe: "@PROGRAMS@/puppet"
        metrics:
          - {{ name: puppet_ticks_total, help: Ticks., type: counter, probe: "puppet:tick" }}
          - {{ name: puppet_library_ticks_total, help: Ticks., type: counter, probe: "puppet_lib:tick" }}
          - {{ name: plugin_ticks_total, help: Ticks., type: counter, probe: "plugin:tick" }}
          - name: puppet_says_total
            help: Texts.
            type: counter
            probe: puppet:say
            labels: {{ text: str(arg0) }}
            max_series: 200
          - {{ name: puppet_work_seconds, help: Work., type: histogram, start: "puppet:work__start",
              end: "puppet:work__end", buckets: {{ log2: {{ min: 1us, max: 8s }} }} }}
          {more}
      - name: burst
        processes:
          - exe: "@PROGRAMS@/burst"
        metrics:
          - {{ name: burst_ticks_total, help: Ticks., type: counter, probe: "burst:tick", labels: {{ pid: pid }},
              max_series: 50, expire_after: 10s }}
      - name: reexec
        processes:
          - exe: "@PROGRAMS@/reexec"
        metrics:
          - {{ name: reexec_steps_total, help: Steps., type: counter, probe: "reexec:step" }}
      - name: app
        processes:
          - exe: "@APP@"
        metrics:
          - {{ name: app_steps_total, help: Steps., type: counter, probe: "versioned:step" }}
"""
MORE = '- { name: puppet_more_total, help: More., type: counter, probe: "puppet:amount" }'

ACTIONS = []


def action(method):
    ACTIONS.append(method)
    return method


def read_word(path, word):
    with open(path, encoding="utf-8") as file:
        return next(line.split()[1] for line in file if line.startswith(word))


class Samples:
    """Resident memory and descriptors at rest, once the warm-up is over.

    Flat means: the line through the samples of memory rises by less than 1 MiB over the time that is left, no sample
    is more than 4 MiB above their median, and descriptors are as many as ever at each rest."""

    LARGEST_RISE, LARGEST_PEAK = 1 * MIB, 4 * MIB

    def __init__(self):
        self.memory = []  # (seconds, bytes)
        self.descriptors = []

    def take(self, pid, at):
        self.memory.append((at, int(read_word(f"/proc/{pid}/status", "VmRSS:")) * 1024))
        self.descriptors.append(self.lowest_descriptors(pid))

    def lowest_descriptors(self, pid):
        """Links are closed one after the other, connections end in their own time, and a program that is attached nowhere
        is kept for 10 s."""
        deadline, lowest = time.monotonic() + 13, sys.maxsize
        while time.monotonic() < deadline and lowest > min(self.descriptors, default=0):
            lowest = min(lowest, len(os.listdir(f"/proc/{pid}/fd")))
            time.sleep(0.05)
        return lowest

    def problems(self):
        times, sizes = zip(*self.memory)
        slope = statistics.linear_regression(times, sizes).slope
        rise, median = slope * (times[-1] - times[0]), statistics.median(sizes)
        peak = max(sizes) - median
        print(f"memory over {times[-1] - times[0]:.0f} s: median {median / MIB:.1f} MiB, rise {rise / MIB:+.2f} MiB "
              f"({slope * 3600 / MIB:+.1f} MiB an hour), highest {peak / MIB:.2f} MiB above the median")
        print(f"descriptors at rest: {min(self.descriptors)} to {max(self.descriptors)}")
        if rise >= self.LARGEST_RISE:
            yield f"memory rose by {rise / MIB:.2f} MiB"
        if peak >= self.LARGEST_PEAK:
            yield f"memory was {peak / MIB:.2f} MiB above its median"
        if min(self.descriptors) != max(self.descriptors):
            yield f"descriptors at rest: {self.descriptors}"


class Soak:
    def __init__(self, directory, seed):
        self.directory = directory
        self.random = random.Random(seed)
        self.expected = dict.fromkeys(("puppet_ticks_total", "puppet_library_ticks_total", "plugin_ticks_total",
                                       "puppet_says_total", "puppet_work_seconds_count", "burst_ticks_total",
                                       "reexec_steps_total", "app_steps_total"), 0)
        self.done = dict.fromkeys((method.__name__ for method in ACTIONS), 0)
        self.app = os.path.join(os.path.realpath(directory), "versioned")
        self.version = 0
        self.has_more = False
        shutil.copy2(program_path("versioned1"), self.app)
        self.rewrite_in_place()
        self.config = self.write_config()
        self.puppet = Program.named("puppet")
        self.exporter = Exporter([self.config], directory)
        self.exporter.wait_attached("puppet", metrics=["puppet_ticks_total", "puppet_library_ticks_total"])
        self.exporter.wait_attached("app", processes=0)
        for target in ("burst", "reexec"):
            self.exporter.wait_attached(target, processes=0)

    def write_config(self):
        text = CONFIG.format(more=MORE if self.has_more else "").replace("@APP@", self.app)
        return write_file(self.directory, "config.yaml", text)

    def fire(self, name, command, count, program=None):
        (program or self.puppet).fire(command)
        self.expected[name] += count

    @action
    def tick(self):
        count = self.random.randrange(1, 20_000)
        self.fire("puppet_ticks_total", f"tick {count}", count)

    @action
    def use_the_library(self):
        self.fire("puppet_library_ticks_total", "library 500", 500)

    @action
    def work(self):
        for _ in range(20):
            self.puppet.fire("start")
            self.fire("puppet_work_seconds_count", "end", 1)

    @action
    def say_odd_things(self):
        for _ in range(50):
            length = self.random.randrange(1, 90)
            text = "".join(chr(self.random.choice((*range(33, 127), *range(0x80, 0x3000)))) for _ in range(length))
            self.fire("puppet_says_total", "say x" + text.translate({0x85: "x"}), 1)

    @action
    def fork(self):
        for _ in range(10):
            self.fire("puppet_ticks_total", "fleeting 7", 7)

    @action
    def load_and_unload(self):
        before = self.attaches("plugin_ticks_total")
        self.puppet.fire(f"load {program_path('libplugin.so')}")
        wait_until(lambda: self.attaches("plugin_ticks_total") > before, "the plugin is attached")
        self.fire("plugin_ticks_total", "plugin 30", 30)
        self.puppet.fire("unload")

    @action
    def restart(self):
        self.puppet.close()
        self.puppet = Program.named("puppet")
        self.fire("puppet_ticks_total", "tick 3", 3)

    @action
    def exec_the_same(self):
        if self.puppet.tell(f"exec {program_path('puppet')}") != "ready":
            raise AssertionError("exec failed")
        self.fire("puppet_ticks_total", "tick 4", 4)

    @action
    def exec_many_times(self):
        subprocess.run([program_path("reexec"), "100"], check=True)
        self.expected["reexec_steps_total"] += 101

    @action
    def spawn(self):
        subprocess.run([program_path("spawner"), "40", "0", program_path("burst"), "5"], check=True)
        self.expected["burst_ticks_total"] += 200

    @action
    def kill(self):
        victim = Program.named("puppet")
        self.fire("puppet_ticks_total", "tick 11", 11, victim)
        victim.process.kill()
        victim.close()

    @action
    def rewrite(self):
        before = self.attaches("app_steps_total")
        self.rewrite_in_place()
        wait_until(lambda: self.attaches("app_steps_total") > before, "the rewritten program is attached")
        subprocess.run([self.app], check=True, stdout=subprocess.DEVNULL)
        self.expected["app_steps_total"] += 100

    @action
    def reload(self):
        reloads = self.reloads()
        self.has_more = not self.has_more
        self.write_config()
        self.exporter.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.reloads() > reloads, "the config is reloaded")

    @action
    def ask_for_pages(self):
        for path in ("/", "/targets", "/api/v1/targets", "/-/healthy", "/nothing", "/metrics?x=%00"):
            if self.exporter.get(path)[0] not in (200, 404):
                raise AssertionError(f"{path} was not answered")

    def rewrite_in_place(self):
        self.version = self.version % 2 + 1
        with open(program_path(f"versioned{self.version}"), "rb") as file:
            content = file.read()
        with open(self.app, "r+b", buffering=0) as file:
            file.truncate(0)
            file.write(content)

    def attaches(self, metric):
        return self.exporter.scrape().total("sdt_exporter_attaches_total", metric=metric)

    def reloads(self):
        return sum(record.get("msg") == "config reloaded" for record in self.exporter.records())

    def at_rest(self):
        """Nothing but the puppet runs, and the config is the first one."""
        if self.has_more:
            self.reload()

        def settled(scrape):
            return (scrape.value("sdt_exporter_target_processes", target="puppet") == 1
                    and not any(scrape.value("sdt_exporter_target_processes", target=target)
                                for target in ("burst", "reexec", "app"))
                    and scrape.total("sdt_exporter_probe_sites", metric="plugin_ticks_total") == 0)

        self.exporter.wait_for(settled, "all but the puppet is gone")

    def run(self, seconds):
        samples, began, scrapes = Samples(), time.monotonic(), 0
        next_second, next_rest = began, began + WARM_UP * seconds
        while time.monotonic() < began + seconds:
            method = self.random.choice(ACTIONS)
            method(self)
            self.done[method.__name__] += 1
            self.exporter.scrape()
            scrapes += 1
            if time.monotonic() >= next_rest:
                self.at_rest()
                samples.take(self.exporter.process.pid, time.monotonic() - began)
                next_rest = time.monotonic() + 5
            next_second += 1
            time.sleep(max(0, next_second - time.monotonic()))  # the pace of the load, not a condition
        print(f"{scrapes} actions and scrapes:", ", ".join(f"{name} {count}" for name, count in self.done.items()))
        return [*samples.problems(), *self.wrong_counts(), *self.complaints()]

    def wrong_counts(self):
        scrape = self.exporter.scrape_of_now()
        for name, wanted in self.expected.items():
            # Series that expired took their counts along.
            if name == "burst_ticks_total":
                found = scrape.total("sdt_exporter_probe_hits_total", metric=name)
            else:
                found = scrape.total(name)
            print(f"{name}: {wanted} fired, {found:.0f} counted")
            if found != wanted:
                yield f"{name}: {wanted} fired, {found:.0f} counted"
        for labels, value in scrape.series("sdt_exporter_events_lost_total").items():
            if value:
                yield f"lost: {value} {sorted(labels)}"

    def complaints(self):
        for record in self.exporter.records():
            if record.get("level") in ("error", "critical"):
                yield f"the log says: {record.get('msg')}"
        status, _ = self.exporter.stop()
        if status != 0:
            yield f"the exporter ended with status {status}"

    def close(self):
        self.exporter.kill()
        self.puppet.close()


def use_copies_of_programs(directory):
    """So that whoever else runs the programs of this build, a test beside us, is not counted."""
    copies = os.path.join(directory, "programs")
    shutil.copytree(PROGRAMS, copies, ignore=shutil.ignore_patterns("CMakeFiles"))
    harness.program.PROGRAMS = harness.testcase.PROGRAMS = copies


def main():
    parser = argparse.ArgumentParser(prog="./dev soak", description=__doc__.splitlines()[0])
    parser.add_argument("minutes", nargs="?", type=float, default=10)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    options = parser.parse_args()
    print(f"{options.minutes:g} minutes, seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="sdt-soak-") as directory:
        os.chmod(directory, 0o755)
        use_copies_of_programs(directory)
        soak = Soak(directory, options.seed)
        try:
            problems = soak.run(options.minutes * 60)
        except AssertionError as error:
            problems = [str(error)[-5000:]]
        finally:
            soak.close()
    for problem in problems:
        print(f"not so: {problem}", file=sys.stderr)
    print("flat and exact" if not problems else f"{len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
