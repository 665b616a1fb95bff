#!/usr/bin/python3
"""Completion in a real bash and a real zsh: commands, flags, their words, files."""

import os
import pathlib
import re
import shlex
import subprocess
import tempfile
import unittest

from harness.commands import commands, flags
from harness.exporter import exporter_path, run_exporter
from harness.terminal import Terminal
from harness.waiting import wait_until

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
WORDS = {
    "--log.level": {"debug", "info", "warn", "error"},
    "--log.format": {"logfmt", "json"},
    "--kernel.attach": {"auto", "multi", "perf"},
    "--kernel.pairs": {"auto", "task", "hash"},
}
PATH = f"{os.path.dirname(exporter_path())}:{os.environ['PATH']}"


class Shell(unittest.TestCase):
    """A directory with files to be found."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        for name in ("alpha.yaml", "beta.txt"):
            pathlib.Path(self.directory, name).touch()
        os.mkdir(os.path.join(self.directory, "gamma"))

    def type_and_press_tab(self, command, prepare, typed, completed):
        """In an interactive shell, what is typed becomes what is completed."""
        terminal = Terminal(command, environment={"TERM": "dumb", "PATH": PATH, "PS1": "", "HISTFILE": ""})
        self.addCleanup(terminal.close)
        terminal.type(f"{prepare}; echo rea''dy\n")
        wait_until(lambda: re.search(r"^ready\r?$", terminal.output(), re.MULTILINE), "the shell is ready")
        terminal.type(typed + "\t")
        try:
            wait_until(lambda: completed in terminal.output().rpartition("ready")[2], f"{typed} becomes {completed}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n--- the shell:\n{terminal.output()!r}") from None


class Bash(Shell):
    SCRIPT = f"source /usr/share/bash-completion/bash_completion; source {TOP}/completions/sdt_exporter.bash"

    def complete(self, line):
        """What bash offers at the end of a line, which it cuts into words at blanks and at =."""
        words = [word for word in re.split(r"[ ]+|(=)", line) if word]
        if line.endswith((" ", "=")):
            words.append("")
        script = f"""
            {self.SCRIPT}
            COMP_LINE={shlex.quote(line)} COMP_POINT={len(line)} COMP_CWORD={len(words) - 1}
            COMP_WORDS=({' '.join(map(shlex.quote, words))})
            _sdt_exporter sdt_exporter
            printf '%s\\n' "${{COMPREPLY[@]}}"
            """
        run = subprocess.run(["bash", "--norc", "-c", script], capture_output=True, text=True, check=True,
                             env={**os.environ, "PATH": PATH}, timeout=60)
        self.assertEqual(run.stderr, "")
        return set(run.stdout.split())

    def test_commands(self):
        self.assertEqual(self.complete("sdt_exporter "), set(commands()))
        self.assertEqual(self.complete("sdt_exporter ch"), {"check"})

    def test_flags_of_every_command(self):
        self.assertEqual(self.complete("sdt_exporter -"), set(flags()))
        for command in commands():
            with self.subTest(command):
                self.assertEqual(self.complete(f"sdt_exporter {command} -"), set(flags(command)))
        self.assertEqual(self.complete("sdt_exporter list --p"), {"--pid"})

    def test_words_of_flags_are_those_that_are_taken(self):
        for flag, words in WORDS.items():
            with self.subTest(flag):
                self.assertEqual(self.complete(f"sdt_exporter {flag}="), words)
                self.assertEqual(self.complete(f"sdt_exporter run {flag} "), words)
                for word in words:
                    self.assertIn("--config.file is required", run_exporter(f"{flag}={word}").stderr)
        self.assertEqual(self.complete("sdt_exporter list --output="), {"text", "json"})

    def test_files(self):
        inside = self.directory + "/"
        for flag in ("--config.file=", "check --config.file=", "--web.config.file="):
            with self.subTest(flag):
                self.assertEqual(self.complete(f"sdt_exporter {flag}{inside}"), {inside + "alpha.yaml", inside + "gamma"})
        self.assertEqual(self.complete(f"sdt_exporter list --exe {inside}b"), {inside + "beta.txt"})
        self.assertEqual(self.complete(f"sdt_exporter --path.rootfs={inside}"), {inside + "gamma"})

    def test_processes(self):
        self.assertIn(str(os.getpid()), self.complete("sdt_exporter list --pid="))

    def test_at_a_prompt(self):
        self.type_and_press_tab(["bash", "--norc", "-i"], self.SCRIPT,
                                f"sdt_exporter check --config.file={self.directory}/al",
                                f"--config.file={self.directory}/alpha.yaml ")


class Zsh(Shell):
    PREPARE = (f"fpath=({TOP}/completions $fpath); autoload -Uz compinit; compinit -u -D; "
               "zstyle ':completion:*' list-prompt ''; zstyle ':completion:*' verbose yes; LISTMAX=1000; PS1=''")

    def press_tab(self, typed, completed):
        self.type_and_press_tab(["zsh", "-f", "-i"], self.PREPARE, typed, completed)

    def listed(self, line):
        """The names that zsh lists for a line, without what it says of them."""
        terminal = Terminal(["zsh", "-f", "-i"], rows=60, environment={"TERM": "dumb", "PATH": PATH})
        self.addCleanup(terminal.close)
        terminal.type(f"{self.PREPARE}; echo rea''dy\n")
        wait_until(lambda: re.search(r"^ready\r?$", terminal.output(), re.MULTILINE), "the shell is ready")
        # What follows the list is typed anew: its end is sure to be seen.
        terminal.type(f"{line}\t")
        wait_until(lambda: " -- " in terminal.output().rpartition("ready")[2], f"a list for {line}")
        terminal.type("\x15echo do''ne\n")
        wait_until(lambda: re.search(r"^done\r?$", terminal.output(), re.MULTILINE), "the list is over")
        shown = terminal.output().rpartition("ready")[2]
        return set(re.findall(r"^(-?-?[a-z][a-z.-]*)(?:,? +-?-?[a-z.-]*)* +-- ", shown, re.MULTILINE))

    def test_commands(self):
        self.press_tab("sdt_exporter che", "sdt_exporter check ")
        self.assertEqual(self.listed("sdt_exporter "), set(commands()))

    def test_flags_of_every_command(self):
        for command in [(), *((command,) for command in commands())]:
            with self.subTest(command):
                self.assertEqual(self.listed(" ".join(("sdt_exporter", *command, "--"))), set(flags(*command)))

    def test_words_of_flags(self):
        self.press_tab("sdt_exporter --log.format=lo", "--log.format=logfmt ")
        self.press_tab("sdt_exporter watch --kernel.attach=mu", "--kernel.attach=multi ")
        self.press_tab("sdt_exporter list --output=j", "--output=json ")

    def test_files(self):
        self.press_tab(f"sdt_exporter check --config.file={self.directory}/al", f"{self.directory}/alpha.yaml ")
        self.press_tab(f"sdt_exporter run --path.rootfs={self.directory}/g", f"{self.directory}/gamma/")


if __name__ == "__main__":
    unittest.main()
