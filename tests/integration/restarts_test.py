"""Processes that live for a millisecond: every event of every one is counted."""

import os
import shutil
import subprocess
import unittest

from harness.exporter import losses
from harness.program import program_path
from harness.testcase import KernelTestCase

CONFIG = """
    targets:
      - name: burst
        processes:
          - exe: "{exe}"
        metrics:
          - {{ name: burst_ticks_total, help: Ticks., type: counter, probe: "burst:tick" }}
          - {{ name: burst_library_ticks_total, help: Ticks in a library., type: counter, probe: "puppet_lib:tick" }}
"""
SPAWNERS, RUNS, EVENTS = 8, 500, 7


class Restarts(KernelTestCase):
    def spawn(self, runs, *command):
        share, rest = divmod(runs, SPAWNERS)
        spawners = [subprocess.Popen([program_path("spawner"), str(share + (1 if i < rest else 0)), "0", *command])
                    for i in range(SPAWNERS)]
        for spawner in spawners:
            self.assertEqual(spawner.wait(timeout=60), 0)

    def test_500_runs_beside_a_stranger_that_fires_the_same_library(self):
        exporter = self.exporter(CONFIG.format(exe="@PROGRAMS@/burst"))
        first = subprocess.run([program_path("burst"), "0"], check=False)  # maps the library once
        self.assertEqual(first.returncode, 0)
        exporter.wait_attached("burst", processes=0)
        stranger = self.program("puppet")
        before = subprocess.Popen([program_path("spawner"), str(RUNS), "0", program_path("burst"), "0"])
        rounds = 0
        while before.poll() is None:
            stranger.fire("library 1000")
            rounds += 1
        self.spawn(RUNS, program_path("burst"), str(EVENTS))
        stranger.fire("library 1000")
        scrape = exporter.scrape_of_now()
        self.assertEqual(scrape.value("burst_ticks_total"), RUNS * EVENTS)
        self.assertEqual(scrape.value("burst_library_ticks_total"), RUNS * EVENTS)
        self.assertEqual(losses(scrape), {})
        foreign = scrape.value("sdt_exporter_foreign_hits_total", target="burst", metric="burst_library_ticks_total")
        print(f"{RUNS} runs of {EVENTS} events: all counted; {foreign:.0f} events of a stranger: none")
        self.assertEqual(foreign, 1000 * (rounds + 1))

    def test_the_very_first_start_of_a_program_after_the_daemon(self):
        copies = os.path.join(self.directory, "copies")
        os.mkdir(copies)
        os.symlink(program_path("libpuppet.so"), os.path.join(copies, "libpuppet.so"))
        names = [os.path.join(copies, f"burst-{i}") for i in range(20)]
        for name in names:
            shutil.copy2(program_path("burst"), name)
        exporter = self.exporter(CONFIG.format(exe=os.path.realpath(copies) + "/burst-*"))
        for name in names:
            subprocess.run([name, "50"], check=True, env={"LD_LIBRARY_PATH": copies})
        scrape = exporter.scrape_of_now()
        self.assertEqual(scrape.value("burst_ticks_total"), 20 * 50)
        self.assertEqual(losses(scrape), {})


if __name__ == "__main__":
    unittest.main()
