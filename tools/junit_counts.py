#!/usr/bin/python3
"""Prints "PASSED FAILED" for a JUnit report of ctest, and names on stderr what was skipped.

A test that was skipped, disabled or not run has shown nothing: it counts as failed. So does a suite
of GoogleTest or unittest that passed as a whole and skipped some of its cases.
"""
import re
import sys
import xml.etree.ElementTree as xml

_SKIPPED_INSIDE = re.compile(r"^OK \(.*skipped=|^\[  SKIPPED \]", re.MULTILINE)


def problem_of(case):
    """Why the test did not pass; empty when it did."""
    status = case.get("status")
    if status == "run":
        return "skips some of its cases" if _SKIPPED_INSIDE.search(case.findtext("system-out") or "") else ""
    return "failed" if status == "fail" else f"not run ({status})"


def main() -> None:
    passed = failed = 0
    for case in xml.parse(sys.argv[1]).getroot().iter("testcase"):
        problem = problem_of(case)
        if problem:
            failed += 1
            print(f"{case.get('name')}: {problem}", file=sys.stderr)
        else:
            passed += 1
    print(passed, failed)


if __name__ == "__main__":
    main()
