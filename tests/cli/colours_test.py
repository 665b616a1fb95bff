#!/usr/bin/python3
"""`list` and `check --probes` are coloured in a terminal, and nowhere else."""

import json
import os
import tempfile
import unittest

from harness.exporter import exporter_path, run_exporter
from harness.program import program_path
from harness.terminal import Terminal, without_colours


def in_a_terminal(*arguments, **environment):
    """What a command writes in a terminal."""
    terminal = Terminal([exporter_path(), *arguments], environment=environment)
    try:
        terminal.wait()
        return terminal.output().replace("\r\n", "\n")
    finally:
        terminal.close()


class Colours(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.list = ["list", "--exe", program_path("puppet")]
        self.plain = run_exporter(*self.list).stdout

    def test_a_pipe_gets_none(self):
        self.assertIn("puppet:guarded", self.plain)
        self.assertNotIn("\x1b", self.plain)

    def test_a_terminal_gets_the_same_text_in_colours(self):
        shown = in_a_terminal(*self.list)
        self.assertIn("\x1b[36mpuppet:guarded\x1b[0m", shown)
        self.assertEqual(without_colours(shown), self.plain)

    def test_no_color_and_a_dumb_terminal_get_none(self):
        self.assertEqual(in_a_terminal(*self.list, NO_COLOR="1"), self.plain)
        self.assertEqual(in_a_terminal(*self.list, TERM="dumb"), self.plain)

    def test_json_is_json_everywhere(self):
        shown = in_a_terminal(*self.list, "--output=json")
        self.assertEqual(json.loads(shown), json.loads(run_exporter(*self.list, "--output=json").stdout))

    def test_verdicts_of_check_are_coloured(self):
        with tempfile.TemporaryDirectory() as directory:
            config = os.path.join(directory, "config.yaml")
            with open(config, "w", encoding="utf-8") as file:
                file.write("targets: [{name: t, processes: [{exe: /nowhere}], metrics: "
                           "[{name: m_total, type: counter, help: h, probe: p:n}]}]\n")
            shown = in_a_terminal("check", f"--config.file={config}", "--probes")
        self.assertIn("\x1b[1mm_total\x1b[0m  \x1b[33mwaits for a process\x1b[0m", shown)
        self.assertTrue(shown.endswith("\n0 of 1 metrics would be attached in full\n"), shown)


if __name__ == "__main__":
    unittest.main()
