"""The reader of the text format is strict: what it takes for a histogram is one."""

import math
import unittest

from harness.exporter import parse_logfmt
from harness.exposition import Exposition

HISTOGRAM = ('# HELP h Help.\n# TYPE h histogram\n'
             'h_bucket{le="1"} 2\nh_bucket{le="+Inf"} 3\nh_sum 1.5\nh_count 3\n')


class Reading(unittest.TestCase):
    def test_integers_stay_integers_however_large(self):
        self.assertEqual(Exposition("a 340282366920938463463374607431768211456\n").value("a"), 2**128)

    def test_labels_are_unescaped(self):
        text = 'a{x="q\\"b\\\\n\\n",y="{,}"} -5\n'
        self.assertEqual(Exposition(text).series("a"), {frozenset([("x", 'q"b\\n\n'), ("y", "{,}")]): -5})

    def test_a_histogram_yields_its_buckets_alone(self):
        histogram = Exposition(HISTOGRAM).histogram("h")
        self.assertEqual((histogram.count, histogram.sum, histogram.each_bucket()), (3, 1.5, {1.0: 2, math.inf: 1}))

    def test_totals_add_what_has_the_labels(self):
        scrape = Exposition('a{x="1",y="1"} 1\na{x="1",y="2"} 2\na{x="2",y="1"} 4\n')
        self.assertEqual((scrape.total("a"), scrape.total("a", x="1"), scrape.total("a", y="1")), (7, 3, 5))


class Refusing(unittest.TestCase):
    def refuse(self, text):
        with self.assertRaises(ValueError):
            Exposition(text)

    def test_what_the_format_forbids(self):
        self.refuse("a 1")  # no end of line
        self.refuse("a 1\na 2\n")
        self.refuse("# TYPE a counter\n# TYPE a gauge\n")
        self.refuse("a{x=1} 1\n")
        self.refuse('a{x="1",x="2"} 1\n')
        self.refuse("a one\n")

    def test_a_histogram_whose_buckets_fall_or_miss_the_count(self):
        self.refuse(HISTOGRAM.replace('le="1"} 2', 'le="1"} 4'))
        self.refuse(HISTOGRAM.replace("h_count 3", "h_count 4"))


class Logs(unittest.TestCase):
    def test_logfmt_values_may_be_quoted(self):
        self.assertEqual(parse_logfmt('level=info msg="it is \\"on\\"" address=127.0.0.1:80 n=1'),
                         {"level": "info", "msg": 'it is "on"', "address": "127.0.0.1:80", "n": "1"})


if __name__ == "__main__":
    unittest.main()
