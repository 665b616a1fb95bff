#!/usr/bin/python3
"""Runs fuzz targets one after the other and prints a table: ./dev fuzz [TARGET...] [--runs N] [--seconds S].

What libFuzzer learns stays in build/fuzz/corpus/TARGET for the next run; an input that breaks a target is
written to build/fuzz/findings/TARGET. Fails when there is one.
"""
import argparse
import os
import re
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SOURCES = os.path.join(TOP, "tests/fuzz")
BUILD = os.path.join(TOP, "build/fuzz")
PROGRAMS = os.path.join(BUILD, "tests/fuzz")

# What a single input may take. None is larger than a small file, so this is generous.
LIMITS = ["-timeout=10", "-rss_limit_mb=2048", "-malloc_limit_mb=512", "-max_len=4096"]
# Long stacks of every allocation and the weighing of rare features cost two thirds of the time.
SPEED = ["-entropic=0"]
ENVIRONMENT = {**os.environ, "ASAN_OPTIONS": "malloc_context_size=5", "UBSAN_OPTIONS": "print_stacktrace=1"}


def targets():
    return sorted(name.removeprefix("fuzz_") for name in os.listdir(PROGRAMS)
                  if name.startswith("fuzz_") and os.access(os.path.join(PROGRAMS, name), os.X_OK))


def folder(*parts):
    path = os.path.join(BUILD, *parts)
    os.makedirs(path, exist_ok=True)
    return path


def run(target, runs, seconds):
    """Executions, seconds, findings of one target."""
    findings = folder("findings", target)
    before = set(os.listdir(findings))
    command = [os.path.join(PROGRAMS, f"fuzz_{target}"), f"-runs={runs}", f"-max_total_time={seconds}", *LIMITS, *SPEED,
               f"-artifact_prefix={findings}/", "-print_final_stats=1"]
    dictionary = os.path.join(SOURCES, "dictionaries", f"{target}.dict")
    if os.path.exists(dictionary):
        command.append(f"-dict={dictionary}")
    command += [folder("corpus", target), os.path.join(SOURCES, "corpus", target)]
    log_path = os.path.join(BUILD, f"{target}.log")
    began = time.monotonic()
    with open(log_path, "wb") as log:
        status = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=ENVIRONMENT,
                                check=False).returncode
    took = time.monotonic() - began
    with open(log_path, encoding="utf-8", errors="replace") as log:
        text = log.read()
    executed = re.findall(r"^(?:stat::number_of_executed_units: +|#)(\d+)", text, re.MULTILINE)
    new = sorted(set(os.listdir(findings)) - before)
    if status != 0:
        print(text[-3000:], file=sys.stderr)
        print(f"{target}: see {log_path}", *(os.path.join(findings, name) for name in new), sep="\n  ", file=sys.stderr)
    return max(map(int, executed), default=0), took, max(len(new), int(status != 0))


def main():
    parser = argparse.ArgumentParser(prog="./dev fuzz", description="Runs the fuzz targets of tests/fuzz.")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="default: all, one after the other")
    parser.add_argument("--runs", type=int, default=1_000_000, help="inputs for each target (default: %(default)s)")
    parser.add_argument("--seconds", type=int, default=0, help="end a target after so long (default: never)")
    options = parser.parse_args()
    known = targets()
    unknown = sorted(set(options.targets) - set(known))
    if unknown:
        parser.error(f"no target {', '.join(unknown)}; there are: {', '.join(known)}")
    print(f"{'target':<14} {'executions':>12} {'seconds':>8} {'exec/s':>8} {'findings':>9}", flush=True)
    found = 0
    for target in options.targets or known:
        executions, took, findings = run(target, options.runs, options.seconds)
        found += findings
        print(f"{target:<14} {executions:>12,} {took:>8.0f} {executions / took:>8,.0f} {findings:>9}", flush=True)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
