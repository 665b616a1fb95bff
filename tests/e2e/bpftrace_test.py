"""Every one-liner of docs/from-bpftrace.md and the spec beside it give the same numbers.

Both are taken from the document, and only the path of the program is put in. All specs in one exporter and a bpftrace for each
one-liner trace one process at the same time; then it fires.
"""

import math
import tempfile
import unittest

from harness.bpftrace import Bpftrace
from harness.documents import sections_of
from harness.exporter import Exporter, losses
from harness.program import Program, program_path
from harness.testcase import KernelTestCase, write_file

DOCUMENT = "docs/from-bpftrace.md"
IN_THE_DOCUMENT = "/usr/local/bin/sample"

# The sections that have a pair. A pair that is added to the document wants a test here.
COUNT = "Counting"
FILTER = "Counting what passes a filter"
BY_TEXT = "Counting by a text"
BY_KEYS = "Counting by several keys"
SUM = "Adding up"
HIST = "A histogram by powers of two"
LHIST = "A linear histogram"
NEGATIVE = "Numbers below the first bucket"
WIDER_LHIST = "A wider linear histogram"
LHIST_BY_TEXT = "A linear histogram for each text, of all probes of a provider"
TIME = "Time between two probes"
ALL = {COUNT, FILTER, BY_TEXT, BY_KEYS, SUM, HIST, LHIST, NEGATIVE, WIDER_LHIST, LHIST_BY_TEXT, TIME}


def pairs():
    """Heading -> (one-liner, spec), of the sections that have both."""
    found = {}
    for heading, blocks in sections_of(DOCUMENT).items():
        if [language for language, _ in blocks] == ["bpftrace", "yaml"]:
            found[heading] = tuple(text.replace(IN_THE_DOCUMENT, program_path("sample")) for _, text in blocks)
    return found


def theirs(histogram):
    """bpftrace's buckets that hold something: inclusive upper end -> count."""
    return {bucket.get("max", math.inf): bucket["count"] for bucket in histogram if bucket["count"]}


class Bpftraces(KernelTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pairs = pairs()
        program = cls.start_for_class(Program.named("sample"))
        configs = [write_file(cls.directory, f"{number}.yaml", spec)
                   for number, (_, spec) in enumerate(cls.pairs.values())]
        cls.exporter_process = cls.start_for_class(Exporter(configs, cls.directory))
        scrape = cls.exporter_process.wait_for(
            lambda scrape: not scrape.total("sdt_exporter_target_waiting")
            and scrape.total("sdt_exporter_target_processes") == len(configs), "every spec is attached")
        tracers = {}
        for heading, (script, spec) in cls.pairs.items():
            tracers[heading] = Bpftrace(script, program.pid, tempfile.mkdtemp(dir=cls.directory))
            cls.addClassCleanup(tracers[heading].close)
        for heading, (script, spec) in cls.pairs.items():
            tracers[heading].wait_attached(scrape.total("sdt_exporter_probe_sites", target=cls.target_of(spec)))
        program.fire("go")
        cls.scrape = cls.exporter_process.scrape_of_now()
        program.close()
        cls.maps = {heading: tracer.finish() for heading, tracer in tracers.items()}

    @staticmethod
    def target_of(spec):
        return spec.partition("- name: ")[2].partition("\n")[0]

    def map_of(self, heading):
        return self.maps[heading]["@"]

    def compare_buckets(self, ours, histogram, unit=1, round_bounds=False):
        """`unit`: exported units of bpftrace's integer. `round_bounds`: ours end one integer later, as the document says."""
        upper = {bound: bound if bound == math.inf else round(bound / unit) - round_bounds for bound in ours.buckets}
        self.assertEqual({upper[bound]: count for bound, count in ours.each_bucket().items() if count},
                         theirs(histogram))
        self.assertGreater(len(theirs(histogram)), 1, "not much of a histogram")

    def test_every_pair_of_the_document_is_compared_here(self):
        self.assertEqual(set(self.pairs), ALL)

    def test_count(self):
        self.assertEqual(self.scrape.value("sample_replies_total"), self.map_of(COUNT))
        self.assertEqual(self.map_of(COUNT), 5001)

    def test_a_filter(self):
        self.assertEqual(self.scrape.value("sample_middling_replies_total"),
                         self.map_of(FILTER))
        self.assertEqual(self.scrape.value("sdt_exporter_events_filtered_total", target="middling_replies",
                                           metric="sample_middling_replies_total"), 5001 - 500)

    def test_count_by_str(self):
        expected = self.map_of(BY_TEXT)
        self.assertEqual({dict(labels)["path"]: count
                          for labels, count in self.scrape.series("sample_requests_total").items()}, expected)
        self.assertEqual(expected, {"/": 10, "/login": 20, "/search": 30, "/basket": 40})

    def test_count_by_two_keys(self):
        expected = self.map_of(BY_KEYS)
        self.assertEqual({f"{dict(labels)['path']},{dict(labels)['shard']}": count
                          for labels, count in self.scrape.series("sample_sharded_requests_total").items()}, expected)
        self.assertEqual(len(expected), 12)

    def test_sum(self):
        self.assertEqual(self.scrape.value("sample_allocated_bytes_total"), self.map_of(SUM))
        self.assertEqual(self.map_of(SUM), 5050 << 20)

    def test_hist(self):
        self.compare_buckets(self.scrape.histogram("sample_reply_size_bytes"),
                             self.map_of(HIST))

    def test_lhist(self):
        self.compare_buckets(self.scrape.histogram("sample_small_reply_size_bytes"), self.map_of(LHIST))

    def test_lhist_of_negative_numbers(self):
        expected = self.map_of(NEGATIVE)
        self.compare_buckets(self.scrape.histogram("sample_change_items"), expected)
        self.assertEqual(theirs(expected)[-1], 50)

    def test_a_wider_lhist(self):
        self.compare_buckets(self.scrape.histogram("sample_large_reply_size_bytes"),
                             self.map_of(WIDER_LHIST))

    def test_lhist_by_str_over_all_probes_of_a_provider(self):
        expected = self.map_of(LHIST_BY_TEXT)
        ours = self.scrape.histograms("sample_action_duration_seconds")
        self.assertEqual({dict(labels)["action"] for labels in ours}, set(expected))
        for labels, histogram in ours.items():
            self.compare_buckets(histogram, expected[dict(labels)["action"]], unit=1e-3)

    def test_a_pair_by_thread(self):
        self.compare_buckets(self.scrape.histogram("sample_work_duration_seconds"),
                             self.map_of(TIME), unit=1e-6, round_bounds=True)
        self.assertEqual(self.scrape.histogram("sample_work_duration_seconds").count, 60)

    def test_nothing_is_lost(self):
        self.assertEqual(losses(self.scrape), {})


if __name__ == "__main__":
    unittest.main()
