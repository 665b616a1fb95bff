"""config/packs/python.yaml on Debian's Python, against what the interpreter counts itself."""

import os
import unittest

from harness.exporter import losses
from harness.packs import PackTestCase, python_pack_for
from harness.program import Program

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = "/usr/bin/python3.11"

STRANGER = """
import gc, sys
print("ready", flush=True)
for line in sys.stdin:
    for _ in range(50):
        gc.collect()
    print("done", flush=True)
"""


class Python(PackTestCase):
    TARGET = "python"
    COMMAND = (PYTHON, os.path.join(HERE, "python/work.py"))

    @classmethod
    def config(cls):
        return python_pack_for("e2e/python/work[.]py")  # this test itself is run by the same interpreter

    def test_collections_by_generation_are_those_of_gc_get_stats(self):
        self.check_each_run(self.by_label("python_gc_pause_seconds", "generation"),
                            lambda truth: {str(generation): count
                                           for generation, count in enumerate(truth["collections"])})

    def test_objects_that_were_garbage_are_those_of_gc_get_stats(self):
        self.check_each_run(self.by_label("python_gc_objects_found_total", "generation"),
                            lambda truth: {str(generation): count for generation, count in enumerate(truth["found"])})

    def test_modules_by_name(self):
        def ours(scrape):
            return {dict(labels)["module"]: count
                    for labels, count in scrape.series("python_modules_imported_total").items()
                    if dict(labels)["module"].startswith("xml.dom") and dict(labels)["found"] == "true"}

        self.check_each_run(ours, lambda truth: {name: 1 for name in truth["modules"]})

    def test_modules_that_do_not_exist(self):
        self.check_each_run(
            lambda scrape: scrape.value("python_modules_imported_total", module="sdt_test_missing", found="false"),
            lambda truth: truth["missing"])
        self.check_each_run(lambda scrape: scrape.histogram("python_import_seconds", found="false").count,
                            lambda truth: truth["missing"])

    def test_imports_within_imports_are_part_of_the_outer_one(self):
        modules = self.scrapes[-1].total("python_modules_imported_total", found="true")
        imports = self.scrapes[-1].histogram("python_import_seconds", found="true").count
        self.assertTrue(0 < imports < modules, f"{imports} imports of {modules} modules")

    def test_audit_events_by_name(self):
        self.check_each_run(self.only(self.by_label("python_audit_events_total", "event"),
                                      lambda event: event.startswith("sdt.test.")),
                            lambda truth: truth["events"])

    def test_a_stranger_with_the_same_interpreter_counts_for_nothing(self):
        counts = self.by_label("python_gc_pause_seconds", "generation")
        stranger = Program([PYTHON, "-c", STRANGER])
        self.addCleanup(stranger.close)
        before = self.exporter_process.scrape_of_now()
        stranger.fire("go")
        after = self.exporter_process.scrape_of_now()
        self.assertEqual(counts(after), counts(before))
        self.assertEqual(losses(after), {})

    def test_nothing_is_lost(self):
        self.check_nothing_is_lost()


if __name__ == "__main__":
    unittest.main()
