"""Where a probe is put never harms the program: nops of every kind in functions that use their red zone."""

import json
import os
import re
import subprocess
import unittest

from harness.exporter import run_exporter
from harness.program import program_path
from harness.testcase import KernelTestCase
from harness.waiting import wait_until

HITS = 1_000_000

PLACES = ("nop", "nop5", "prefixed_nop5", "nop_nop5", "nop10", "segment_nop10", "in_operand", "breakpoint", "in_data")
FIVE_BYTE_NOPS = ("nop5", "prefixed_nop5")
# The kernel takes them, or refuses their prefix; either way they must come out unharmed.
UP_TO_THE_KERNEL = ("segment_nop10",)
SAFE = ("nop", "nop_nop5", "nop10")


def metric(place):
    return f'          - {{ name: redzone_{place}_total, help: Hits., type: counter, probe: "redzone:{place}" }}'


def config(*places, allow=False):
    return "\n".join(['    targets:', '      - name: redzone', '        processes:',
                      '          - exe: "@PROGRAMS@/redzone"',
                      # A million hits at once are more than any machine should be asked to pay.
                      '        budget: { cpu: unlimited }',
                      *(['        allow_unsafe_sites: true'] if allow else []),
                      '        metrics:', *map(metric, places), ""])


def answers(line):
    """name=corrupted, a pair a function."""
    return {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", line)}


class Redzone(KernelTestCase):
    def setUp(self):
        self.redzone = self.program("redzone")

    def trace(self, text, attached):
        exporter = self.exporter(text)
        exporter.wait_attached("redzone", metrics=[f"redzone_{place}_total" for place in attached])
        return exporter

    def run_program(self):
        return answers(self.redzone.tell(f"run {HITS}"))

    def canary(self, exporter):
        found, = [record for record in exporter.records() if record.get("msg") == "canary"]
        return found

    def is_safe(self, exporter):
        return "are safe here" in self.canary(exporter)["found"]

    def value(self, scrape, name, place):
        return scrape.value(f"sdt_exporter_{name}", target="redzone", metric=f"redzone_{place}_total")

    def test_a_million_hits_on_every_kind_of_nop_corrupt_nothing(self):
        exporter = self.trace(config(*PLACES), attached=SAFE)
        attached = set(SAFE) | (set(FIVE_BYTE_NOPS) if self.is_safe(exporter) else set())
        corrupted = self.run_program()
        self.assertEqual(corrupted, dict.fromkeys(PLACES[:6], 0))
        scrape = exporter.scrape_of_now()
        for place in PLACES:
            if place not in UP_TO_THE_KERNEL:
                self.assertEqual(self.value(scrape, "metric_attached", place), int(place in attached), place)
                self.assertEqual(scrape.value(f"redzone_{place}_total"), HITS if place in attached else 0, place)
        (place,) = UP_TO_THE_KERNEL
        is_attached = self.value(scrape, "metric_attached", place)
        self.assertEqual(scrape.value(f"redzone_{place}_total"), HITS * is_attached)
        print(f"{HITS} hits each, corrupted: {corrupted}; attached: {sorted(attached)}, {place}: {is_attached}")

    def test_a_refused_site_is_named_wherever_one_looks(self):
        exporter = self.trace(config(*PLACES), attached=SAFE)
        reasons = {"in_operand": "not the beginning of an instruction", "breakpoint": "a breakpoint (int3)",
                   "in_data": "is not in the file's code"}
        if not self.is_safe(exporter):
            reasons.update(dict.fromkeys(FIVE_BYTE_NOPS, "a 5-byte nop: recent kernels make a call of it"))
        check = run_exporter("check", "--probes", f"--config.file={self.directory}/config.yaml")
        self.assertEqual(check.returncode, 1, check.stdout)
        metrics = exporter.targets()["redzone"]["metrics"]
        scrape = exporter.scrape()
        for place, reason in reasons.items():
            with self.subTest(place=place):
                wanted = re.compile(rf"redzone:{place}\b.*{re.escape(reason)}")
                self.assertEqual(self.value(scrape, "metric_attached", place), 0)
                self.assertEqual(scrape.value("sdt_exporter_attach_errors_total", target="redzone",
                                              metric=f"redzone_{place}_total", reason="unsupported"), 1)
                errors = [record["error"] for record in exporter.records() if record.get("msg") == "cannot attach"]
                self.assertEqual(len([error for error in errors if wanted.search(error)]), 1, errors)
                self.assertRegex(metrics[f"redzone_{place}_total"]["reason"], wanted)
                self.assertRegex(check.stdout, wanted)

    def test_the_other_sites_of_a_metric_are_attached_without_the_refused_ones(self):
        exporter = self.trace(config("nop*").replace("redzone_nop*_total", "redzone_any_total"), attached=["any"])
        if not self.is_safe(exporter):
            file, = exporter.targets()["redzone"]["metrics"]["redzone_any_total"]["files"]
            self.assertRegex(file["refused"][0], r"^redzone:nop5 at 0x\w+ is a 5-byte nop")
        corrupted = self.run_program()
        self.assertEqual(corrupted, dict.fromkeys(PLACES[:6], 0))
        sites = 3 + self.is_safe(exporter)
        self.assertEqual(exporter.scrape_of_now().value("redzone_any_total"), sites * HITS)

    def test_five_byte_nops_are_counted_where_the_user_asks_for_it(self):
        exporter = self.trace(config(*PLACES, allow=True), attached=(*SAFE, *FIVE_BYTE_NOPS))
        corrupted = self.run_program()
        scrape = exporter.scrape_of_now()
        for place in (*SAFE, *FIVE_BYTE_NOPS):
            self.assertEqual(scrape.value(f"redzone_{place}_total"), HITS, place)
        for place in ("in_operand", "breakpoint", "in_data"):
            self.assertEqual(self.value(scrape, "metric_attached", place), 0, place)
        # What it does to the program is the kernel's affair, and the canary has foretold it.
        for place in FIVE_BYTE_NOPS:
            self.assertEqual(corrupted[place] == 0, self.is_safe(exporter))
        print(f"{HITS} hits each with allow_unsafe_sites, corrupted: {corrupted}")

    def test_list_shows_the_hazard_of_each_site(self):
        run = run_exporter("list", "--exe", program_path("redzone"), "--output=json")
        (file,) = json.loads(run.stdout)["files"]
        hazards = {probe["name"]: probe["sites"][0].get("hazard") for probe in file["probes"]}
        self.assertEqual(hazards, {"nop": None, "nop10": None, "segment_nop10": None, "nop_nop5": None,
                                   "nop5": "five_byte_nop", "prefixed_nop5": "five_byte_nop",
                                   "in_operand": "not_an_instruction", "breakpoint": "breakpoint"})
        self.assertEqual(["in_data" in note["reason"] for note in file["skipped"]], [True])

    def test_sites_look_the_same_while_somebody_traces_them(self):
        # The kernel's own breakpoints must not be taken for the program's, nor hide a 5-byte nop.
        command = ["list", "--exe", program_path("redzone"), "--output=json"]
        before = run_exporter(*command).stdout
        self.trace(config("nop", "nop5", allow=True), ["nop", "nop5"])
        self.assertEqual(run_exporter(*command).stdout, before)


class Canary(KernelTestCase):
    """The child that is tried at start-up."""

    def started(self, *flags, wrapper=()):
        exporter = self.exporter("targets: []\n", flags=flags, wrapper=wrapper)
        found, = [record for record in exporter.records() if record.get("msg") == "canary"]
        return exporter, found

    def test_both_ways_of_attaching_find_the_same(self):
        found = {way: self.started(f"--kernel.attach={way}")[1] for way in ("multi", "perf")}
        for record in found.values():
            self.assertRegex(record["found"], r"^(probes on 5-byte nops are safe here: 300 hits left"
                                              r"|no probes on 5-byte nops: (\d+) of 300 hits overwrote)")
        self.assertEqual(found["multi"]["found"], found["perf"]["found"])
        print({way: (record["found"], record["hit_nanoseconds"]) for way, record in found.items()})

    def test_what_a_hit_costs_is_told(self):
        exporter, found = self.started()
        cost = exporter.scrape().value("sdt_exporter_hit_cost_seconds")
        self.assertAlmostEqual(cost * 1e9, int(found["hit_nanoseconds"]), delta=0.6)
        self.assertGreater(cost, 50e-9)
        self.assertLess(cost, 100e-6)

    def test_leaves_nothing_behind(self):
        exporter, _ = self.started()
        task = f"/proc/{exporter.process.pid}/task/{exporter.process.pid}/children"

        def children():
            with open(task, encoding="ascii") as file:
                return file.read().split()

        def programs():
            shown = subprocess.run(["bpftool", "-j", "prog", "show"], capture_output=True, text=True, check=True)
            return [program for program in json.loads(shown.stdout) if program.get("name") == "sdt_probe_test"]

        wait_until(lambda: not children(), "the canary has been waited for")
        wait_until(lambda: not programs(), "its program is gone")
        open_files = [os.readlink(f"/proc/{exporter.process.pid}/fd/{fd}")
                      for fd in os.listdir(f"/proc/{exporter.process.pid}/fd")]
        self.assertEqual([name for name in open_files if "bpf-prog" in name or "bpf_link" in name], [])

    def test_where_it_cannot_be_forked_five_byte_nops_stay_refused(self):
        program = self.program("redzone")
        refuse = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                  "--inh-caps=+bpf,+perfmon,+sys_ptrace,+dac_read_search,+checkpoint_restore",
                  "--ambient-caps=+bpf,+perfmon,+sys_ptrace,+dac_read_search,+checkpoint_restore",
                  "prlimit", "--nproc=1"]
        exporter = self.exporter(config("nop", "nop5"), wrapper=refuse)
        exporter.wait_attached("redzone", metrics=["redzone_nop_total"])
        found, = [record for record in exporter.records() if record.get("msg") == "canary"]
        self.assertRegex(found["found"], "could not show that this kernel is safe: forking it: Resource temporarily")
        self.assertEqual(found["hit_nanoseconds"], "unknown")
        self.assertIsNone(exporter.scrape().value("sdt_exporter_hit_cost_seconds"))
        self.assertEqual(answers(program.tell("run 1000")), dict.fromkeys(PLACES[:6], 0))
        self.assertEqual(exporter.scrape_of_now().value("redzone_nop_total"), 1000)


if __name__ == "__main__":
    unittest.main()
