"""A target that costs more than its budget: its costliest metric is detached for a while, and nothing else changes."""

import signal
import threading
import unittest

from harness.exporter import Exporter
from harness.fdstore import FdStore
from harness.testcase import KernelTestCase
from harness.waiting import PATIENCE, wait_until

TICKS = '          - { name: puppet_ticks_total, help: Ticks., type: counter, probe: "puppet:tick" }'
LIBRARY = '          - { name: puppet_library_total, help: Ticks in a library., type: counter, probe: "puppet_lib:tick" }'
WORK = """          - name: puppet_work_seconds
            help: Work.
            type: histogram
            start: puppet:work__start
            end: puppet:work__end
            buckets: [ 1ms, 1s ]"""
SMALL = "{hits_per_second: 100, cpu: unlimited, retry_after: 2s}"
LASTING = "{hits_per_second: 100, cpu: unlimited, retry_after: 1h}"
UNLIMITED = "{cpu: unlimited}"


def config(budget, *metrics):
    return "\n".join(['    targets:', '      - name: puppet', '        processes:',
                      '          - exe: "@PROGRAMS@/puppet"', f'        budget: {budget}', '        metrics:',
                      *metrics, ""])


class Load:
    """Has a program do something some fifty times a second."""

    def __init__(self, program, *commands):
        self.program, self.commands, self.rounds, self._done = program, commands, 0, threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        while not self._done.wait(0.02):
            for command in self.commands:
                self.program.fire(command)
            self.rounds += 1

    def stop(self):
        """How often it did so."""
        self._done.set()
        self._thread.join()
        return self.rounds


class Budget(KernelTestCase):
    def start(self, budget, *metrics, flags=(), puppets=1):
        self.traced = self.exporter(config(budget, *metrics), flags)
        self.traced.wait_attached("puppet", processes=puppets)

    def load(self, program, *commands):
        load = Load(program, *commands)
        self.addCleanup(load.stop)
        return load

    def wait_tripped(self, metric, tripped=1, seconds=20):
        return self.traced.wait_for(
            lambda scrape: scrape.value("sdt_exporter_budget_tripped", target="puppet", metric=metric) == tripped,
            f"budget_tripped of {metric} is {tripped}", seconds)

    def of(self, scrape, name, metric, **labels):
        return scrape.value(f"sdt_exporter_{name}", target="puppet", metric=metric, **labels)

    def records(self, message):
        return [record for record in self.traced.records() if record.get("msg") == message]

    def test_the_costliest_metric_is_detached_and_the_other_one_counts_on_exactly(self):
        puppet = self.program("puppet")
        self.start(LASTING, TICKS, LIBRARY)
        load = self.load(puppet, "tick 100", "library 1")
        self.wait_tripped("puppet_ticks_total")
        counted = wait_until(lambda: self.settled("puppet_ticks_total"), "the last of the ticks is counted")
        rounds = load.stop()
        scrape = self.traced.scrape_of_now()
        self.assertEqual(scrape.value("puppet_library_total"), rounds)
        self.assertEqual(scrape.value("puppet_ticks_total"), counted)
        self.assertLess(counted, rounds * 100)
        self.assertEqual(self.of(scrape, "probe_hits_total", "puppet_ticks_total", probe="puppet:tick"), counted)
        for metric, attached, trips in (("puppet_ticks_total", 0, 1), ("puppet_library_total", 1, 0)):
            self.assertEqual(self.of(scrape, "metric_attached", metric), attached)
            self.assertEqual(self.of(scrape, "budget_tripped", metric), trips)
            self.assertEqual(self.of(scrape, "budget_trips_total", metric), trips)
        self.assertEqual(scrape.total("sdt_exporter_events_lost_total"), 0)

    def settled(self, metric):
        """The metric's value once it has stopped growing under load."""
        first, second = (self.traced.scrape_of_now().value(metric) for _ in range(2))
        return first if first == second else None

    def test_says_why_and_for_how_long(self):
        puppet = self.program("puppet")
        self.start(LASTING, TICKS, LIBRARY)
        self.load(puppet, "tick 100")
        self.wait_tripped("puppet_ticks_total")
        metric = self.traced.targets()["puppet"]["metrics"]["puppet_ticks_total"]
        self.assertEqual(metric["state"], "tripped")
        self.assertRegex(metric["reason"], r"^the target's probes fired \d+ times a second \(budget: 100\), "
                                           r"\d+ of them for this metric$")
        self.assertIn(metric["retry_in_seconds"], range(3500, 3601))
        record, = self.records("metric tripped, it is detached for a while")
        self.assertEqual((record["level"], record["metric"], record["seconds"]), ("warn", "puppet_ticks_total", "3600"))
        self.assertEqual(len(self.records("detached, the target is over its budget")), 1)
        self.assertEqual(self.records("metric not attached"), [])

    def test_a_metric_that_tripped_is_tried_again_and_counts_on(self):
        puppet = self.program("puppet")
        self.start(SMALL, TICKS)
        load = self.load(puppet, "tick 100")
        self.wait_tripped("puppet_ticks_total")
        latest = {}

        def never_back():
            scrape = self.traced.scrape_of_now()
            now = {"value": scrape.value("puppet_ticks_total"),
                   "hits": self.of(scrape, "probe_hits_total", "puppet_ticks_total", probe="puppet:tick"),
                   "overhead": self.of(scrape, "overhead_seconds_total", "puppet_ticks_total")}
            for name, value in latest.items():
                self.assertGreaterEqual(now[name], value, name)
            latest.update(now)
            return self.of(scrape, "budget_trips_total", "puppet_ticks_total") >= 3

        wait_until(never_back, "it has tripped three times", seconds=60)
        load.stop()
        self.wait_tripped("puppet_ticks_total", tripped=0)
        self.traced.wait_attached("puppet")
        before = self.traced.scrape_of_now().value("puppet_ticks_total")
        puppet.fire("tick 7")
        scrape = self.traced.scrape_of_now()
        self.assertEqual(scrape.value("puppet_ticks_total"), before + 7)
        self.assertEqual(self.of(scrape, "probe_hits_total", "puppet_ticks_total", probe="puppet:tick"), before + 7)
        self.assertEqual(scrape.total("sdt_exporter_events_lost_total"), 0)

    def starts_across_a_trip(self, flags):
        """One puppet's start before the trip and its end after it, while another one causes the trip."""
        slow, busy = self.program("puppet"), self.program("puppet")
        self.start(SMALL, WORK, flags=flags, puppets=2)
        slow.fire("start")
        load = self.load(busy, *["start", "end"] * 5)
        self.wait_tripped("puppet_work_seconds")
        load.stop()
        self.wait_tripped("puppet_work_seconds", tripped=0)
        self.traced.wait_attached("puppet", processes=2)
        before = self.traced.scrape_of_now()
        slow.fire("end")
        after = self.traced.scrape_of_now()
        self.assertEqual(after.histogram("puppet_work_seconds").count, before.histogram("puppet_work_seconds").count)
        self.assertLess(after.histogram("puppet_work_seconds").sum, PATIENCE)
        self.assertEqual(self.lost(after, "no_start") - self.lost(before, "no_start"), 1)
        return self.lost(after, "start_expired")

    def lost(self, scrape, reason):
        return self.of(scrape, "events_lost_total", "puppet_work_seconds", reason=reason)

    def test_a_start_before_and_its_end_after_are_no_pair(self):
        self.starts_across_a_trip(flags=())

    def test_starts_in_flight_are_counted_as_lost_where_they_are_in_a_hash(self):
        self.assertIn(self.starts_across_a_trip(flags=["--kernel.pairs=hash"]), (1, 2))

    def reload(self, text):
        self.write("config.yaml", text)
        self.traced.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.records("config reloaded"), "the config is reloaded")

    def test_another_budget_is_in_force_at_once_and_nothing_is_attached_anew(self):
        puppet = self.program("puppet")
        self.start(LASTING, TICKS, LIBRARY)
        load = self.load(puppet, "tick 100", "library 1")
        self.wait_tripped("puppet_ticks_total")
        self.reload(config(UNLIMITED, TICKS, LIBRARY))
        scrape = self.traced.wait_attached("puppet")
        self.assertEqual(self.of(scrape, "attaches_total", "puppet_ticks_total"), 2)
        self.assertEqual(self.of(scrape, "attaches_total", "puppet_library_total"), 1)
        rounds = load.stop()
        self.assertEqual(self.traced.scrape_of_now().value("puppet_library_total"), rounds)

    def test_a_metric_that_tripped_stays_so_when_the_daemon_dies_and_its_counts_stay_too(self):
        puppet = self.program("puppet")
        store = FdStore(self.directory)
        self.addCleanup(store.close)
        path = self.write("config.yaml", config(LASTING, TICKS, LIBRARY))
        self.traced = Exporter([path], self.directory, **store.launch())
        self.addCleanup(lambda: self.traced.kill())
        self.traced.wait_attached("puppet")
        load = self.load(puppet, "tick 100", "library 1")
        self.wait_tripped("puppet_ticks_total")
        wait_until(lambda: self.settled("puppet_ticks_total"), "the last of the ticks is counted")
        before = self.traced.scrape_of_now()
        self.traced.kill()
        self.traced = Exporter([path], self.directory, **store.launch())
        rounds = load.stop()
        after = self.traced.scrape_of_now()
        for name in ("budget_tripped", "budget_trips_total", "overhead_seconds_total"):
            self.assertEqual(self.of(after, name, "puppet_ticks_total"), self.of(before, name, "puppet_ticks_total"))
        hits = {"metric": "puppet_ticks_total", "probe": "puppet:tick"}
        self.assertEqual(self.of(after, "probe_hits_total", **hits), self.of(before, "probe_hits_total", **hits))
        self.assertEqual(after.value("puppet_ticks_total"), before.value("puppet_ticks_total"))
        self.assertEqual(after.value("puppet_library_total"), rounds)
        self.assertEqual(len([name for name in store.names() if name.startswith("sdt-link-")]), 1)

    def test_overhead_is_estimated_and_the_kernels_own_figure_is_left_to_the_administrator(self):
        puppet = self.program("puppet")
        self.start(UNLIMITED, TICKS)
        self.load(puppet, "tick 100")
        scrape = self.traced.wait_for(
            lambda now: (self.of(now, "overhead_seconds_total", "puppet_ticks_total") or 0) > 0.02, "20 ms of overhead")
        hits = self.of(scrape, "probe_hits_total", "puppet_ticks_total", probe="puppet:tick")
        cost = self.of(scrape, "overhead_seconds_total", "puppet_ticks_total") / hits
        print(f"estimated cost of a hit: {cost * 1e9:.0f} ns")
        self.assertTrue(0.3e-6 < cost < 5e-6 * PATIENCE, cost)
        with open("/proc/sys/kernel/bpf_stats_enabled", encoding="ascii") as file:
            if file.read().strip() == "0":
                self.assertNotIn("sdt_exporter_program_run_seconds_total", scrape.types)


if __name__ == "__main__":
    unittest.main()
