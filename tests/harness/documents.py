"""What the documents say, for tests that do it."""

import os
import re

_TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SECTION = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)


def path_of(name):
    """A file of the project by its path from the top."""
    return os.path.normpath(os.path.join(_TOP, name))


def text_of(name):
    with open(path_of(name), encoding="utf-8") as file:
        return file.read()


def sections_of(name):
    """Heading -> list of (language, text) of the code blocks under it, in the order of the document."""
    sections, heading = {}, None
    text = text_of(name)
    # Comments in code blocks begin like headings do.
    blocks = [(match.start(), match.end(), match.group(1), match.group(2)) for match in _BLOCK.finditer(text)]
    headings = [(match.start(), match.group(1)) for match in _SECTION.finditer(text)
                if not any(begin <= match.start() < end for begin, end, _, _ in blocks)]
    for position, what in sorted([(begin, (language, body)) for begin, _, language, body in blocks]
                                 + headings, key=lambda item: item[0]):
        if isinstance(what, str):
            heading = what
            sections[heading] = []
        else:
            sections[heading].append(what)
    return sections
