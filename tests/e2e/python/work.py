"""Collects garbage, imports, and says what Python itself counted.

Prints "ready", waits for a line, works, prints one line of JSON and stays until standard input ends.
"""

import gc
import json
import os
import sys

COLLECTIONS = (5, 3, 2)  # by generation
CYCLES = 1000
EVENTS = {"sdt.test.first": 123, "sdt.test.second": 45}


def make_cycles():
    for _ in range(CYCLES):
        cycle = []
        cycle.append(cycle)


def import_modules():
    """A package with a module of its own, a module that is loaded already, and one that does not exist."""
    before = set(sys.modules)
    import xml.dom.minidom  # pylint: disable=import-outside-toplevel,unused-import
    import os  # pylint: disable=import-outside-toplevel,unused-import,redefined-outer-name,reimported
    missing = 0
    for _ in range(4):
        try:
            import sdt_test_missing  # pylint: disable=import-outside-toplevel,unused-import
        except ModuleNotFoundError:
            missing += 1
    return sorted(name for name in set(sys.modules) - before if name.startswith("xml.dom")), missing


def main():
    print("ready", flush=True)
    sys.stdin.readline()
    for generation, count in enumerate(COLLECTIONS):
        for _ in range(count):
            make_cycles()
            gc.collect(generation)
    modules, missing = import_modules()
    for event, count in EVENTS.items():
        for _ in range(count):
            sys.audit(event)
    # Nothing may be collected between what is said here and the end.
    gc.disable()
    stats = gc.get_stats()
    print(json.dumps({
        "collections": [generation["collections"] for generation in stats],
        "found": [generation["collected"] + generation["uncollectable"] for generation in stats],
        "modules": modules, "missing": missing, "events": EVENTS}), flush=True)
    sys.stdin.read()
    # Not through the interpreter's own end: it collects more, and there is nobody left to count it.
    os._exit(0)


if __name__ == "__main__":
    main()
