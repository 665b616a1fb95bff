#!/usr/bin/python3
"""The manual pages are well made, and leave out no command, no flag and no key."""

import json
import pathlib
import re
import subprocess
import unittest

from harness.commands import commands, flags

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
PAGES = sorted((TOP / "man").iterdir())


def source(name):
    return (TOP / "man" / name).read_text(encoding="utf-8")


def section(name, heading):
    """The part of a page's source below a subsection's heading."""
    found = re.search(rf"^\.Ss {re.escape(heading)}\n(.*?)(?=^\.S[sh] )", source(name), re.MULTILINE | re.DOTALL)
    if not found:
        raise AssertionError(f"man/{name} has no subsection \"{heading}\"")
    return found.group(1)


def flags_in(text):
    return {f"-{flag}" for line in re.findall(r"^\.It Fl (.*)$", text, re.MULTILINE)
            for flag in re.findall(r"-[a-z][a-z.-]*", line)}


class Pages(unittest.TestCase):
    def test_mandoc_has_nothing_to_complain_about(self):
        for page in PAGES:
            with self.subTest(page.name):
                lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True)
                self.assertEqual(lint.stdout + lint.stderr, "")

    def test_every_page_can_be_read(self):
        self.assertEqual([page.name for page in PAGES], ["sdt_exporter.1", "sdt_exporter.yaml.5"])
        for page in PAGES:
            with self.subTest(page.name):
                shown = subprocess.run(["mandoc", "-T", "utf8", page], capture_output=True, text=True, check=True)
                self.assertGreater(len(shown.stdout.splitlines()), 100)


class Commands(unittest.TestCase):
    def test_every_command_has_a_subsection_with_its_flags_and_no_other(self):
        for command in commands():
            with self.subTest(command):
                self.assertEqual(flags_in(section("sdt_exporter.1", command)), set(flags(command)) - {"--help"})

    def test_no_command_is_described_that_there_is_not(self):
        self.assertEqual(re.findall(r"^\.Ss (.*)$", source("sdt_exporter.1"), re.MULTILINE), commands())

    def test_what_works_without_a_command_is_there(self):
        self.assertEqual(set(flags()) - set(flags("run")), {"--version"})
        self.assertIn(".Fl h | -help | -version\n", source("sdt_exporter.1"))


class Keys(unittest.TestCase):
    SECTIONS = {
        "": "The file",
        "global": "global",
        "target": "Entries of targets",
        "process": "Entries of processes",
        "budget": "budget",
        "metric": "Entries of metrics",
        "label": "A label",
    }

    def test_every_key_of_the_config_is_there_and_no_other(self):
        schema = json.loads((TOP / "config/sdt_exporter.schema.json").read_text(encoding="utf-8"))
        for definition, heading in self.SECTIONS.items():
            with self.subTest(heading):
                properties = (schema["definitions"][definition] if definition else schema)["properties"]
                described = [key for line in re.findall(r"^\.It Ic (.*)$", section("sdt_exporter.yaml.5", heading),
                                                        re.MULTILINE) for key in line.split(" , ")]
                self.assertEqual(sorted(described), sorted(properties))

    def test_shapes_of_buckets_and_their_keys_are_there(self):
        schema = json.loads((TOP / "config/sdt_exporter.schema.json").read_text(encoding="utf-8"))
        text = section("sdt_exporter.yaml.5", "Entries of metrics").partition(".It Ic buckets")[2].partition(".It")[0]
        for shape in schema["definitions"]["bucket_shape"]["properties"]:
            for key in (shape, *schema["definitions"][shape]["properties"]):
                self.assertRegex(text, rf"\b{key}\b")


if __name__ == "__main__":
    unittest.main()
