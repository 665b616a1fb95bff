#!/usr/bin/python3
"""What is shipped around the exporter speaks of metrics that it has, as docs/metrics.md lists them; and the documents speak of
what is shipped.

Usage: shipped.py TOP.
"""

import json
import pathlib
import re
import sys

# What recording rules make has colons in its name, and is theirs.
_OWN_METRIC = re.compile(r"(?<![\w:])(?:sdt_exporter|process)_[a-z_]+\b(?![.:])")
_DOCUMENTED = re.compile(r"^\| `(sdt_exporter_[a-z_]+)` \| (gauge|counter|histogram) \|", re.MULTILINE)


def documented(top):
    """Every sample name that the metrics of docs/metrics.md have."""
    names = set()
    for name, kind in _DOCUMENTED.findall((top / "docs/metrics.md").read_text(encoding="utf-8")):
        suffixes = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
        names.update(name + suffix for suffix in suffixes)
    return names


def unknown_metrics(where, expression, known):
    for name in _OWN_METRIC.findall(expression):
        if name.startswith("sdt_exporter_") and name not in known:
            yield f"{where}: {name} is not in docs/metrics.md"


def overlaps(one, other):
    return (one["x"] < other["x"] + other["w"] and other["x"] < one["x"] + one["w"]
            and one["y"] < other["y"] + other["h"] and other["y"] < one["y"] + one["h"])


def dashboard_complaints(path, known):
    panels = json.loads(path.read_text(encoding="utf-8"))["panels"]
    if len({panel["id"] for panel in panels}) != len(panels):
        yield f"{path.name}: two panels have one id"
    for number, panel in enumerate(panels):
        for target in panel.get("targets", ()):  # a row has none
            yield from unknown_metrics(f"{path.name}: {panel['title']}", target["expr"], known)
        for other in panels[number + 1:]:
            if overlaps(panel["gridPos"], other["gridPos"]):
                yield f"{path.name}: {panel['title']} and {other['title']} overlap"


def rules_complaints(path, known):
    # Only what stands in `expr`: the rest is prose and alert names.
    text = path.read_text(encoding="utf-8")
    for expression in re.findall(r"expr: (?:\|\n)?((?:.+\n)(?:(?: {10,}).+\n)*)", text):
        yield from unknown_metrics(path.name, expression, known)


def alert_complaints(path, page):
    """Whoever is woken finds what to do under the alert's name."""
    for name in re.findall(r"- alert: (\w+)", path.read_text(encoding="utf-8")):
        if f"`{name}`" not in page:
            yield f"{path.name}: {name} is not in docs/troubleshooting.md"


def pack_complaints(path, page):
    """What a pack shows is in the page about packs."""
    for name in re.findall(r"^      (?:# )?- name: (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE):
        if f"`{name}`" not in page:
            yield f"{path.name}: {name} is not in docs/packs.md"
    if f"config/packs/{path.name})" not in page:
        yield f"{path.name} is not in docs/packs.md"


def complaints(top):
    known = documented(top)
    troubles = (top / "docs/troubleshooting.md").read_text(encoding="utf-8")
    if not known:
        yield "docs/metrics.md: no table of metrics found"
    for path in sorted((top / "dashboards").glob("*.json")):
        yield from dashboard_complaints(path, known)
    for path in sorted((top / "packaging/prometheus").glob("*.rules.yml")):
        yield from rules_complaints(path, known)
        yield from alert_complaints(path, troubles)
    packs = (top / "docs/packs.md").read_text(encoding="utf-8")
    for path in sorted((top / "config/packs").glob("*.yaml")):
        yield from pack_complaints(path, packs)


def main():
    found = list(complaints(pathlib.Path(sys.argv[1]).resolve()))
    print("\n".join(found))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
