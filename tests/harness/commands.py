"""The exporter's commands and flags, as its own --help tells them."""

import re

from harness.exporter import run_exporter

_FLAG = re.compile(r"^  (?:-h,)?(--[a-z][a-z.-]*)(.*)$", re.MULTILINE)
_COMMAND = re.compile(r"^  ([a-z]+) +\S", re.MULTILINE)


def commands():
    return _COMMAND.findall(run_exporter("--help").stdout.partition("Subcommands:")[2])


def flags(*command):
    """Flag -> what --help says of it, of the exporter without a command or of one command."""
    return dict(_FLAG.findall(run_exporter(*command, "--help").stdout.partition("Options:")[2]))
