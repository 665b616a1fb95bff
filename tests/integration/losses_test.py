"""What is not in a series is in a counter, with its reason."""

import random
import unittest

from harness.testcase import KernelTestCase

CONFIG = """
    targets:
      - name: puppet
        processes:
          - exe: "@PROGRAMS@/puppet"
        metrics:
"""


class LossCase(KernelTestCase):
    def start(self, metric, flags=()):
        self.puppet = self.program("puppet")
        self.exporter_process = self.exporter(CONFIG + metric, flags)
        self.exporter_process.wait_attached("puppet")

    def lost(self, scrape, metric):
        """reason -> count, of what was lost at all."""
        return {dict(labels)["reason"]: count
                for labels, count in scrape.series("sdt_exporter_events_lost_total").items()
                if dict(labels)["metric"] == metric and count}


class Pairs(LossCase):
    WORK = """\
          - name: work_seconds
            help: Work.
            type: histogram
            start: puppet:work__start
            end: puppet:work__end
            nesting: {nesting}
            buckets: [60]
"""

    def work(self, nesting, commands, times=1, flags=()):
        """Count of timed pairs, and losses, after the commands."""
        self.start(self.WORK.format(nesting=nesting), flags)
        for _ in range(times):
            for command in commands:
                self.puppet.fire(command)
        scrape = self.exporter_process.scrape_of_now()
        histogram = scrape.histogram("work_seconds")
        return (histogram.count if histogram else 0), self.lost(scrape, "work_seconds")

    def test_an_end_without_a_start_is_lost(self):
        self.assertEqual(self.work("last", ["end", "start", "end"]), (1, {"no_start": 1}))

    def test_a_start_that_another_overtakes_is_lost(self):
        self.assertEqual(self.work("last", ["start", "start", "end"]), (1, {"start_replaced": 1}))

    def test_a_start_that_another_overtakes_in_a_hash_is_lost(self):
        self.assertEqual(self.work("last", ["start", "start", "end"], flags=["--kernel.pairs=hash"]),
                         (1, {"start_replaced": 1}))

    def test_last_times_the_inner_of_two_nested_pairs(self):
        self.assertEqual(self.work("last", ["nested"]), (1, {"start_replaced": 1, "no_start": 1}))

    def test_outermost_times_the_outer_of_two_nested_pairs(self):
        self.assertEqual(self.work("outermost", ["nested"], times=3), (3, {}))

    def test_stack_times_both_of_two_nested_pairs(self):
        self.assertEqual(self.work("stack", ["nested"], times=3), (6, {}))

    def test_outermost_survives_a_start_that_was_left_by_longjmp(self):
        count, lost = self.work("outermost", ["abandon", "nested", "nested"])
        self.assertEqual(count, 2)
        self.assertEqual(lost, {"start_replaced": 1})

    def test_stack_survives_more_abandoned_starts_than_it_is_deep(self):
        count, lost = self.work("stack", ["abandon"] * 40 + ["nested"])
        self.assertEqual(count, 2)
        self.assertEqual(lost, {"start_replaced": 40})

    def test_a_start_whose_process_ended_is_lost(self):
        # The kernel frees task-local storage with its thread, before anybody can look: only what is
        # kept in a hash can be counted.
        self.start(self.WORK.format(nesting="last"), flags=["--kernel.pairs=hash"])
        self.puppet.fire("start")
        self.exporter_process.scrape_of_now()
        self.puppet.close()
        self.exporter_process.wait_for(lambda scrape: self.lost(scrape, "work_seconds") == {"start_expired": 1},
                                       "the unfinished start is given up")


class Values(LossCase):
    def test_a_counter_refuses_a_negative_increment(self):
        self.start("""\
          - name: amount_total
            help: Amounts.
            type: counter
            probe: puppet:amount
            value: arg0
""")
        for value in (5, -3, 7):
            self.puppet.fire(f"amount {value}")
        scrape = self.exporter_process.scrape_of_now()
        self.assertEqual(scrape.value("amount_total"), 12)
        self.assertEqual(self.lost(scrape, "amount_total"), {"out_of_range": 1})

    def test_what_is_no_number_of_64_bits_is_out_of_range(self):
        self.start("""\
          - name: real_total
            help: Numbers above 0, with their fractions.
            type: counter
            probe: puppet:real
            value: arg0
            scale: 1
            where: arg0 > 0
          - name: real_values_total
            help: Numbers by their whole part.
            type: counter
            probe: puppet:real
            labels: { whole: arg0 }
""")
        outside = ("nan", "inf", "-inf", "1e20", "-1e19", "1.8446744073709552e19")
        for value in outside + ("0.5", "0.25", "-0.5"):
            self.puppet.fire(f"real {value}")
        scrape = self.exporter_process.scrape_of_now()
        self.assertEqual(scrape.value("real_total"), 0.75)
        self.assertEqual(self.lost(scrape, "real_total"), {"out_of_range": len(outside)})
        self.assertEqual(scrape.series("real_values_total"),
                         {frozenset([("whole", "0")]): 2, frozenset([("whole", "-1")]): 1})
        self.assertEqual(self.lost(scrape, "real_values_total"), {"out_of_range": len(outside)})

    def test_a_counter_refuses_a_negative_fraction(self):
        self.start("""\
          - name: real_total
            help: Numbers.
            type: counter
            probe: puppet:real
            value: arg0
            scale: 1
""")
        for value in ("1.5", "-0.25"):
            self.puppet.fire(f"real {value}")
        scrape = self.exporter_process.scrape_of_now()
        self.assertEqual(scrape.value("real_total"), 1.5)
        self.assertEqual(self.lost(scrape, "real_total"), {"out_of_range": 1})

    def test_memory_that_is_not_there_is_a_fault(self):
        self.start("""\
          - name: pointed_total
            help: Events by what the amount points at.
            type: counter
            probe: puppet:amount
            labels: { text: str(arg0) }
""")
        self.puppet.fire("amount 16")
        scrape = self.exporter_process.scrape_of_now()
        self.assertEqual(scrape.series("pointed_total"), {})
        self.assertEqual(self.lost(scrape, "pointed_total"), {"fault": 1})


class Conservation(LossCase):
    """Whatever goes wrong: what fired is what is counted, refused or lost."""

    def test_of_single_events(self):
        self.start("""\
          - name: amount_total
            help: Amounts by what they point at.
            type: counter
            probe: puppet:amount
            value: int64(arg0) % 100
            where: arg0 != 7
            labels: { text: str(arg0) }
            max_series: 1
""")
        fired = 0
        for value in (7, -5, 16, 7, 1 << 62, 0, -(1 << 63), 7):
            self.puppet.fire(f"amount {value}")
            fired += 1
        scrape = self.exporter_process.scrape_of_now()
        labels = {"target": "puppet", "metric": "amount_total"}
        hits = scrape.value("sdt_exporter_probe_hits_total", probe="puppet:amount", **labels)
        filtered = scrape.value("sdt_exporter_events_filtered_total", **labels)
        lost = self.lost(scrape, "amount_total")
        self.assertEqual(hits, fired)
        self.assertEqual((filtered, lost), (3, {"fault": 5}))

    def test_of_pairs_in_a_random_order(self):
        order = random.Random(20)
        for nesting in ("last", "outermost", "stack"):
            with self.subTest(nesting):
                self.start(Pairs.WORK.format(nesting=nesting))
                for _ in range(400):
                    self.puppet.fire(order.choice(["start", "end", "nested", "abandon"]))
                self.puppet.fire("start")  # at least one that is ended by nobody
                scrape = self.exporter_process.scrape_of_now()
                timed = scrape.histogram("work_seconds").count
                lost = self.lost(scrape, "work_seconds")
                hits = {role: scrape.value("sdt_exporter_probe_hits_total", target="puppet", metric="work_seconds",
                                           probe=f"puppet:work__{role}") for role in ("start", "end")}
                self.assertEqual(set(lost) - {"no_start", "start_replaced", "map_full"}, set())
                if nesting == "last":
                    self.assertEqual(hits["end"], timed + lost["no_start"])
                    self.assertEqual(hits["start"], timed + lost["start_replaced"] + 1)  # one is in flight
                elif nesting == "stack":
                    open_still = hits["start"] - timed - lost.get("start_replaced", 0) - lost.get("map_full", 0)
                    self.assertTrue(1 <= open_still <= 16, open_still)
                self.assertLessEqual(timed + lost.get("no_start", 0), hits["end"])
                self.exporter_process.stop()
                self.puppet.close()

    def test_of_more_pairs_in_flight_than_there_is_room_for(self):
        self.start("""\
          - name: ticks_seconds
            help: From a tick to the amount of its number.
            type: histogram
            start: puppet:tick
            end: puppet:amount
            key: { start: arg0, end: arg0 }
            buckets: [60]
""")
        fired, ended = 200_000, 50
        self.puppet.fire(f"tick {fired}")
        for number in range(ended):
            self.puppet.fire(f"amount {number}")
        scrape = self.exporter_process.scrape_of_now()
        self.assertEqual(scrape.histogram("ticks_seconds").count, ended)
        full = self.lost(scrape, "ticks_seconds")["map_full"]
        self.puppet.close()
        scrape = self.exporter_process.wait_for(
            lambda scrape: "start_expired" in self.lost(scrape, "ticks_seconds"), "the unfinished starts are given up")
        lost = self.lost(scrape, "ticks_seconds")
        print(f"{fired} starts: {ended} ended, {lost}")
        self.assertEqual(lost["map_full"], full)
        self.assertEqual(fired, ended + lost["map_full"] + lost["start_expired"])


class Caps(LossCase):
    def test_what_is_folded_into_other_is_not_lost(self):
        self.start("""\
          - name: ticks_by_number_total
            help: Ticks by number.
            type: counter
            probe: puppet:tick
            labels: { number: arg0 }
            max_series: 10
""")
        self.puppet.fire("tick 1000")
        self.puppet.fire("tick 1000")
        scrape = self.exporter_process.scrape_of_now()
        series = scrape.series("ticks_by_number_total")
        self.assertEqual(sum(series.values()), 2000)
        self.assertLessEqual(len(series), 11)
        self.assertGreater(series[frozenset([("number", "other")])], 0)
        self.assertEqual(self.lost(scrape, "ticks_by_number_total"), {})
        self.assertEqual(scrape.value("sdt_exporter_series_limit", target="puppet", metric="ticks_by_number_total"), 10)

    def test_a_histogram_is_folded_bucket_by_bucket(self):
        self.start("""\
          - name: ticks_histogram
            help: Ticks.
            type: histogram
            probe: puppet:tick
            value: arg0
            labels: { number: arg0 }
            buckets: [99, 499]
            max_series: 10
""")
        self.puppet.fire("tick 1000")
        histograms = self.exporter_process.scrape_of_now().histograms("ticks_histogram").values()
        self.assertEqual(sum(histogram.count for histogram in histograms), 1000)
        self.assertEqual(sum(histogram.sum for histogram in histograms), 499_500)
        self.assertEqual(sum(histogram.buckets[99.0] for histogram in histograms), 100)
        self.assertEqual(sum(histogram.buckets[499.0] for histogram in histograms), 500)


class LabelMaps(LossCase):
    def test_listed_values_are_named_and_others_fall_to_the_default_or_print_as_they_are(self):
        self.start("""\
          - name: mapped_total
            help: Amounts.
            type: counter
            probe: puppet:amount
            labels:
              sign: { value: arg0, map: { -1: minus, 0: zero, 1: plus }, default: far }
              name: { value: arg0, map: { -1: minus, 0: zero } }
""")
        for value in (-1, 0, 0, 1, 2, 3):
            self.puppet.fire(f"amount {value}")
        wanted = {("minus", "minus"): 1, ("zero", "zero"): 2, ("plus", "1"): 1, ("far", "2"): 1, ("far", "3"): 1}
        self.assertEqual(self.exporter_process.scrape_of_now().series("mapped_total"),
                         {frozenset([("sign", sign), ("name", name)]): count for (sign, name), count in wanted.items()})


if __name__ == "__main__":
    unittest.main()
