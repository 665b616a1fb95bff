"""config/packs/ruby.yaml on Debian's Ruby, against GC.count and what the program counts itself."""

import os
import unittest

from harness.packs import PackTestCase

HERE = os.path.dirname(os.path.abspath(__file__))


class Ruby(PackTestCase):
    TARGET = "ruby"
    COMMAND = ("/usr/bin/ruby", os.path.join(HERE, "ruby/work.rb"))

    def test_collections_are_those_of_gc_count(self):
        self.check_each_run(lambda scrape: scrape.histogram("ruby_gc_mark_seconds").count,
                            lambda truth: truth["collections"])

    def test_every_collection_sweeps(self):
        sweeps, marks = (self.scrapes[-1].histogram(f"ruby_gc_{phase}_seconds") for phase in ("sweep", "mark"))
        self.assertGreaterEqual(sweeps.count, marks.count)
        self.assertTrue(0 < sweeps.sum < 60 and 0 < marks.sum < 60, f"{sweeps.sum} s, {marks.sum} s")

    def test_exceptions_by_class(self):
        own = self.truths[0]["raised"]
        self.check_each_run(self.only(self.by_label("ruby_exceptions_raised_total", "class"), own.__contains__),
                            lambda truth: truth["raised"])

    def test_objects_by_class(self):
        own = self.truths[0]["created"]
        self.check_each_run(self.only(self.by_label("ruby_objects_created_total", "class"), own.__contains__),
                            lambda truth: truth["created"])

    def test_files_that_are_loaded_and_required(self):
        self.check_each_run(lambda scrape: scrape.histogram("ruby_load_seconds").count, lambda truth: truth["loads"])
        first, *_, last = (scrape.histogram("ruby_require_seconds").count for scrape in self.scrapes)
        own = sum(truth["requires"] for truth in self.truths)
        # Every start of Ruby requires the same files of its own.
        self.assertEqual(last, self.RUNS * first)
        self.assertGreater(last, own)

    def test_texts_that_are_evaluated_are_parsed(self):
        first, *_, last = (scrape.histogram("ruby_parse_seconds").count for scrape in self.scrapes)
        self.assertEqual(last, self.RUNS * first)
        self.assertGreater(first, self.truths[0]["parsed"])

    def test_nothing_is_lost(self):
        self.check_nothing_is_lost()


if __name__ == "__main__":
    unittest.main()
