"""A strict reader of the Prometheus text format 0.0.4.

Numbers stay text until they are asked for, so that nothing is rounded on the way. What the format
forbids (a series twice, a sample outside its family, buckets that fall) is an error here.
"""

import math
import re

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_SAMPLE = re.compile(rf"({_NAME})(?:\{{(.*)\}})? (\S+)(?: (-?\d+))?")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)')
_ESCAPES = {r"\\": "\\", r"\"": '"', r"\n": "\n"}


class Histogram:
    """One series of a histogram. `buckets`: le as a number -> cumulative count."""

    def __init__(self):
        self.buckets = {}
        self.count = None
        self.sum = None

    def each_bucket(self):
        """le -> count of that bucket alone."""
        previous, result = 0, {}
        for bound, count in sorted(self.buckets.items()):
            result[bound] = count - previous
            previous = count
        return result

    def __repr__(self):
        return f"Histogram(count={self.count}, sum={self.sum}, buckets={self.buckets})"


def labels_key(labels):
    return frozenset(labels.items())


def _unescape(text):
    return re.sub(r"\\.", lambda match: _ESCAPES[match.group()], text)


def _parse_labels(text):
    labels, position = {}, 0
    while position < len(text):
        match = _LABEL.match(text, position)
        if not match:
            raise ValueError(f"malformed labels: {text!r}")
        if match.group(1) in labels:
            raise ValueError(f"label twice: {text!r}")
        labels[match.group(1)] = _unescape(match.group(2))
        position = match.end()
    return labels


class Exposition:
    """One scrape."""

    def __init__(self, text):
        self.text = text
        self.types = {}
        self.helps = {}
        self._samples = {}  # name -> {frozenset of labels: text of the value}
        if text and not text.endswith("\n"):
            raise ValueError("the last line has no end")
        for line in text.split("\n"):  # not splitlines(): label values may hold other separators
            if line.startswith("# TYPE "):
                self._declare(self.types, line[len("# TYPE "):])
            elif line.startswith("# HELP "):
                self._declare(self.helps, line[len("# HELP "):])
            elif line and not line.startswith("#"):
                self._add_sample(line)
        self._check_histograms()

    @staticmethod
    def _declare(where, text):
        name, _, rest = text.partition(" ")
        if name in where:
            raise ValueError(f"family declared twice: {name}")
        where[name] = rest

    def _add_sample(self, line):
        match = _SAMPLE.fullmatch(line)
        if not match:
            raise ValueError(f"malformed line: {line!r}")
        name, labels, value = match.group(1), labels_key(_parse_labels(match.group(2) or "")), match.group(3)
        float(value)
        series = self._samples.setdefault(name, {})
        if labels in series:
            raise ValueError(f"series twice: {line!r}")
        series[labels] = value

    def _check_histograms(self):
        for name, kind in self.types.items():
            if kind != "histogram":
                continue
            for labels, histogram in self.histograms(name).items():
                counts = [count for _, count in sorted(histogram.buckets.items())]
                if counts != sorted(counts) or histogram.buckets.get(math.inf) != histogram.count:
                    raise ValueError(f"inconsistent histogram: {name} {dict(labels)} {histogram}")

    def series(self, name):
        """frozenset of (label, value) -> value, as int where the text is one, else float."""
        return {labels: _number(text) for labels, text in self._samples.get(name, {}).items()}

    def value(self, name, **labels):
        """The one series with exactly these labels; None when it is not there."""
        return self.series(name).get(labels_key(labels))

    def total(self, name, **labels):
        """The sum over all series that have at least these labels."""
        wanted = set(labels.items())
        return sum(value for key, value in self.series(name).items() if wanted <= key)

    def histograms(self, name):
        """frozenset of (label, value) without le -> Histogram."""
        result = {}
        for labels, value in self.series(name + "_bucket").items():
            bound = float(dict(labels)["le"])
            key = frozenset(pair for pair in labels if pair[0] != "le")
            result.setdefault(key, Histogram()).buckets[bound] = value
        for labels, value in self.series(name + "_count").items():
            result.setdefault(labels, Histogram()).count = value
        for labels, value in self.series(name + "_sum").items():
            result.setdefault(labels, Histogram()).sum = value
        return result

    def histogram(self, name, **labels):
        return self.histograms(name).get(labels_key(labels))


def _number(text):
    return int(text) if re.fullmatch(r"-?\d+", text) else float(text)
