#!/usr/bin/python3
"""Every relative link of the documents leads somewhere, and no file names a developer's directory.

Usage: links.py TOP.
"""

import pathlib
import re
import subprocess
import sys

_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)

# Where continuous integration and development containers check out; nothing may depend on it. The
# brackets keep this line from matching itself.
_PRIVATE = re.compile(r"(?<![\w./])/[w]ork/[A-Za-z0-9_.]")


def files_of(top):
    """The files of the project: what git tracks or would add; without git, all but build/."""
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={top}", "-C", str(top), "ls-files", "-z", "--cached",
         "--others", "--exclude-standard"],
        capture_output=True, check=False)
    if listed.returncode == 0:
        paths = [top / name for name in listed.stdout.decode().split("\0") if name]
    else:
        paths = [path for path in top.rglob("*") if path.relative_to(top).parts[0] not in ("build", ".git")]
    return sorted(path for path in paths if path.is_file() and not path.is_symlink())


def anchors_of(path):
    """The fragments that the headings of a Markdown file can be linked by."""
    headings = _HEADING.findall(_FENCE.sub("", path.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(top, path):
    text = _FENCE.sub("", path.read_text(encoding="utf-8"))
    for target in _LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, fragment = target.partition("#")
        file = (path.parent / name) if name else path
        where = path.relative_to(top)
        if not file.exists():
            yield f"{where}: links to {target}, which is not there"
        elif fragment and file.suffix == ".md" and fragment not in anchors_of(file):
            yield f"{where}: links to {target}, but {name or where} has no such heading"


def private_paths(top, path):
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return
    for number, line in enumerate(lines, 1):
        match = _PRIVATE.search(line)
        if match:
            yield f"{path.relative_to(top)}:{number}: names {match.group()}…, a path of one machine"


def complaints(top):
    for path in files_of(top):
        if path.suffix == ".md":
            yield from broken_links(top, path)
        if "fixtures" not in path.parts:
            yield from private_paths(top, path)


def main():
    found = list(complaints(pathlib.Path(sys.argv[1]).resolve()))
    print("\n".join(found))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
