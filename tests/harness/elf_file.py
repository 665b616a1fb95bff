"""ELF files written to measure, sound or not: shared libraries of x86-64 with probe notes."""

import struct

CODE_OFFSET, CODE_ADDRESS, CODE_SIZE = 0x1000, 0x1000, 0x1000
DATA_OFFSET, DATA_ADDRESS, DATA_SIZE = 0x2000, 0x3000, 0x1000

CODE = b"\x90\xc3"  # nop, ret: a site and a function at every even address

PT_LOAD, PF_X, PF_W, PF_R = 1, 1, 2, 4
SHT_PROGBITS, SHT_SYMTAB, SHT_STRTAB, SHT_NOTE = 1, 2, 3, 7


def _padded(data, multiple=4):
    return data + bytes(-len(data) % multiple)


def note(owner, kind, descriptor):
    owner = owner + b"\0"
    return struct.pack("<III", len(owner), len(descriptor), kind) + _padded(owner) + _padded(descriptor)


def probe_note(provider, name, location=CODE_ADDRESS, arguments=b"", semaphore=0, base=0):
    """The note of one site; all texts are bytes."""
    descriptor = struct.pack("<QQQ", location, base, semaphore) + provider + b"\0" + name + b"\0" + arguments + b"\0"
    return note(b"stapsdt", 3, descriptor)


class ElfFile:
    """One segment of code (CODE over and over), one of data, and sections in the order in which they are added."""

    def __init__(self):
        self.sections = [(b"", 0, b"", 0, {})]
        self.header = {}  # fields of the ELF header to be replaced in what is written

    def section(self, name, kind, content, link=0, **lies):
        """`lies`: offset and size as the section header is to state them."""
        self.sections.append((name, kind, content, link, lies))
        return self

    def probes(self, notes, **lies):
        return self.section(b".note.stapsdt", SHT_NOTE, notes, **lies)

    def symbols(self, entries):
        """(name, address) pairs of variables."""
        names, table = b"\0", bytes(24)
        for name, address in entries:
            table += struct.pack("<IBBHQQ", len(names), 0x11, 0, 1, address, 8)
            names += name + b"\0"
        return self.section(b".symtab", SHT_SYMTAB, table, link=len(self.sections) + 1).section(
            b".strtab", SHT_STRTAB, names)

    def _section_headers(self, start):
        """The contents from file offset `start` on, and the table of headers that describes them."""
        names = b"".join(section[0] + b"\0" for section in self.sections) + b".shstrtab\0"
        contents, headers, name_at = bytearray(), b"", 0
        for name, kind, content, link, lies in [*self.sections, (b".shstrtab", SHT_STRTAB, names, 0, {})]:
            offset = lies.get("offset", start + len(contents))
            headers += struct.pack("<IIQQQQIIQQ", name_at, kind, 0, 0, offset, lies.get("size", len(content)), link, 0,
                                   8, 24 if kind == SHT_SYMTAB else 0)
            contents += _padded(content, 8)
            name_at += len(name) + 1
        return bytes(contents), headers

    def build(self):
        start = DATA_OFFSET + DATA_SIZE
        contents, headers = self._section_headers(start)
        fields = {"shoff": start + len(contents), "phnum": 2, "shnum": len(self.sections) + 1,
                  "shstrndx": len(self.sections), "shentsize": 64, "machine": 62, **self.header}
        head = struct.pack("<4sBBB9xHHIQQQIHHHHHH", b"\x7fELF", 2, 1, 1, 3, fields["machine"], 1, 0, 64,
                           fields["shoff"], 0, 64, 56, fields["phnum"], fields["shentsize"], fields["shnum"],
                           fields["shstrndx"])
        for flags, offset, address, size in ((PF_R | PF_X, CODE_OFFSET, CODE_ADDRESS, CODE_SIZE),
                                             (PF_R | PF_W, DATA_OFFSET, DATA_ADDRESS, DATA_SIZE)):
            head += struct.pack("<IIQQQQQQ", PT_LOAD, flags, offset, address, address, size, size, 0x1000)
        image = head.ljust(CODE_OFFSET, b"\0") + CODE * (CODE_SIZE // len(CODE)) + bytes(DATA_SIZE)
        return image + contents + headers
