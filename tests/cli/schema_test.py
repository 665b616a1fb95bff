#!/usr/bin/python3
"""config/sdt_exporter.schema.json says what `sdt_exporter check` says, as far as a schema can."""

import json
import os
import pathlib
import re
import tempfile
import unittest

import jsonschema
import yaml

from harness.exporter import run_exporter

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
SCHEMA = json.loads((TOP / "config/sdt_exporter.schema.json").read_text(encoding="utf-8"))
SHIPPED = sorted([*(TOP / "config").glob("*.yaml"), *(TOP / "config/packs").glob("*.yaml")])

METRIC = "name: m_total, type: counter, help: h, probe: p:n"
HISTOGRAM = "name: m, type: histogram, help: h, probe: p:n, value: arg0"
PAIR = "name: m_seconds, type: histogram, help: h, start: p:a, end: p:b, buckets: [1s]"
LEVEL = "name: m, type: gauge, help: h, inc: p:a, dec: p:b"


class Core(yaml.SafeLoader):
    """YAML 1.2's core schema, by which editors read; keys as text, as JSON has them."""

    yaml_implicit_resolvers = {}

    def mapping(self, node):
        return {key.value: self.construct_object(value, deep=True) for key, value in node.value}

    def integer(self, node):
        return int(node.value, 16 if node.value.startswith("0x") else 10)

    def real(self, node):
        return float(node.value.replace(".inf", "inf"))


for tag, pattern in (("null", r"~|null|Null|NULL|"), ("bool", r"true|True|TRUE|false|False|FALSE"),
                     ("int", r"[-+]?[0-9]+|0x[0-9a-fA-F]+"),
                     ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.inf")):
    Core.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), None)
Core.add_constructor("tag:yaml.org,2002:map", Core.mapping)
Core.add_constructor("tag:yaml.org,2002:int", Core.integer)
Core.add_constructor("tag:yaml.org,2002:float", Core.real)

VALIDATOR = jsonschema.Draft7Validator(SCHEMA)


def schema_complaints(text):
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
            for error in VALIDATOR.iter_errors(yaml.load(text, Core))]


def check(text):
    """What `sdt_exporter check` says of a config, and its exit status."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        result = run_exporter("check", f"--config.file={file.name}")
        return result.returncode, result.stderr


def target(fields="", metrics=METRIC):
    return (f"targets:\n  - {{name: t, processes: [{{exe: /bin/x}}], {fields}{', ' if fields else ''}"
            f"metrics: [{{{metrics}}}]}}\n")


def metric(fields):
    return target(metrics=fields)


def process(fields):
    return f"targets:\n  - {{name: t, processes: [{fields}], metrics: [{{{METRIC}}}]}}\n"


def good_examples():
    """(place, text) of every config in the documents that is to be right."""
    for document in (TOP / "README.md", *sorted((TOP / "docs").glob("*.md"))):
        text = document.read_text(encoding="utf-8")
        for match in re.finditer(r"^```yaml\n((?:global|targets):.*?)^```$", text, re.MULTILINE | re.DOTALL):
            yield f"{document.name}:{text[:match.start()].count(chr(10)) + 1}", match.group(1)


# Where a map stands in the schema, and a config with a key there that nobody knows.
MAPS = {
    "": "nonsense: 1\n",
    "definitions/global": "global: {nonsense: 1}\n",
    "definitions/budget": "global: {budget: {nonsense: 1}}\n",
    "definitions/target": target("nonsense: 1"),
    "definitions/process": process("{nonsense: 1}"),
    "definitions/metric": metric(METRIC + ", nonsense: 1"),
    "definitions/pair_key": metric(PAIR + ", key: {start: arg0, end: arg0, nonsense: 1}"),
    "definitions/label": metric(METRIC + ", labels: {a: {value: arg0, nonsense: 1}}"),
    "definitions/bucket_shape": metric(HISTOGRAM + ", buckets: {nonsense: 1}"),
    "definitions/exponential":
        metric(HISTOGRAM + ", buckets: {exponential: {start: 1, factor: 2, count: 3, nonsense: 1}}"),
    "definitions/linear":
        metric(HISTOGRAM + ", buckets: {linear: {start: 1, width: 2, count: 3, nonsense: 1}}"),
    "definitions/log2": metric(HISTOGRAM + ", buckets: {log2: {min: 1, max: 2, nonsense: 1}}"),
}

# A key with a few words to choose from: where it stands in the schema, and a config with a word in place of WORD.
CHOICES = {
    "definitions/metric/properties/type": metric("name: m, type: WORD, help: h, start: p:a, end: p:b"),
    "definitions/metric/properties/nesting": metric(PAIR + ", nesting: WORD"),
    "definitions/metric/properties/aggregate":
        metric("name: m, type: gauge, help: h, probe: p:n, value: arg0, aggregate: WORD"),
    "definitions/target/properties/allow_unsafe_sites": target("allow_unsafe_sites: WORD"),
}

BAD = {
    "a list in place of a file": "- targets\n",
    "targets that are no list": "targets: {name: t}\n",
    "a target without a name": "targets:\n  - {processes: [{exe: x}], metrics: [{" + METRIC + "}]}\n",
    "a target without processes": "targets:\n  - {name: t, metrics: [{" + METRIC + "}]}\n",
    "a target without metrics": "targets:\n  - {name: t, processes: [{exe: x}]}\n",
    "an empty list of metrics": "targets:\n  - {name: t, processes: [{exe: x}], metrics: []}\n",
    "a target's name with a dash": target().replace("name: t,", "name: my-target,"),
    "an empty list of processes": process(""),
    "an empty entry of processes": process("{}"),
    "an empty glob": process("{exe: ''}"),
    "pid 0": process("{pid: 0}"),
    "a pid that is none": process("{pid: first}"),
    "a drain interval without a unit": "global: {drain_interval: 5}\n",
    "a drain interval in bytes": "global: {drain_interval: 5KiB}\n",
    "no series at all": "global: {max_series: 0}\n",
    "too many series": metric(METRIC + ", max_series: 1000001"),
    "a budget in seconds": "global: {budget: {cpu: 1s}}\n",
    "a budget of no hits": target("budget: {hits_per_second: 0}"),
    "a pause without a unit": target("budget: {retry_after: 60}"),
    "allow_unsafe_sites: yes": target("allow_unsafe_sites: 'yes'"),
    "a metric without a name": metric("type: counter, help: h, probe: p:n"),
    "a metric without a type": metric("name: m_total, help: h, probe: p:n"),
    "a summary": metric("name: m, type: summary, help: h, probe: p:n, value: arg0"),
    "a metric's name with a blank": metric("name: my metric, type: counter, help: h, probe: p:n"),
    "a name of the exporter's own": metric("name: sdt_exporter_x, type: counter, help: h, probe: p:n"),
    "a help that is a list": metric("name: m_total, type: counter, help: [h], probe: p:n"),
    "no source": metric("name: m_total, type: counter, help: h"),
    "two sources": metric(METRIC + ", start: p:a, end: p:b"),
    "a probe without its provider": metric("name: m_total, type: counter, help: h, probe: n"),
    "a probe of three parts": metric("name: m_total, type: counter, help: h, probe: 'a:b:c'"),
    "a start without an end": metric("name: m_total, type: counter, help: h, start: p:a"),
    "a dec without an inc": metric("name: m, type: gauge, help: h, dec: p:a"),
    "a counter that goes up and down": metric("name: m_total, type: counter, help: h, inc: p:a, dec: p:b"),
    "a key without a pair": metric(METRIC + ", key: arg0"),
    "half a key": metric(PAIR + ", key: {start: arg0}"),
    "nesting without a pair": metric(LEVEL + ", nesting: last"),
    "nesting of another word": metric(PAIR + ", nesting: first"),
    "aggregate of a counter": metric(METRIC + ", aggregate: last"),
    "a gauge without a value": metric("name: m, type: gauge, help: h, probe: p:n"),
    "a histogram without a value": metric("name: m, type: histogram, help: h, probe: p:n, buckets: [1]"),
    "a value that is a list": metric(METRIC + ", value: [arg0]"),
    "a value with a fraction": metric(METRIC + ", value: 1.5"),
    "a scale of nothing": metric(METRIC + ", scale: 0"),
    "a negative scale": metric(METRIC + ", scale: -1"),
    "a scale of an unknown unit": metric(METRIC + ", scale: 1 parsec"),
    "where as a map": metric(METRIC + ", where: {arg0: 1}"),
    "the label le": metric(METRIC + ", labels: {le: arg0}"),
    "a label of Prometheus's own": metric(METRIC + ", labels: {__name__: arg0}"),
    "a label with a dash": metric(METRIC + ", labels: {my-label: arg0}"),
    "17 labels": metric(METRIC + ", labels: {" + ", ".join(f"l{i}: cpu" for i in range(17)) + "}"),
    "a label with a map and a regex": metric(METRIC + ", labels: {l: {value: cpu, map: {0: a}, regex: x}}"),
    "a replace without a regex": metric(METRIC + ", labels: {l: {value: cpu, replace: x}}"),
    "a default of nothing": metric(METRIC + ", labels: {l: {value: cpu, default: x}}"),
    "a list of labels": metric(METRIC + ", labels: [arg0]"),
    "a label without a value": metric(METRIC + ", labels: {a: {map: {0: x}}}"),
    "a default without a map": metric(METRIC + ", labels: {a: {value: arg0, default: x}}"),
    "an empty map": metric(METRIC + ", labels: {a: {value: arg0, map: {}}}"),
    "a map to a list": metric(METRIC + ", labels: {a: {value: arg0, map: {0: [x]}}}"),
    "a histogram without buckets": metric(HISTOGRAM),
    "buckets of a counter": metric(METRIC + ", buckets: [1]"),
    "no buckets": metric(HISTOGRAM + ", buckets: []"),
    "257 buckets": metric(HISTOGRAM + f", buckets: {list(range(1, 259))}"),
    "a bucket that is no number": metric(HISTOGRAM + ", buckets: [many]"),
    "two shapes of buckets":
        metric(HISTOGRAM + ", buckets: {log2: {min: 1, max: 2}, linear: {start: 1, width: 1, count: 1}}"),
    "exponential without its factor": metric(HISTOGRAM + ", buckets: {exponential: {start: 1, count: 3}}"),
    "a factor of 1": metric(HISTOGRAM + ", buckets: {exponential: {start: 1, factor: 1, count: 3}}"),
    "a start of 0": metric(HISTOGRAM + ", buckets: {exponential: {start: 0, factor: 2, count: 3}}"),
    "a count of 300": metric(HISTOGRAM + ", buckets: {linear: {start: 0, width: 2, count: 300}}"),
    "an expiry without a unit": metric(METRIC + ", expire_after: 5"),
}

GOOD = {
    "an empty file": "",
    "parts that are left empty": "global:\ntargets:\n",
    "numbers in quotes": target("budget: {hits_per_second: '1000'}", METRIC + ", max_series: '5', value: '1'"),
    "numbers where texts are": process("{user: 1000, comm: 42}"),
    "hexadecimal": metric(METRIC + ", value: 0x10, labels: {a: {value: arg0, map: {0x10: 16, 1: true}, default: 0}}"),
    "every kind of bound": metric(HISTOGRAM + ", buckets: [-1, 0, 1.5, 2e3, 1h, 4KiB, .inf]"),
    "+Inf as people write it": metric(HISTOGRAM + ", buckets: [1, +Inf]"),
    "a scale with an exponent": metric(METRIC + ", scale: 1e-9"),
    "labels that are left empty": metric(METRIC + ", labels: "),
    "no limit": target("budget: {cpu: unlimited, hits_per_second: unlimited, retry_after: 1.5m}"),
    "buckets from below zero": metric(HISTOGRAM + ", buckets: {linear: {start: -5, width: 1s, count: 256}}"),
}


def at(path):
    found = SCHEMA
    for step in filter(None, path.split("/")):
        found = found[step]
    return found


class Schema(unittest.TestCase):
    def test_is_a_schema(self):
        jsonschema.Draft7Validator.check_schema(SCHEMA)

    def test_takes_every_shipped_config(self):
        self.assertGreater(len(SHIPPED), 5)
        for path in SHIPPED:
            with self.subTest(path.name):
                self.assertEqual(schema_complaints(path.read_text(encoding="utf-8")), [])

    def test_is_named_in_the_first_line_of_every_shipped_config(self):
        for path in SHIPPED:
            with self.subTest(path.name):
                first = path.read_text(encoding="utf-8").splitlines()[0]
                relative = os.path.relpath(TOP / "config/sdt_exporter.schema.json", path.parent)
                relative = relative if relative.startswith("..") else f"./{relative}"
                self.assertEqual(first, f"# yaml-language-server: $schema={relative}")

    def test_takes_every_good_example_of_the_documents(self):
        examples = list(good_examples())
        self.assertGreater(len(examples), 25)
        for place, text in examples:
            with self.subTest(place):
                self.assertEqual(schema_complaints(text), [])

    def test_takes_what_check_takes(self):
        for name, text in GOOD.items():
            with self.subTest(name):
                self.assertEqual(check(text)[0], 0, check(text)[1])
                self.assertEqual(schema_complaints(text), [])

    def test_refuses_what_check_refuses(self):
        for name, text in BAD.items():
            with self.subTest(name):
                self.assertEqual(check(text)[0], 2)
                self.assertNotEqual(schema_complaints(text), [])


class Vocabulary(unittest.TestCase):
    """The binary names what it knows when it is given what it does not."""

    def test_every_map_of_the_schema_has_the_keys_that_check_knows_and_no_other(self):
        for path, text in MAPS.items():
            with self.subTest(path):
                status, said = check(text)
                self.assertEqual(status, 2)
                known = re.search(r'unknown key "nonsense" in .*\(allowed: ([^)]*)\)', said).group(1)
                self.assertEqual(sorted(at(path)["properties"]), sorted(known.split(", ")))
                self.assertIs(at(path)["additionalProperties"], False)

    def test_no_map_of_the_schema_is_left_out(self):
        maps = {f"definitions/{name}" for name, schema in SCHEMA["definitions"].items() if "properties" in schema}
        self.assertEqual(maps | {""}, set(MAPS))

    def test_every_key_is_described(self):
        for path in MAPS:
            for key, schema in at(path)["properties"].items():
                with self.subTest(f"{path}: {key}"):
                    self.assertGreater(len(schema["description"]), 10)

    def test_choices_have_the_words_that_check_takes(self):
        for path, text in CHOICES.items():
            with self.subTest(path):
                said = check(text.replace("WORD", "nonsense"))[1]
                listed = re.search(r'must be one of (.*), not "nonsense"', said).group(1).split(", ")
                refused = [word for word in listed if "not built yet" in check(text.replace("WORD", word))[1]]
                offered = {str(word).lower() for word in at(path)["enum"]}
                self.assertEqual(offered, set(listed) - set(refused))


if __name__ == "__main__":
    unittest.main()
