"""config/packs/libstdcxx.yaml: exceptions by type, against a program that counts what it throws."""

import json
import os
import unittest

from harness.program import program_path
from harness.testcase import KernelTestCase

PACK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../config/packs/libstdcxx.yaml")


class Exceptions(KernelTestCase):
    def pack_for_the_test_program(self):
        """The pack itself, its selector narrowed to the program at hand as its comment advises."""
        with open(PACK, encoding="utf-8") as file:
            lines = file.readlines()
        selectors = [number for number, line in enumerate(lines) if line.startswith("      - exe: /usr/")]
        self.assertTrue(selectors)
        lines[selectors[0]] = f"      - exe: {program_path('throws')}\n"
        for number in selectors[1:]:
            lines[number] = ""
        return "".join(lines)

    def test_types_by_name_equal_the_programs_own_counts(self):
        program = self.program("throws")
        exporter = self.exporter(self.pack_for_the_test_program())
        exporter.wait_attached("libstdcxx")
        truth = json.loads(program.tell("go"))
        scrape = exporter.scrape_of_now()
        path = program_path("throws")
        self.assertEqual(scrape.series("cxx_exceptions_thrown_total"),
                         {frozenset([("exe", path), ("type", name)]): count for name, count in truth.items()})
        self.assertEqual(scrape.value("cxx_exceptions_caught_total", exe=path), sum(truth.values()))
        self.assertEqual(scrape.total("sdt_exporter_events_lost_total"), 0)


if __name__ == "__main__":
    unittest.main()
