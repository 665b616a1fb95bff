"""config/packs/php.yaml on Debian's PHP, against what the program counts itself."""

import json
import os
import unittest

from harness.packs import PackTestCase, pack_text, with_hot_metrics
from harness.program import Program

HERE = os.path.dirname(os.path.abspath(__file__))

# The pack leaves this probe out, because it never fires.
ERRORS = """
  - name: errors
    processes:
      - exe: /usr/bin/php*
    metrics:
      - { name: errors_total, help: Errors., type: counter, probe: "php:error" }
"""


class Php(PackTestCase):
    TARGET = "php"
    COMMAND = ("/usr/bin/php8.2", os.path.join(HERE, "php/work.php"))
    ENVIRONMENT = {"USE_ZEND_DTRACE": "1"}

    @classmethod
    def config(cls):
        return with_hot_metrics(pack_text("php")) + ERRORS

    def test_function_calls_by_class_and_name(self):
        def ours(scrape):
            calls = {(dict(labels)["class"], dict(labels)["function"]): count
                     for labels, count in scrape.series("php_function_calls_total").items()}
            return {"plain": calls["", "plain"], "step": calls["Counter", "step"], "leap": calls["Counter", "leap"]}

        self.check_each_run(ours, lambda truth: truth["calls"])

    def test_exceptions_that_are_caught_by_class(self):
        self.check_each_run(self.by_label("php_exceptions_caught_total", "class"), lambda truth: truth["thrown"])

    def test_exceptions_that_are_thrown_by_class_the_uncaught_one_included(self):
        self.check_each_run(self.by_label("php_exceptions_thrown_total", "class"),
                            lambda truth: {**truth["thrown"], "Fault": truth["thrown"]["Fault"] + 1})

    def test_files_that_are_compiled(self):
        self.check_each_run(lambda scrape: scrape.histogram("php_compile_seconds").count,
                            lambda truth: truth["compiled"])

    def test_each_run_of_a_script_is_a_request(self):
        self.check_each_run(lambda scrape: scrape.histogram("php_request_duration_seconds", method="-").count,
                            lambda truth: 1)

    def test_errors_are_not_in_the_pack_because_their_probe_is_dead(self):
        scrape = self.scrapes[-1]
        self.assertGreater(self.truths[0]["errors"], 0)
        self.assertEqual(scrape.value("sdt_exporter_metric_attached", target="errors", metric="errors_total"), 1)
        self.assertEqual(scrape.value("errors_total"), 0)

    def test_nothing_is_lost(self):
        self.check_nothing_is_lost()

    def test_requests_and_exceptions_do_without_the_environment_variable(self):
        before = self.exporter_process.scrape_of_now()
        program = Program(self.COMMAND)
        truth = json.loads(program.tell("go"))
        program.close()
        after = self.exporter_process.scrape_of_now()

        def added(counts):
            return {key: count - counts(before)[key] for key, count in counts(after).items()}

        self.assertEqual(added(self.by_label("php_exceptions_caught_total", "class")), truth["thrown"])
        self.assertEqual(added(self.by_label("php_request_duration_seconds", "method")), {"-": 1})
        self.assertEqual(set(added(self.by_label("php_function_calls_total", "function")).values()), {0})
        self.assertEqual(after.histogram("php_compile_seconds").count, before.histogram("php_compile_seconds").count)


if __name__ == "__main__":
    unittest.main()
