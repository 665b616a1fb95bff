"""Does all that the pack for Python looks at, over and over: collects, imports, raises audit events.

Prints "ready" and goes on until standard input ends.
"""

import gc
import select
import sys


def import_anew():
    """A package with modules of its own, and one that does not exist."""
    for name in [name for name in sys.modules if name.startswith("xml")]:
        del sys.modules[name]
    import xml.dom.minidom  # pylint: disable=import-outside-toplevel,unused-import
    try:
        import sdt_test_missing  # pylint: disable=import-outside-toplevel,unused-import
    except ModuleNotFoundError:
        pass


print("ready", flush=True)
while not select.select([sys.stdin], [], [], 0.1)[0]:
    for generation in range(3):
        garbage = []
        for _ in range(1000):
            garbage.append([garbage])
        del garbage
        gc.collect(generation)
    import_anew()
    for _ in range(10):
        sys.audit("sdt.test.load")
