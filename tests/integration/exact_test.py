"""Every count, sum and bucket equals what the program says of itself.

`exact` fires some 1.9 million events from 16 threads and prints which; each test computes from that
list what a metric of exact.yaml must show, and holds the scrape against it. The three classes at the
end run all of it once for each way of attaching and of pairing.
"""

import bisect
import json
import math
import os
import re
import struct
import unittest
from fractions import Fraction

from harness.exporter import Exporter
from harness.program import Program
from harness.testcase import KernelTestCase, write_file

HERE = os.path.dirname(os.path.abspath(__file__))
THREADS = 16


class Truth:
    """What the program said that it fired."""

    def __init__(self, line):
        parsed = json.loads(line)
        self.total = parsed["total"]
        self._events = {}
        for event in parsed["events"]:
            self._events.setdefault(event["probe"], []).append(event)

    def events(self, probe):
        """(arguments, count) of every distinct event of a probe; strings are bytes."""
        for event in self._events[probe]:
            arguments = [argument.encode("latin-1") if isinstance(argument, str) else argument
                         for argument in event["arguments"]]
            yield arguments, event["count"]

    def count(self, probe):
        return sum(count for _, count in self.events(probe))

    def times(self, probe):
        """(arguments, count, shortest total, longest total in ns) of a pair of probes."""
        for event in self._events[probe]:
            yield event["arguments"], event["count"], event["at_least"], event["at_most"]


def text_of(raw, limit):
    """A label value as the contract wants it: cut at `limit` bytes, U+FFFD for bytes that are not UTF-8."""
    return raw[:limit].decode("utf-8", errors="replace")


def signed(value, size):
    """What a cast to a signed type makes of a number."""
    return struct.unpack("<q", ((value << (64 - 8 * size)) % 2**64).to_bytes(8, "little"))[0] >> (64 - 8 * size)


def kept(value):
    """What the exporter keeps of a floating-point number: 32 bits behind the point, rounded to the nearest."""
    units = abs(Fraction(value)) * 2**32 + Fraction(1, 2)
    return Fraction(math.floor(units), 2**32) * (-1 if value < 0 else 1)


class ExactMixin:
    flags = ()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        program = cls.start_for_class(Program.named("exact"))
        with open(os.path.join(HERE, "exact.yaml"), encoding="utf-8") as file:
            config = write_file(cls.directory, "exact.yaml", file.read())
        cls.exporter_process = cls.start_for_class(Exporter([config], cls.directory, cls.flags))
        cls.exporter_process.wait_attached("exact", seconds=120)
        cls.pid = program.pid
        cls.truth = Truth(program.tell("go"))
        cls.scrape = cls.exporter_process.scrape_of_now()

    # -- helpers ---------------------------------------------------------------------------------

    def expect_counts(self, metric, expected):
        """`expected`: tuple of (label, value) pairs -> count; nothing else may be there."""
        self.assertEqual(self.scrape.series(metric), {frozenset(labels): count for labels, count in expected.items()})

    def counts_of(self, probe, labels_of):
        """What a counter shows when labels_of(*arguments) are an event's labels; None: not counted."""
        counts = {}
        for arguments, count in self.truth.events(probe):
            labels = labels_of(*arguments)
            if labels is not None:
                key = tuple(sorted(labels.items()))
                counts[key] = counts.get(key, 0) + count
        return counts

    def expect_histogram(self, metric, probe, bounds, scale=1.0, unit=1):
        """One histogram without labels over arg0; `bounds` in raw values, `unit` raw values make 1."""
        histogram = self.scrape.histogram(metric)
        self.assertIsNotNone(histogram, f"{metric} is not in the scrape")
        buckets = [0] * (len(bounds) + 1)
        total = 0
        for (value,), count in self.truth.events(probe):
            buckets[bisect.bisect_left(bounds, value)] += count  # a value equal to a bound is inside it
            total += value * count
        expected = dict(zip([float(bound) / unit for bound in bounds] + [math.inf], buckets))
        self.assertEqual(histogram.each_bucket(), expected, metric)
        self.assertEqual(histogram.count, self.truth.count(probe), metric)
        if unit == 1:
            self.assertEqual(float(histogram.sum), float(total), metric)
        else:
            self.assertTrue(math.isclose(histogram.sum, total * scale, rel_tol=1e-15), metric)

    # -- tests -----------------------------------------------------------------------------------

    def test_the_program_fires_at_least_1_600_000_events(self):
        self.assertGreaterEqual(self.truth.total, 1_600_000)

    def test_signed_integers_of_every_width_at_every_kind_of_operand(self):
        self.expect_histogram("exact_i8", "i8", [-128, -1, 0, 1, 10, 100, 126])
        self.expect_histogram("exact_i16", "i16", [-32768, -1, 0, 10, 100, 32766])
        self.expect_histogram("exact_i32", "i32", [-2147483648, -1, 0, 10, 100, 2147483646])
        self.expect_histogram("exact_i64", "i64", [-2**63, -1, 0, 10, 100, 2**62])

    def test_unsigned_integers_of_every_width_at_every_kind_of_operand(self):
        self.expect_histogram("exact_u8", "u8", [0, 1, 10, 100, 254])
        self.expect_histogram("exact_u16", "u16", [0, 10, 100, 65534])
        self.expect_histogram("exact_u32", "u32", [0, 10, 100, 4294967294])
        self.expect_histogram("exact_u64", "u64", [0, 1, 10, 100, 2**62])

    def expect_fractions(self, metric, probe, bounds, scale):
        """A histogram over floating-point values; `bounds` as they are written."""
        buckets = [0] * (len(bounds) + 1)
        total = Fraction(0)
        raw_bounds = [kept(Fraction(bound) / scale) for bound in bounds]
        for (value,), count in self.truth.events(probe):
            buckets[bisect.bisect_left(raw_bounds, kept(value))] += count
            total += kept(value) * count
        histogram = self.scrape.histogram(metric)
        self.assertEqual(histogram.each_bucket(), dict(zip([float(bound) for bound in bounds] + [math.inf], buckets)))
        self.assertTrue(math.isclose(histogram.sum, float(total * scale), rel_tol=1e-15),
                        f"{metric}: {histogram.sum} is not {float(total * scale)}")

    def test_floating_point_values_keep_their_fraction_with_scale(self):
        self.expect_fractions("exact_f64", "f64", ["-2147483648.5", "-1", "-0.5", "-0.1", "0", "0.1", "0.25", "0.5", "1",
                                                   "1.25", "1048576.7", "4294967296", "1e15"], Fraction(1))
        self.expect_fractions("exact_f32", "f32", ["-0.0005", "0", "0.0005", "0.0015", "16777.216"], Fraction(1, 1000))

    def test_floating_point_values_are_rounded_down_without_scale(self):
        bounds = [-2, -1, 0, 1, 4294967296]
        buckets, total = [0] * (len(bounds) + 1), 0
        for (value,), count in self.truth.events("f64"):
            whole = math.floor(kept(value))
            buckets[bisect.bisect_left(bounds, whole)] += count
            total += whole * count
        histogram = self.scrape.histogram("exact_f64_whole")
        self.assertEqual(histogram.each_bucket(), dict(zip([float(bound) for bound in bounds] + [math.inf], buckets)))
        self.assertEqual(histogram.sum, float(total))
        self.expect_counts("exact_f64_values_total", self.counts_of("f64", lambda value: {
            "whole": str(math.floor(kept(value))),
            "double": str(int(math.fmod(math.floor(kept(value)), 1000)) * 2)}))

    def test_comparisons_see_the_fraction(self):
        total = sum(kept(value) * count for (value,), count in self.truth.events("f64") if 0 < kept(value) < 1048576)
        shown = self.scrape.value("exact_f64_small_total")
        self.assertTrue(math.isclose(shown, float(total), rel_tol=1e-15), f"{shown} is not {float(total)}")

    def test_gauges_show_floating_point_values(self):
        values = [value for (value,), _ in self.truth.events("f64")]
        self.assertEqual(self.scrape.value("exact_f64_lowest"), float(min(values)))
        self.assertEqual(self.scrape.value("exact_f64_highest"), float(max(values)))
        readings = {}
        for (thread, value), _ in self.truth.events("reading"):
            readings.setdefault((("thread", str(thread)),), []).append(kept(value))
        for metric, choose, scale in (("exact_reading", max, Fraction(1, 2)), ("exact_reading_lowest", min, 1),
                                      ("exact_reading_highest", max, 1)):
            self.expect_counts(metric, {labels: float(choose(of_thread) * scale)
                                        for labels, of_thread in readings.items()})

    def test_floating_point_values_of_a_start_are_kept_until_the_end(self):
        heights = [(kept(value), count) for (value,), count in self.truth.events("flight") if kept(value) >= 0]
        histogram = self.scrape.histogram("exact_flight_height")
        self.assertEqual(histogram.count, sum(count for _, count in heights))
        for bound in ("0.1", "0.5", "10"):
            self.assertEqual(histogram.buckets[float(bound)],
                             sum(count for height, count in heights if height <= kept(Fraction(bound))))
        total = float(sum(height * count for height, count in heights))
        self.assertTrue(math.isclose(histogram.sum, total, rel_tol=1e-15), f"{histogram.sum} is not {total}")

    def test_floating_point_values_raise_and_lower_a_gauge(self):
        level = (sum(kept(value) * count for (value,), count in self.truth.events("fill"))
                 - sum(kept(value) * count for (value,), count in self.truth.events("drain")))
        shown = self.scrape.value("exact_tank")
        self.assertTrue(math.isclose(shown, float(level), rel_tol=1e-15), f"{shown} is not {float(level)}")

    def test_a_counter_adds_values_beyond_64_bits(self):
        total = sum(value * count for (value,), count in self.truth.events("u64"))
        self.assertGreater(total, 2**64)
        self.assertEqual(float(self.scrape.value("exact_u64_units_total")), float(total))

    def test_integers_as_labels_are_printed_with_their_sign(self):
        self.expect_counts("exact_i64_values_total", self.counts_of("i64", lambda value: {
            "value": str(value), "low": str(signed(value, 1)), "as_unsigned": str(value % 2**16)}))
        self.expect_counts("exact_u64_values_total", self.counts_of("u64", lambda value: {"value": str(value)}))

    def test_a_wildcard_counts_every_probe_it_matches_under_its_name(self):
        self.expect_counts("exact_unsigned_total", {
            (("probe", probe), ("provider", "exact")): self.truth.count(probe)
            for probe in ("u8", "u16", "u32", "u64")})

    def test_scaled_values_equal_to_a_bound_are_inside_it(self):
        self.expect_histogram("exact_duration_seconds", "duration", [10**3, 10**6, 10**9], 1e-9, 10**9)
        self.expect_histogram("exact_duration_linear_seconds", "duration", [10**3, 10**6], 1e-9, 10**9)

    def test_log2_buckets_reach_from_min_to_max(self):
        bounds = [1000 * 2**power for power in range(11)]
        self.expect_histogram("exact_duration_log2_seconds", "duration", bounds, 1e-9, 10**9)

    def test_calls_without_arguments(self):
        self.assertEqual(self.scrape.value("exact_calls_total"), self.truth.count("call"))

    def test_calls_by_thread_name_process_and_thread_id(self):
        calls = self.truth.count("call")
        self.expect_counts("exact_calls_by_thread_total", {
            (("thread", f"worker-{number}"),): calls // THREADS for number in range(THREADS)})
        self.expect_counts("exact_calls_by_process_total", {
            (("pid", str(self.pid)), ("uid", "0"), ("gid", "0"), ("exe", os.readlink(f"/proc/{self.pid}/exe"))): calls})
        by_tid = self.scrape.series("exact_calls_by_tid_total")
        self.assertEqual(sorted(by_tid.values()), [calls // THREADS] * THREADS)

    def test_strings_are_read_cut_at_their_limit_and_made_utf8(self):
        self.expect_counts("exact_texts_total", self.counts_of("text", lambda raw: {"text": text_of(raw, 64)}))
        self.expect_counts("exact_long_texts_total", self.counts_of("text", lambda raw: {"text": text_of(raw, 128)}))

    def test_cut_strings_are_counted(self):
        for metric, probe, limit in (("exact_texts_total", "text", 64), ("exact_long_texts_total", "text", 128),
                                     ("exact_bytes_total", "bytes", 64), ("exact_long_bytes_total", "bytes", 128)):
            longer = sum(count for (raw,), count in self.truth.events(probe) if len(raw) > limit)
            self.assertGreater(longer, 0)
            self.assertEqual(self.scrape.value("sdt_exporter_strings_cut_total", target="exact", metric=metric),
                             longer, metric)

    def test_patterns_make_texts_of_texts(self):
        def labels_of(raw):
            text = text_of(raw, 64)
            many = re.fullmatch("([a-d])[a-d]{62,}", text)
            words = re.fullmatch(r"([A-Za-z0-9_]+) .*", text, re.DOTALL)
            return {"text": f"many {many[1]}s" if many else text, "words": words[1] if words else ""}
        self.expect_counts("exact_rewritten_texts_total", self.counts_of("text", labels_of))

    def test_label_sets_that_a_pattern_makes_equal_are_one_series(self):
        self.expect_counts("exact_burst_by_digit_total",
                           self.counts_of("burst", lambda number: {"digit": str(number)[0]}))
        expected = {}
        for (number,), count in self.truth.events("burst"):
            length = frozenset([("length", "four" if 1000 <= number < 10_000 else "fewer")])
            of_length = expected.setdefault(length, {"sum": 0, "buckets": [0, 0, 0]})
            of_length["sum"] += number * count
            of_length["buckets"][bisect.bisect_left([10, 5000], number)] += count
        shown = {labels: {"sum": histogram.sum, "buckets": list(histogram.each_bucket().values())}
                 for labels, histogram in self.scrape.histograms("exact_burst_by_length").items()}
        self.assertEqual(shown, expected)

    def test_strings_with_a_length_need_no_nul(self):
        for metric, limit in (("exact_bytes_total", 64), ("exact_long_bytes_total", 128)):
            self.expect_counts(metric, self.counts_of("bytes", lambda raw: {"bytes": text_of(raw, limit)}))

    def test_strings_that_the_program_never_touched_are_read(self):
        self.expect_counts("exact_cold_total", self.counts_of("cold", lambda raw: {"text": text_of(raw, 64)}))

    def test_memory_behind_two_pointers_and_arithmetic(self):
        self.expect_counts("exact_nodes_total", self.counts_of("node", lambda number, name, small, word: {
            "number": str(number), "name": name.decode(), "small": str(small),
            "middle": str(word >> 8 & 255), "difference": str(word - small)}))

    def test_filters_count_only_what_passes_every_condition(self):
        self.expect_counts("exact_picked_total", self.counts_of("pick", lambda number, word: (
            {"number": str(number)} if 10 <= number < 100 and word == b"yes" else None)))

    def test_spans_are_all_timed_and_their_total_is_within_what_the_program_measured(self):
        histograms = self.scrape.histograms("exact_span_seconds")
        expected = {frozenset([("kind", str(kind)), ("status", "ok" if status == 0 else "failed")]):
                    (count, least / 1e9, most / 1e9) for (kind, status), count, least, most in self.truth.times("span")}
        self.assertEqual({labels: histogram.count for labels, histogram in histograms.items()},
                         {labels: count for labels, (count, _, _) in expected.items()})
        for labels, (_, least, most) in expected.items():
            self.assertTrue(least <= histograms[labels].sum <= most,
                            f"{dict(labels)}: {least} <= {histograms[labels].sum} <= {most}")

    def test_a_filter_on_a_pair_is_decided_at_its_end(self):
        failed = sum(count for (_, status), count, _, _ in self.truth.times("span") if status < 0)
        self.assertEqual(self.scrape.histogram("exact_failed_span_seconds").count, failed)

    def test_every_level_of_a_recursion_is_timed(self):
        histograms = self.scrape.histograms("exact_walk_seconds")
        for (depth,), count, least, most in self.truth.times("walk"):
            histogram = histograms.pop(frozenset([("depth", str(depth))]))
            self.assertEqual(histogram.count, count)
            self.assertTrue(least / 1e9 <= histogram.sum <= most / 1e9,
                            f"depth {depth}: {least / 1e9} <= {histogram.sum} <= {most / 1e9}")
        self.assertEqual(histograms, {})

    def test_the_outermost_call_of_a_recursion_is_timed_once(self):
        (count, least, most), = [(count, least, most) for (depth,), count, least, most in self.truth.times("walk")
                                 if depth == 0]
        histogram = self.scrape.histogram("exact_whole_walk_seconds")
        self.assertEqual(histogram.count, count)
        self.assertTrue(least / 1e9 <= histogram.sum <= most / 1e9)

    def test_pairs_by_key_meet_across_threads(self):
        self.assertEqual(self.scrape.histogram("exact_job_seconds").count, self.truth.count("job"))

    def test_gauges_go_up_and_down(self):
        entered = {weight: count for (weight,), count in self.truth.events("enter")}
        left = {weight: count for (weight,), count in self.truth.events("leave")}
        self.assertEqual(self.scrape.value("exact_inside"), sum(entered.values()) - sum(left.values()))
        self.assertEqual(self.scrape.value("exact_inside_weight"),
                         sum(weight * count for weight, count in entered.items())
                         - sum(weight * count for weight, count in left.items()))

    def test_a_gauge_shows_the_last_value(self):
        last = {}
        for (thread, value), _ in self.truth.events("level"):
            last[thread] = max(value, last.get(thread, value))  # `exact` only ever raises it
        self.expect_counts("exact_level", {(("thread", str(thread)),): value for thread, value in last.items()})

    def test_gauges_show_the_lowest_and_the_highest_value(self):
        for probe in ("i64", "u64"):
            values = [value for (value,), _ in self.truth.events(probe)]
            self.assertEqual(self.scrape.value(f"exact_{probe}_lowest"), float(min(values)))
            self.assertEqual(self.scrape.value(f"exact_{probe}_highest"), float(max(values)))

    def test_extremes_of_negative_values_by_label(self):
        values = {}
        for (thread, value), _ in self.truth.events("level"):
            values.setdefault((("thread", str(thread)),), []).append(value)
        self.expect_counts("exact_level_lowest", {labels: min(of_thread) for labels, of_thread in values.items()})
        self.expect_counts("exact_level_highest", {labels: max(of_thread) / 2 for labels, of_thread in values.items()})

    def test_extremes_that_all_threads_move_at_once(self):
        self.assertEqual(self.scrape.value("exact_burst_lowest"), -5000)
        highest = self.scrape.series("exact_burst_highest")
        self.assertIn(frozenset([("id", "other")]), highest)
        self.assertEqual(max(highest.values()), 4999)
        for labels, value in highest.items():
            number = dict(labels)["id"]
            if number != "other":
                self.assertEqual(value, int(number) - 5000)

    def test_a_burst_of_ten_thousand_label_sets_loses_none(self):
        expected = self.counts_of("burst", lambda number: {"id": str(number)})
        self.assertEqual(len(expected), 10_000)
        self.expect_counts("exact_burst_total", expected)

    def test_label_sets_past_the_cap_are_folded_and_none_is_lost(self):
        series = self.scrape.series("exact_burst_capped_total")
        self.assertIn(frozenset([("id", "other")]), series)
        self.assertLessEqual(len(series), 101)
        self.assertEqual(sum(series.values()), self.truth.count("burst"))

    def test_nothing_is_lost(self):
        losses = self.scrape.series("sdt_exporter_events_lost_total")
        self.assertGreater(len(losses), 0)
        self.assertEqual({labels: count for labels, count in losses.items() if count}, {})

    def test_hits_are_counted_by_probe(self):
        for metric, probe in (("exact_calls_total", "call"), ("exact_burst_total", "burst")):
            self.assertEqual(self.scrape.value("sdt_exporter_probe_hits_total", target="exact", metric=metric,
                                               probe=f"exact:{probe}"), self.truth.count(probe))

    def test_a_later_scrape_shows_the_same(self):
        later = self.exporter_process.scrape_of_now()
        for name, kind in self.scrape.types.items():
            if not name.startswith("exact_"):
                continue
            if kind == "histogram":
                for suffix in ("_bucket", "_sum", "_count"):
                    self.assertEqual(later.series(name + suffix), self.scrape.series(name + suffix))
            else:
                self.assertEqual(later.series(name), self.scrape.series(name))


class ExactWithUprobeMulti(ExactMixin, KernelTestCase):
    flags = ("--kernel.attach=multi",)


class ExactWithPerfUprobes(ExactMixin, KernelTestCase):
    flags = ("--kernel.attach=perf",)


class ExactWithPairsInAHash(ExactMixin, KernelTestCase):
    flags = ("--kernel.attach=multi", "--kernel.pairs=hash")


if __name__ == "__main__":
    unittest.main()
