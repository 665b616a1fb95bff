"""Reads a Prometheus text exposition and draws it for a terminal: bars, counters and gauges."""

import dataclasses
import re

_SAMPLE = re.compile(r"([A-Za-z_:][A-Za-z0-9_:]*)(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'([A-Za-z_][A-Za-z0-9_]*)="((?:[^"\\]|\\.)*)"')
_ESCAPES = {r"\\": "\\", r"\"": '"', r"\n": "\n"}
_WIDTH = 44


@dataclasses.dataclass
class Family:
    """One metric: its samples as (suffix, labels, value), the suffix being what follows its name."""

    name: str
    type: str
    help: str = ""
    samples: list = dataclasses.field(default_factory=list)

    def total(self, suffix=""):
        return sum(value for ending, _, value in self.samples if ending == suffix)


def parse(text):
    """The families of an exposition, by name."""
    families = {}
    helps = {}
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name, _, words = line[7:].partition(" ")
            helps[name] = words
        elif line.startswith("# TYPE "):
            name, kind = line[7:].split()
            families[name] = Family(name, kind, helps.get(name, ""))
        elif line and not line.startswith("#"):
            match = _SAMPLE.match(line)
            if not match:
                raise ValueError(f"not a sample: {line!r}")
            name, labels, value = match.groups()
            family = _family_of(families, name)
            family.samples.append((name[len(family.name):], _labels(labels or ""), float(value)))
    return families


def _family_of(families, name):
    for suffix in ("", "_bucket", "_sum", "_count"):
        family = families.get(name.removesuffix(suffix)) if name.endswith(suffix) else None
        if family and (not suffix or family.type == "histogram"):
            return family
    raise ValueError(f"sample {name} has no # TYPE line before it")


def _labels(text):
    return {name: re.sub(r'\\[\\"n]', lambda escape: _ESCAPES[escape.group()], value)
            for name, value in _LABEL.findall(text)}


def buckets(family):
    """[(le, events in that bucket alone)] of a histogram, over all its label sets."""
    cumulative = {}
    for suffix, labels, value in family.samples:
        if suffix == "_bucket":
            bound = float(labels["le"])
            cumulative[bound] = cumulative.get(bound, 0) + value
    alone = []
    before = 0
    for bound in sorted(cumulative):
        alone.append((bound, cumulative[bound] - before))
        before = cumulative[bound]
    return alone


def draw(families):
    """The picture of these families, as lines."""
    lines = []
    for family in families:
        lines += ["", family.name + (f"  ({family.help.rstrip('.')})" if family.help else "")]
        lines += _histogram(family) if family.type == "histogram" else _rows(family)
    return lines


def _histogram(family):
    rows = buckets(family)
    most = max((events for _, events in rows), default=0)
    lines = [f"  le {_bound(bound, family.name):>8} {events:>9.0f}  {_bar(events, most)}".rstrip()
             for bound, events in rows]
    count = family.total("_count")
    if count:
        mean = _bound(family.total("_sum") / count, family.name)
        lines.append(f"  {count:.0f} events, {mean} on average")
    return lines


def _rows(family):
    rows = [(", ".join(f"{name}={value}" for name, value in labels.items()) or "now", value)
            for _, labels, value in family.samples]
    most = max((value for _, value in rows), default=0)
    return [f"  {label:<20} {value:>9.0f}  {_bar(value, most) if len(rows) > 1 else ''}".rstrip()
            for label, value in rows]


def _bar(value, most):
    eighths = round(_WIDTH * 8 * value / most) if most > 0 else 0
    if value > 0:
        eighths = max(eighths, 1)
    return "█" * (eighths // 8) + ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")[eighths % 8]


def _bound(value, name):
    if value == float("inf"):
        return "+Inf"
    if name.endswith("_seconds"):
        steps = [(1, "s"), (1e-3, "ms"), (1e-6, "us")]
    elif name.endswith("_bytes"):
        steps = [(1 << 20, "MiB"), (1 << 10, "KiB"), (1, "B")]
    else:
        steps = [(1, "")]
    factor, unit = next((step for step in steps if value >= step[0]), steps[-1])
    return f"{value / factor:.3g}{unit}"
