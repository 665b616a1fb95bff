"""Inside the virtual machine: runs the tests of /plan.json, a JSON line on descriptor 3 for each."""

import json
import os
import platform
import time
import unittest


class Report(unittest.TestResult):
    """Each test's outcome, once, as soon as it is known."""

    def __init__(self, lines):
        super().__init__()
        self._lines = lines
        self._began = time.monotonic()
        self._outcome, self._detail = None, ""

    def say(self, **what):
        self._lines.write(json.dumps(what) + "\n")
        self._lines.flush()

    def startTest(self, test):
        super().startTest(test)
        self._began = time.monotonic()
        self._outcome, self._detail = None, ""
        print(f"-- {test.id()}", flush=True)

    def addSuccess(self, test):
        self._outcome = self._outcome or "passed"

    def addError(self, test, err):
        self._not_passed(test, "error", self._exc_info_to_string(err, test))

    def addFailure(self, test, err):
        self._not_passed(test, "failed", self._exc_info_to_string(err, test))

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self._not_passed(test, "failed", self._exc_info_to_string(err, test))

    def addSkip(self, test, reason):
        self._not_passed(test, "skipped", reason)

    def _not_passed(self, test, outcome, detail):
        if isinstance(test, unittest.TestCase):
            self._outcome, self._detail = outcome, self._detail + detail
        else:  # setUpClass and the like: no test of its own
            self.say(test=str(test), outcome=outcome, seconds=0, detail=detail)

    def stopTest(self, test):
        super().stopTest(test)
        self.say(test=test.id(), outcome=self._outcome, seconds=time.monotonic() - self._began, detail=self._detail)


def main():
    with open("/plan.json", encoding="utf-8") as file:
        plan = json.load(file)
    with os.fdopen(3, "w", encoding="utf-8") as lines:
        report = Report(lines)
        report.say(kernel=platform.release(), booted=time.clock_gettime(time.CLOCK_BOOTTIME))
        unittest.defaultTestLoader.loadTestsFromNames(plan).run(report)
        report.say(ended=True, tests=report.testsRun)


main()
