"""config/packs/libstdcxx.yaml: exceptions by type, against a program that counts what it throws."""

import json
import unittest

from harness.packs import libstdcxx_pack_for
from harness.program import program_path
from harness.testcase import KernelTestCase


class Exceptions(KernelTestCase):
    def test_types_by_name_equal_the_programs_own_counts(self):
        program = self.program("throws")
        exporter = self.exporter(libstdcxx_pack_for(program_path("throws")))
        exporter.wait_attached("libstdcxx")
        truth = json.loads(program.tell("go"))
        scrape = exporter.scrape_of_now()
        path = program_path("throws")
        self.assertEqual(scrape.series("cxx_exceptions_thrown_total"),
                         {frozenset([("exe", path), ("type", name)]): count for name, count in truth.items()})
        self.assertEqual(scrape.value("cxx_exceptions_caught_total", exe=path), sum(truth.values()))
        self.assertEqual(scrape.total("sdt_exporter_events_lost_total"), 0)

    def test_what_handlers_throw_again_is_counted_apart(self):
        program = self.program("rethrows")
        exporter = self.exporter(libstdcxx_pack_for(program_path("rethrows")))
        exporter.wait_attached("libstdcxx")
        program.fire("go")  # three exceptions, each caught, thrown again and caught again
        scrape = exporter.scrape_of_now()
        path = program_path("rethrows")
        self.assertEqual(scrape.total("cxx_exceptions_thrown_total", exe=path), 3)
        self.assertEqual(scrape.value("cxx_exceptions_rethrown_total", exe=path), 3)
        self.assertEqual(scrape.value("cxx_exceptions_caught_total", exe=path), 6)


if __name__ == "__main__":
    unittest.main()
