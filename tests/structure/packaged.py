#!/usr/bin/python3
"""What the packages say about the project is what the project says itself: its version, and what it is built with.

Usage: packaged.py TOP.
"""

import pathlib
import re
import sys

# Of the packages that ./dev builds with, those that a package's build has anyway, or does without: it runs no tests.
NOT_FOR_PACKAGES = {"ca-certificates", "ccache", "g++", "git", "libgmock-dev", "libgtest-dev", "llvm", "python3"}
# And what a package's build takes besides.
FOR_PACKAGES = {"debhelper-compat", "dh-sequence-installsysusers"}


def version(top):
    return re.search(r"^project\(sdt_exporter VERSION (\S+)", (top / "CMakeLists.txt").read_text(), re.MULTILINE)[1]


def build_packages(top):
    listed = re.search(r"^build_packages=\((.*?)^\)", (top / "dev").read_text(), re.MULTILINE | re.DOTALL)[1]
    return set(listed.split())


def build_depends(top):
    listed = re.search(r"^Build-Depends:\n((?: .*\n)+)", (top / "packaging/debian/control").read_text(), re.MULTILINE)[1]
    return {line.split()[0].rstrip(",") for line in listed.splitlines()}


def complaints(top):
    ours = version(top)
    for name, pattern in (("packaging/debian/changelog", r"^prometheus-sdt-exporter \((.*?)\)"),
                          ("packaging/kubernetes/daemonset.yaml", r"^ +image: .*:(\S+)$"),
                          ("packaging/Containerfile", r"--tag \S+:(\S+)")):
        theirs = re.search(pattern, (top / name).read_text(), re.MULTILINE)
        if not theirs or theirs[1] != ours:
            yield f"{name}: speaks of version {theirs[1] if theirs else 'none'}, but CMakeLists.txt has {ours}"
    wanted = build_packages(top) - NOT_FOR_PACKAGES | FOR_PACKAGES
    there = build_depends(top)
    for package in sorted(wanted - there):
        yield f"packaging/debian/control: Build-Depends lacks {package}, which build_packages of ./dev has"
    for package in sorted(there - wanted):
        yield f"packaging/debian/control: Build-Depends has {package}, which build_packages of ./dev lacks"


def main():
    found = list(complaints(pathlib.Path(sys.argv[1]).resolve()))
    print("\n".join(found))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
