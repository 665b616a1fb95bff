"""Files, names, texts and processes made to do harm: bounded in time and memory, and the others still count."""

import json
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
import time
import unittest

from harness.elf_file import CODE_ADDRESS, CODE_OFFSET, SHT_STRTAB, SHT_SYMTAB, ElfFile, probe_note
from harness.exporter import exporter_path, losses, run_exporter
from harness.program import Program, program_path
from harness.testcase import KernelTestCase
from harness.waiting import PATIENCE

MIB = 1 << 20

# Maps the code of an ELF file and calls its functions: "call SITE HEX" runs the one at that site with a pointer to
# the bytes and their number as its arguments.
CALLER = f"""
import ctypes, mmap, os, sys
file = os.open(sys.argv[1], os.O_RDONLY)
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
code = libc.mmap(None, 4096, mmap.PROT_READ | mmap.PROT_EXEC, mmap.MAP_PRIVATE, file, {CODE_OFFSET})
print("ready", flush=True)
for line in sys.stdin:
    _, site, *text = line.split()
    text = bytes.fromhex("".join(text))
    ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_size_t)(code + int(site))(text, len(text))
    print("done", flush=True)
"""


def many(count, arguments=b""):
    return b"".join(probe_note(b"p", b"n%d" % i, CODE_ADDRESS + i % 2048 * 2, arguments) for i in range(count))


def sparse(size):
    """The content is a hole of this size; offset and size of the section say so."""
    return {"offset": 1 << 16, "size": size - (1 << 16)}


SOUND = probe_note(b"p", b"n", arguments=b"8@nothing")
# Name -> what makes it, its size on disk where it is larger than what is written, and a part of what `list` says.
FILES = {
    "sound": (lambda: ElfFile().probes(SOUND), 0, "p:n"),
    "many_notes": (lambda: ElfFile().probes(many(100_000, b"8@%rdi")), 0, "p:n99999"),
    "million_notes": (lambda: ElfFile().probes(many(1_000_000)), 0, "more than 100000 notes"),
    "many_arguments": (lambda: ElfFile().probes(many(50_000, b"$ " * 64)), 0, "more than 1000000 arguments"),
    "damaged_notes": (lambda: ElfFile().probes(probe_note(b"p", b"n", location=0) * 500_000), 0, "99001 more notes"),
    "cut": (lambda: ElfFile().probes(SOUND).build()[:-100], 0, "was it cut short?"),
    "overlapping": (lambda: ElfFile().probes(SOUND).probes(b"", offset=0x3000, size=len(SOUND)), 0, "p:n"),
    "lying_sizes": (lambda: ElfFile().probes(SOUND, size=1 << 62), 0, "was it cut short?"),
    "no_probes_in_2_GiB": (ElfFile, 2 << 30, "no probes"),
    "notes_of_2_GiB": (lambda: ElfFile().probes(b"", **sparse(2 << 30)), 2 << 30, "no linker makes"),
    "symbols_of_2_GiB": (
        lambda: ElfFile().probes(SOUND).section(b".symtab", SHT_SYMTAB, b"", link=3, **sparse(2 << 30)).section(
            b".strtab", SHT_STRTAB, b"\0"), 2 << 30, "p:n"),
}
LARGEST_RSS = 400 * MIB
LONGEST = 15.0  # seconds, on a machine that does other things; none takes more than 3


def write_files(directory):
    for name, (make, size, _) in FILES.items():
        made = make()
        with open(os.path.join(directory, name), "wb") as file:
            file.write(made if isinstance(made, bytes) else made.build())
            file.truncate(max(size, file.tell()))


def measured(command):
    """Both ends of the output, seconds and peak resident bytes of a command."""
    began = time.monotonic()
    with tempfile.TemporaryFile() as output:
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - began
        ends = os.pread(output.fileno(), 2000, 0) + os.pread(output.fileno(), 2000,
                                                             max(0, os.fstat(output.fileno()).st_size - 2000))
    return ends.decode("utf-8", errors="replace"), seconds, usage.ru_maxrss * 1024


def peak_rss(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:")) * 1024


class HostileTestCase(KernelTestCase):
    def must_be_valid(self, scrape):
        """Prometheus's own parser takes the text."""
        self.assertIn("sdt_exporter_build_info", scrape.text)
        result = subprocess.run(["promtool", "check", "metrics"], input=scrape.text.encode(), capture_output=True,
                                timeout=60, check=False)
        # 3: it can be read, and has names that could be better. Other ends are errors.
        self.assertIn(result.returncode, (0, 3), result.stderr.decode()[-2000:])

    def caller(self, notes):
        """A program that calls the sites of a file with these notes; the path of the file."""
        path = os.path.join(os.path.realpath(self.directory), f"{self.id().rsplit('.', 1)[1]}.elf")
        with open(path, "wb") as file:
            file.write(ElfFile().probes(notes).build())
        program = Program([sys.executable, "-c", CALLER, path])
        self.addCleanup(program.close)
        return program, path


class Files(HostileTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # In a process of its own: what a child of ours takes at most includes what we take ourselves.
        writer = multiprocessing.Process(target=write_files, args=(cls.directory,))
        writer.start()
        writer.join()

    def test_list_takes_seconds_and_little_memory(self):
        for name, (_, _, says) in FILES.items():
            with self.subTest(name):
                output, seconds, peak = measured([exporter_path(), "list", "--exe", f"{self.directory}/{name}"])
                print(f"list {name}: {seconds:.2f} s, {peak / MIB:.0f} MiB")
                self.assertIn(says, output)
                self.assertLess(seconds, LONGEST * PATIENCE)
                self.assertLess(peak, LARGEST_RSS)

    def tracing_them_all(self):
        exporter = self.exporter(f"""
            targets:
              - name: hostile
                processes:
                  - exe: "{os.path.realpath(self.directory)}/*"
                metrics:
                  - {{ name: hostile_total, help: Any., type: counter, probe: "p:*", labels: {{ probe: probe }} }}
              - name: puppet
                processes:
                  - exe: "@PROGRAMS@/puppet"
                metrics:
                  - {{ name: puppet_ticks_total, help: Ticks., type: counter, probe: "puppet:tick" }}
        """)
        exporter.wait_attached("puppet", seconds=60)
        return exporter

    def test_a_daemon_that_is_to_trace_them_all_counts_the_others(self):
        puppet = self.program("puppet")
        began = time.monotonic()
        exporter = self.tracing_them_all()
        seconds = time.monotonic() - began
        puppet.fire("tick 1000")
        scrape = exporter.scrape_of_now()
        peak = peak_rss(exporter.process.pid)
        print(f"a daemon with {len(FILES)} hostile files: {seconds:.1f} s until all is attached, {peak / MIB:.0f} MiB")
        self.assertEqual(scrape.value("puppet_ticks_total"), 1000)
        self.must_be_valid(scrape)
        self.assertLess(seconds, 60)
        self.assertLess(peak, 1024 * MIB)

    def test_however_many_probes_match_those_that_a_scrape_names_are_bounded(self):
        self.program("puppet")
        scrape = self.tracing_them_all().scrape_of_now()
        for name in ("sdt_exporter_probe_sites", "sdt_exporter_probe_hits_total"):
            named = [labels for labels in scrape.series(name) if ("target", "hostile") in labels]
            self.assertLessEqual(len(named), 1024)
            self.assertGreater(len(named), 1000)
        self.assertGreater(scrape.total("sdt_exporter_probe_sites", target="hostile"), 4000)


class Names(HostileTestCase):
    NAMES = [(b'quo"te', b'new\nline'), (b"back\\slash", b"\x01\x02\x1b[2J"), (b"\xff\xfe", b"\xc3\x28"),
             (b"{a=\"b\"}", b"# HELP x"), (b"p" * 300, b"n" * 300)]

    def test_of_probes_with_quotes_newlines_and_no_utf8(self):
        notes = b"".join(probe_note(provider, name, CODE_ADDRESS + 2 * i)
                         for i, (provider, name) in enumerate(self.NAMES))
        program, path = self.caller(notes)
        exporter = self.exporter(f"""
            targets:
              - name: caller
                processes:
                  - pid: {program.pid}
                file: "{path}"
                metrics:
                  - name: caller_calls_total
                    help: Calls.
                    type: counter
                    probe: "*:*"
                    labels: {{ provider: provider, probe: probe }}
        """)
        exporter.wait_attached("caller")
        for i, _ in enumerate(self.NAMES):
            for _ in range(i + 1):
                program.fire(f"call {2 * i}")
        scrape = exporter.scrape_of_now()
        self.must_be_valid(scrape)
        self.assertEqual(sorted(scrape.series("caller_calls_total").values()), [1, 2, 3, 4, 5])
        self.assertEqual(scrape.value("caller_calls_total", provider='quo"te', probe="new\nline"), 1)
        self.assertEqual(scrape.value("caller_calls_total", provider="\ufffd\ufffd", probe="\ufffd("), 3)
        for labels in scrape.series("caller_calls_total"):
            self.assertFalse(any("\0" in value for _, value in labels))
        listed = run_exporter("list", f"--pid={program.pid}", "--output=json")
        self.assertEqual(listed.returncode, 0, listed.stderr)
        json.loads(listed.stdout)


class Texts(HostileTestCase):
    def test_of_any_bytes_each_another_one(self):
        program, path = self.caller(probe_note(b"p", b"n", arguments=b"8@%rdi 8@%rsi"))
        exporter = self.exporter(f"""
            targets:
              - name: caller
                processes:
                  - pid: {program.pid}
                file: "{path}"
                metrics:
                  - name: caller_texts_total
                    help: Texts.
                    type: counter
                    probe: "p:n"
                    labels: {{ text: "str(arg0)" }}
                    max_series: 1000
                  - name: caller_bytes_total
                    help: Texts with NUL in them.
                    type: counter
                    probe: "p:n"
                    labels: {{ text: "str(arg0, arg1)" }}
                    max_series: 1000
        """)
        exporter.wait_attached("caller")
        odd = [bytes([byte]) for byte in range(256)] + [
            b"", b'"', b'\\"', b'a"} 1\nb{c="', b"\r\n", b"\xe2\x80\xa8", b"\xf4\x90\x80\x80", b"\xed\xa0\x80", b"a\0b"]
        for text in odd:
            program.fire(f"call 0 {text.hex()}")
        scrape = exporter.scrape_of_now()
        self.must_be_valid(scrape)
        self.assertEqual(scrape.value("caller_texts_total", text="\r\n"), 1)
        self.assertEqual(scrape.value("caller_bytes_total", text="a\ufffdb"), 1)
        before = scrape.value("process_resident_memory_bytes")
        generator = random.Random(1)
        texts = [generator.randbytes(generator.randrange(1, 100)) for _ in range(5000)]
        for text in texts:
            program.fire(f"call 0 {text.hex()}")
        scrape = exporter.scrape_of_now()
        self.must_be_valid(scrape)
        for metric in ("caller_texts_total", "caller_bytes_total"):
            self.assertEqual(scrape.total(metric), len(odd) + len(texts))
            self.assertLessEqual(len(scrape.series(metric)), 1001)
            self.assertGreater(scrape.value(metric, text="other"), 3000)
        self.assertEqual(losses(scrape), {})
        grown = scrape.value("process_resident_memory_bytes") - before
        print(f"{len(texts)} texts in {len(scrape.series('caller_texts_total'))} series: {grown / MIB:.1f} MiB more")
        self.assertLess(grown, 32 * MIB)


class Processes(HostileTestCase):
    def test_many_pids_as_a_label(self):
        exporter = self.exporter("""
            targets:
              - name: burst
                processes:
                  - exe: "@PROGRAMS@/burst"
                metrics:
                  - name: burst_ticks_total
                    help: Ticks.
                    type: counter
                    probe: "burst:tick"
                    labels: { pid: pid }
                    max_series: 100
        """)
        exporter.wait_attached("burst", processes=0)
        subprocess.run([program_path("spawner"), "1000", "0", program_path("burst"), "3"], check=True)
        scrape = exporter.scrape_of_now()
        self.must_be_valid(scrape)
        self.assertEqual((scrape.total("burst_ticks_total"), losses(scrape)), (3000, {}))
        self.assertLessEqual(len(scrape.series("burst_ticks_total")), 101)

    def test_a_program_that_does_nothing_but_exec_itself(self):
        exporter = self.exporter("""
            targets:
              - name: reexec
                processes:
                  - exe: "@PROGRAMS@/reexec"
                metrics:
                  - { name: reexec_steps_total, help: Steps., type: counter, probe: "reexec:step" }
        """)
        exporter.wait_attached("reexec", processes=0)
        execs, rounds = int(2000 / PATIENCE), 3

        def run():
            began = time.monotonic()
            subprocess.run([program_path("reexec"), str(execs)], check=True)
            return time.monotonic() - began

        seconds = run()
        before = exporter.scrape_of_now()
        seconds += sum(run() for _ in range(rounds - 1))
        scrape = exporter.scrape_of_now()
        rate = rounds * execs / seconds
        grown = (scrape.value("process_resident_memory_bytes") - before.value("process_resident_memory_bytes")) / MIB
        busy = scrape.value("process_cpu_seconds_total") - before.value("process_cpu_seconds_total")
        print(f"{rate:.0f} execs a second: {grown:.1f} MiB more, {busy:.2f} s of CPU for {(rounds - 1) * execs}")
        self.assertEqual(scrape.value("reexec_steps_total"), rounds * (execs + 1))
        self.assertEqual(losses(scrape), {})
        self.assertLess(grown, 16)
        self.assertLess(busy, seconds)


if __name__ == "__main__":
    unittest.main()
