#!/usr/bin/python3
"""Holds the #include edges of src/ against the layers of ARCHITECTURE.md.

Usage: include_edges.py TOP. Prints every forbidden edge as FILE:LINE and fails on the first run
that finds one.
"""

import pathlib
import re
import sys

# Folder of src/ → the folders it may include from, besides itself.
MAY_INCLUDE = {
    "base": set(),
    "spec": {"base"},
    "elf": {"base"},
    "proc": {"base"},
    "plan": {"base", "spec", "elf", "proc"},
    "kernel": {"base", "spec", "elf", "plan"},
    "metrics": {"base", "spec"},
    "expose": {"base", "metrics", "spec"},
    "daemon": {"base", "spec", "elf", "proc", "plan", "kernel", "metrics", "expose"},
    "dashboard": {"base", "spec"},
    "cli": {"base", "spec", "elf", "proc", "plan", "kernel", "metrics", "expose", "daemon",
            "dashboard"},
}

# Library header prefix → the folders that may know it. A folder that is not listed must do without.
LIBRARIES = {
    "bpf/": {"kernel"},
    "cereal/": {"base"},
    "linux/bpf": {"kernel"},
    "yaml-cpp/": {"spec"},
    "re2/": {"spec"},
    "prometheus/": {"expose", "daemon", "cli"},
    "boost/beast": {"expose"},
    "openssl/": {"expose"},
    "crypt.h": {"expose"},
    "boost/asio/ssl": {"expose"},
    "boost/asio": {"expose", "proc", "daemon", "cli"},
    "spdlog/": {"daemon", "cli"},
    "CLI/": {"cli"},
    "Zydis/": {"elf"},
}

# Headers of bpf/ that both sides share, and the BPF object's skeleton.
ABI = re.compile(r"(.*/)?abi\.h$|.*\.skel\.h$")
ABI_USERS = {"kernel"}

_INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')


def includes_of(path):
    """(line number, what is included) for every #include of a file."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = _INCLUDE.match(line)
        if match:
            yield number, match.group(2)


def complaint(folder, included):
    """Why a file of src/<folder> may not include this; None when it may."""
    if ABI.match(included):
        return None if folder in ABI_USERS else "the structs shared with BPF are kernel/'s alone"
    for prefix, users in LIBRARIES.items():
        if included.startswith(prefix) and folder not in users:
            return f"{prefix}* is for {', '.join(sorted(users))} only"
    other = included.split("/")[0]
    if "/" in included and other in MAY_INCLUDE and other != folder and other not in MAY_INCLUDE[folder]:
        allowed = ", ".join(sorted(MAY_INCLUDE[folder])) or "nothing"
        return f"{folder}/ may include from: {allowed}"
    return None


def forbidden_edges(top):
    """Every complaint about the tree, as text."""
    source = pathlib.Path(top) / "src"
    for path in sorted(source.rglob("*")):
        if path.suffix not in {".h", ".cpp", ".c"}:
            continue
        folder = path.relative_to(source).parts[0]
        where = path.relative_to(top)
        if folder not in MAY_INCLUDE:
            yield f"{where}: src/{folder} is not in the table of tests/structure/include_edges.py"
            continue
        for number, included in includes_of(path):
            reason = complaint(folder, included)
            if reason:
                yield f"{where}:{number}: includes {included}: {reason}"


def main():
    found = list(forbidden_edges(sys.argv[1]))
    print("\n".join(found))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
