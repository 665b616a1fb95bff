"""The shipped packs, on programs that are started again and again while the exporter runs on."""

import json
import os

from harness.exporter import Exporter, losses
from harness.program import Program
from harness.testcase import KernelTestCase, write_file

_PACKS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../config/packs")


def pack_path(name):
    return os.path.join(_PACKS, name + ".yaml")


def pack_text(name):
    with open(pack_path(name), encoding="utf-8") as file:
        return file.read()


def with_hot_metrics(text):
    """The pack with its last section, the hot one, taken in as its comment advises."""
    head, mark, tail = text.partition('take the "# " away to have them')
    if not mark:
        raise AssertionError("the pack has no section that is commented out")
    return head + mark + tail.replace("      # ", "      ")


def _replaced(text, begin, end, replacement):
    """The text with what stands after `begin` and before `end` replaced."""
    before, found, rest = text.partition(begin)
    _, also_found, after = rest.partition(end)
    if not found or not also_found:
        raise AssertionError(f"the pack has no {begin!r}, or nothing after it that reads {end!r}")
    return before + begin + replacement + end + after


# Packs whose comments advise to narrow their selectors, narrowed.

def python_pack_for(cmdline):
    selector = "      - exe: /usr/bin/python3*\n"
    return _replaced(pack_text("python"), selector, "    metrics:\n", f"        cmdline: {cmdline}\n")


def libstdcxx_pack_for(program):
    return _replaced(pack_text("libstdcxx"), "    processes:\n", "    file: libstdc++.so*\n", f"      - exe: {program}\n")


def libstapsdt_pack_for(program):
    return _replaced(pack_text("libstapsdt"), "    processes:\n", "    # Looks for probes only in memory files",
                     f"      - exe: {program}\n")


class PackTestCase(KernelTestCase):
    """The exporter is there first. The program is started, works and ends, three times, and nobody tells the exporter.

    A suite names the target and the program, which says "ready", and after a line what it did, as JSON.
    """

    RUNS = 3
    TARGET = ""
    COMMAND = ()
    ENVIRONMENT = {}

    @classmethod
    def config(cls):
        return pack_text(cls.TARGET)

    @classmethod
    def prepare(cls):
        """What has to be there before the exporter starts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.prepare()
        config = write_file(cls.directory, "config.yaml", cls.config())
        cls.exporter_process = cls.start_for_class(Exporter([config], cls.directory))
        cls.exporter_process.wait_attached(cls.TARGET, processes=0)
        cls.truths, cls.scrapes = [], []
        for _ in range(cls.RUNS):
            program = Program(cls.COMMAND, cls.ENVIRONMENT)
            try:
                cls.truths.append(json.loads(program.tell("go")))
            finally:
                program.close()
            cls.scrapes.append(cls.exporter_process.scrape_of_now())

    def check_each_run(self, ours, theirs):
        """ours(scrape) after each run equals the sum of theirs(truth) so far, a number or a dictionary of numbers."""
        for run, scrape in enumerate(self.scrapes):
            so_far = [theirs(truth) for truth in self.truths[:run + 1]]
            expected = {key: sum(one[key] for one in so_far) for key in so_far[0]} if isinstance(so_far[0], dict) \
                else sum(so_far)
            self.assertEqual(ours(scrape), expected, f"after run {run + 1}")
            self.assertTrue(expected, "nothing to compare")

    @staticmethod
    def by_label(name, label):
        """A function of a scrape: label value -> events of the metric's one series with it, histograms included."""
        def counts(scrape):
            series = {labels: histogram.count for labels, histogram in scrape.histograms(name).items()} \
                if scrape.types.get(name) == "histogram" else scrape.series(name)
            return {dict(labels)[label]: count for labels, count in series.items()}
        return counts

    @staticmethod
    def only(counts, wanted):
        """A function of a scrape: of what counts(scrape) has, that which is wanted(key)."""
        return lambda scrape: {key: count for key, count in counts(scrape).items() if wanted(key)}

    def check_nothing_is_lost(self):
        self.assertEqual(losses(self.scrapes[-1]), {})
