#!/usr/bin/env python3
"""The integration suites on Debian's own kernel, in QEMU without hardware help.

That kernel (6.1) has no uprobe_multi: this is the proof of the way through perf events, on a machine
that is nothing but the kernel, Debian's packages and the built exporter. Run by `./dev test-vm`.
"""

import argparse
import json
import os
import selectors
import shutil
import subprocess
import sys
import time
import unittest

from plan import ELSEWHERE

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# What runs inside is some 20 times slower than here, the clock is not.
PATIENCE = 6
QEMU = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-M", "q35", "-m", "3000",
        "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-nic", "none"]


def tests_of(suite):
    if isinstance(suite, unittest.TestSuite):
        for part in suite:
            yield from tests_of(part)
    else:
        yield suite.id()


def make_plan(only):
    """The tests to run; every other one is in ELSEWHERE, which names nothing that does not exist."""
    sys.path[:0] = [os.path.join(TOP, "tests"), os.path.join(TOP, "tests", "integration")]
    suites = sorted(name.removesuffix(".py") for name in os.listdir(sys.path[1]) if name.endswith("_test.py"))
    known = list(tests_of(unittest.defaultTestLoader.loadTestsFromNames(suites)))
    for name in ELSEWHERE:
        if not any(is_under(test, name) for test in known):
            sys.exit(f"test-vm: the plan leaves out {name}, which is not there")
    if only:
        known = [test for test in known if any(is_under(test, name) for name in only)]
    return [test for test in known if runs_there(test) or test in only]


def runs_there(test):
    """The plan's longest name for it decides."""
    names = [name for name in ELSEWHERE if is_under(test, name)]
    return not names or ELSEWHERE[max(names, key=len)] is None


def is_under(test, name):
    return test == name or test.startswith(name + ".")


def stage(folder, build, modules, plan):
    """What comes on top of Debian's root, with the same paths as here."""
    shutil.rmtree(folder, ignore_errors=True)

    def add(path, to=None, mode=None):
        to = folder + (to or path)
        os.makedirs(os.path.dirname(to), exist_ok=True)
        shutil.copy2(path, to)
        if mode:
            os.chmod(to, mode)

    programs = os.path.join(build, "tests", "programs")
    exporter = os.path.join(build, "src", "cli", "sdt_exporter")
    for name in os.listdir(programs):
        path = os.path.join(programs, name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            add(path)
    add(exporter)
    add(shutil.which("promtool"))
    for part in ("tests/harness", "tests/integration", "tests/vm", "config"):
        shutil.copytree(os.path.join(TOP, part), folder + os.path.join(TOP, part),
                        ignore=shutil.ignore_patterns("__pycache__"))
    add(os.path.join(TOP, "tests", "vm", "init"), "/init", 0o755)
    for module in modules:
        add(module, "/modules/" + os.path.basename(module))
    with open(os.path.join(folder, "plan.json"), "w", encoding="utf-8") as file:
        json.dump(plan, file)
    settings = {"PYTHONPATH": f"{TOP}/tests:{TOP}/tests/integration", "PYTHONDONTWRITEBYTECODE": "1",
                "SDT_EXPORTER": exporter, "SDT_PROGRAMS": programs, "SDT_TEST_PATIENCE": str(PATIENCE),
                "VM_GUEST": f"{TOP}/tests/vm/guest.py"}
    with open(os.path.join(folder, "vm.env"), "w", encoding="utf-8") as file:
        file.writelines(f"export {name}='{value}'\n" for name, value in settings.items())


def pack(folder, base, initrd):
    """The staged files in front of the packed root: the kernel unpacks one after the other."""
    with open(initrd, "wb") as out:
        subprocess.run("find . -print0 | cpio --null --create --format=newc --owner=0:0 --quiet | zstd -q -1 -T2",
                       shell=True, cwd=folder, stdout=out, check=True)
        out.write(b"\0" * (-out.tell() % 4))
        with open(base, "rb") as file:
            shutil.copyfileobj(file, out)


class Machine:
    """QEMU; its results as they come, its console in a file."""

    def __init__(self, kernel, initrd, console, deadline):
        self.console, self._deadline = console, deadline
        self.process = subprocess.Popen(
            [*QEMU, "-kernel", kernel, "-initrd", initrd, "-append", "console=ttyS0 quiet panic=-1",
             "-serial", f"file:{console}", "-serial", "stdio"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)

    def results(self):
        """Until the machine is off, or the time over."""
        selector = selectors.DefaultSelector()
        selector.register(self.process.stdout, selectors.EVENT_READ)
        rest = b""
        while selector.select(max(0, self._deadline - time.monotonic())):
            part = os.read(self.process.stdout.fileno(), 65536)
            if not part:
                return
            *lines, rest = (rest + part).split(b"\n")
            for line in lines:
                if line.strip():
                    yield json.loads(line)

    def end(self):
        self.process.kill()
        self.process.wait()

    def last_words(self, lines):
        with open(self.console, encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-lines:])


def run(machine, plan):
    """Prints each result; how many passed."""
    passed, ended = set(), False
    try:
        for result in machine.results():
            if "test" in result:
                print(f"{result['outcome']:7} {result['seconds']:6.1f} s  {result['test']}", flush=True)
                if result["outcome"] == "passed":
                    passed.add(result["test"])
                else:
                    print(result["detail"], flush=True)
            elif "kernel" in result:
                print(f"kernel {result['kernel']}, {result['booted']:.1f} s after its start", flush=True)
            else:
                ended = result.get("ended", False)
    finally:
        machine.end()
    if not ended:
        print(f"the machine did not come to the end of the tests; its console:\n{machine.last_words(60)}")
    missing = [test for test in plan if test not in passed]
    if missing and ended:
        print("did not pass:", *missing, sep="\n  ")
    if not ended and not missing:
        missing = ["the end"]
    return len(plan) - len(missing), len(missing)


def main():
    parser = argparse.ArgumentParser(prog="./dev test-vm", description=__doc__)
    parser.add_argument("--build", required=True, help="folder of the build")
    parser.add_argument("--kernel", required=True, help="folder of the unpacked kernel package")
    parser.add_argument("--base", required=True, help="Debian's root, a packed cpio")
    parser.add_argument("--seconds", type=int, default=2700, help="for all of it")
    parser.add_argument("tests", nargs="*", help="suites, classes or tests, in place of the plan")
    arguments = parser.parse_args()
    plan = make_plan(arguments.tests)
    if not plan:
        sys.exit("test-vm: no such test")
    began = time.monotonic()
    work = os.path.join(TOP, "build", "vm")
    boot = os.path.join(arguments.kernel, "boot")
    vmlinuz, = [os.path.join(boot, name) for name in os.listdir(boot) if name.startswith("vmlinuz-")]
    release = os.path.basename(vmlinuz).removeprefix("vmlinuz-")
    overlay = os.path.join(arguments.kernel, "lib/modules", release, "kernel/fs/overlayfs/overlay.ko")
    stage(os.path.join(work, "stage"), os.path.abspath(arguments.build), [overlay], plan)
    initrd = os.path.join(work, "initrd")
    pack(os.path.join(work, "stage"), arguments.base, initrd)
    machine = Machine(vmlinuz, initrd, os.path.join(work, "console.log"), began + arguments.seconds)
    passed, failed = run(machine, plan)
    print(f"{time.monotonic() - began:.0f} s")
    if not arguments.tests:
        print("not run here:", *(f"{name}: {reason}" for name, reason in ELSEWHERE.items() if reason), sep="\n  ")
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
