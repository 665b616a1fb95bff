#!/usr/bin/python3
"""What the demo's terminal view reads from an exposition and draws."""

import unittest

import view

EXPOSITION = """\
# HELP wait_seconds Time in the queue.
# TYPE wait_seconds histogram
wait_seconds_bucket{kind="a",le="0.001"} 1
wait_seconds_bucket{kind="a",le="0.01"} 5
wait_seconds_bucket{kind="a",le="+Inf"} 5
wait_seconds_sum{kind="a"} 0.02
wait_seconds_count{kind="a"} 5
wait_seconds_bucket{kind="b",le="0.001"} 0
wait_seconds_bucket{kind="b",le="0.01"} 0
wait_seconds_bucket{kind="b",le="+Inf"} 3
wait_seconds_sum{kind="b"} 0.3
wait_seconds_count{kind="b"} 3
# HELP answers_total Answers.
# TYPE answers_total counter
answers_total{result="ok"} 8
answers_total{result="a \\"bad\\" one"} 2
# TYPE waiting gauge
waiting -1
"""


class View(unittest.TestCase):
    def setUp(self):
        self.families = view.parse(EXPOSITION)

    def test_every_sample_belongs_to_its_family(self):
        self.assertEqual(list(self.families), ["wait_seconds", "answers_total", "waiting"])
        self.assertEqual(self.families["wait_seconds"].total("_count"), 8)
        self.assertEqual(self.families["waiting"].total(), -1)

    def test_label_values_are_unescaped(self):
        labels = [labels for _, labels, _ in self.families["answers_total"].samples]
        self.assertEqual(labels, [{"result": "ok"}, {"result": 'a "bad" one'}])

    def test_buckets_are_single_and_add_up_over_label_sets(self):
        self.assertEqual(view.buckets(self.families["wait_seconds"]),
                         [(0.001, 1), (0.01, 4), (float("inf"), 3)])

    def test_a_histogram_is_drawn_with_its_fullest_bucket_as_the_longest_bar(self):
        self.assertEqual(view.draw([self.families["wait_seconds"]]), [
            "",
            "wait_seconds  (Time in the queue)",
            "  le      1ms         1  " + "█" * 11,
            "  le     10ms         4  " + "█" * 44,
            "  le     +Inf         3  " + "█" * 33,
            "  8 events, 40ms on average",
        ])

    def test_a_single_series_needs_no_bar(self):
        self.assertEqual(view.draw([self.families["waiting"]]), ["", "waiting", "  now                         -1"])

    def test_a_sample_without_a_type_is_refused(self):
        with self.assertRaises(ValueError):
            view.parse("orphan_total 1\n")


if __name__ == "__main__":
    unittest.main()
