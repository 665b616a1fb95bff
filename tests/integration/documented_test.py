"""docs/metrics.md lists what the running daemon exports about itself: all of it, and nothing else."""

import re
import unittest

from harness.documents import text_of
from harness.exporter import Exporter
from harness.program import Program
from harness.testcase import KernelTestCase, write_file

CONFIG = """
targets:
  - name: puppet
    processes:
      - exe: "@PROGRAMS@/puppet"
    metrics:
      - name: puppet_ticks_total
        help: Ticks.
        type: counter
        probe: puppet:tick
"""

_ROW = re.compile(r"^\| `(sdt_exporter_\w+)` \| (\w+) \|([^|]*)\|", re.MULTILINE)

# Only there while the kernel measures programs.
MEASURED = "sdt_exporter_program_run_seconds_total"


def kernel_measures_programs():
    with open("/proc/sys/kernel/bpf_stats_enabled", encoding="ascii") as file:
        return file.read().strip() != "0"


class Documented(KernelTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        text = text_of("docs/metrics.md")
        cls.rows = {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in _ROW.findall(text)}
        if not kernel_measures_programs():
            del cls.rows[MEASURED]
        cls.reasons = {match.group(1): set(re.findall(r"`([a-z_]+)`", match.group(2))) for match
                       in re.finditer(r"^`(sdt_exporter_\w+)`: (.*?)\n\n", text, re.MULTILINE | re.DOTALL)}
        cls.start_for_class(Program.named("puppet"))
        config = write_file(cls.directory, "config.yaml", CONFIG)
        cls.scrape = cls.start_for_class(Exporter([config], cls.directory)).wait_attached("puppet")
        cls.exported = {name: kind for name, kind in cls.scrape.types.items() if name.startswith("sdt_exporter_")}

    def test_every_family_is_documented_and_every_documented_family_is_there(self):
        self.assertEqual(set(self.rows), set(self.exported))

    def test_with_its_type(self):
        self.assertEqual({name: kind for name, (kind, _) in self.rows.items()}, self.exported)

    def test_and_its_labels(self):
        for name, (kind, labels) in self.rows.items():
            series = self.scrape.series(name + "_count" if kind == "histogram" else name)
            self.assertEqual({frozenset(dict(key)) for key in series}, {frozenset(labels)}, name)

    def test_and_every_reason(self):
        exported = {}
        for name in self.exported:
            values = {dict(labels).get("reason") for labels in self.scrape.series(name)} - {None}
            if values:
                exported[name] = values
        self.assertEqual(self.reasons, exported)


if __name__ == "__main__":
    unittest.main()
