"""Processes that live for a millisecond: every event of every one is counted."""

import os
import shutil
import subprocess
import unittest

from harness.exporter import losses
from harness.program import program_path
from harness.testcase import KernelTestCase
from harness.waiting import wait_until

CONFIG = """
    targets:
      - name: burst
        budget: {{ cpu: unlimited }}  # for the stranger, however long the runs take
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
        self.assertEqual(losses(scrape), {}, f"overruns: {scrape.value('sdt_exporter_watcher_overruns_total')}")
        self.assertEqual(scrape.value("burst_ticks_total"), RUNS * EVENTS)
        self.assertEqual(scrape.value("burst_library_ticks_total"), RUNS * EVENTS)
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


class Fleeting(KernelTestCase):
    """Processes that are gone before anybody can attach to their file."""

    RUNS = 100
    CONFIG = """
        targets:
          - name: fleet
            processes:
              - comm: fleet-*
            metrics:
              - { name: fleet_ticks_total, help: Ticks., type: counter, probe: "burst:tick" }
    """

    def copies(self, directory):
        names = [os.path.join(directory, f"fleet-{i}") for i in range(self.RUNS)]
        for name in names:
            shutil.copy2(program_path("burst"), name)
        return names

    @staticmethod
    def run_all(names, events):
        for name in names:
            subprocess.run([name, str(events)], check=True)

    def test_a_program_that_ran_too_briefly_to_attach_counts_from_the_first_event_of_its_next_run(self):
        names = self.copies(self.directory)
        exporter = self.exporter(self.CONFIG)
        self.run_all(names, 0)
        # The file system of / holds them: they stay attached although no process runs.
        exporter.wait_for(lambda scrape: scrape.value("sdt_exporter_attaches_total", target="fleet",
                                                      metric="fleet_ticks_total") == self.RUNS, "all attached")
        self.run_all(names, 7)
        scrape = exporter.scrape_of_now()
        self.assertEqual(scrape.value("fleet_ticks_total"), self.RUNS * 7)
        self.assertEqual(losses(scrape), {})
        self.assertEqual(exporter.complaints(), [])

    def test_files_that_are_gone_with_their_process_leave_nothing_behind(self):
        disk = os.path.join(os.path.realpath(self.directory), "disk")
        os.mkdir(disk)
        subprocess.run(["mount", "-t", "tmpfs", "none", disk], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=False, stderr=subprocess.DEVNULL)
        exporter = self.exporter(self.CONFIG)

        def settled():
            """What is held once no link and no file of the disk is."""
            kinds, files = exporter.held()
            return kinds if kinds["links"] == 0 and not any(disk in name for name in files) else None

        last = None
        for _ in range(3):
            for name in self.copies(disk):
                self.run_all([name], 50)
                os.unlink(name)
            before, last = last, wait_until(settled, "everything is let go")
        print(f"{self.RUNS} new programs that were gone at once: {before}, and after as many again {last}")
        self.assertEqual(last, before)
        scrape = exporter.scrape_of_now()
        self.assertEqual(losses(scrape), {})
        self.assertEqual(scrape.total("sdt_exporter_attach_errors_total"), 0)
        self.assertEqual(exporter.complaints(), [])
        self.assertEqual(scrape.value("sdt_exporter_target_processes", target="fleet"), 0)
        self.assertEqual(subprocess.run(["umount", disk], check=False).returncode, 0)


class ByArguments(KernelTestCase):
    """Arguments are gone with their process: what it did is then lost, and said to be."""

    RUNS, EVENTS = 200, 7
    CONFIG = """
        targets:
          - name: burst
            processes:
              - exe: "@PROGRAMS@/burst"
                cmdline: "--role=(wanted|also)"
            metrics:
              - { name: burst_ticks_total, help: Ticks., type: counter, probe: "burst:tick" }
    """

    def ran(self, *roles):
        """Counted, lost and foreign events of so many short runs in each of the roles, in turns."""
        exporter = self.exporter(self.CONFIG)
        exporter.wait_attached("burst", processes=0)
        spawners = [subprocess.Popen([program_path("spawner"), str(self.RUNS), "0", program_path("burst"),
                                      str(self.EVENTS), f"--role={role}"]) for role in roles]
        for spawner in spawners:
            self.assertEqual(spawner.wait(timeout=60), 0)
        scrape = exporter.scrape_of_now()
        lost = losses(scrape)
        self.assertLessEqual({dict(labels)["reason"] for labels in lost}, {"unclassified"})
        counted = scrape.value("burst_ticks_total") or 0
        foreign = scrape.value("sdt_exporter_foreign_hits_total", target="burst", metric="burst_ticks_total")
        print(f"{len(roles) * self.RUNS} runs selected by arguments ({', '.join(roles)}): {counted:.0f} counted, "
              f"{sum(lost.values()):.0f} lost, {foreign:.0f} foreign")
        return counted, sum(lost.values()), foreign

    def test_200_selected_runs_are_counted_or_counted_as_lost_and_never_foreign(self):
        counted, lost, foreign = self.ran("wanted")
        self.assertEqual((counted + lost, foreign), (self.RUNS * self.EVENTS, 0))

    def test_200_other_runs_are_foreign_or_counted_as_lost_and_never_counted(self):
        counted, lost, foreign = self.ran("other")
        self.assertEqual((counted, foreign + lost), (0, self.RUNS * self.EVENTS))

    def test_both_at_once_add_up(self):
        counted, lost, foreign = self.ran("wanted", "other", "also")
        self.assertEqual(counted + lost + foreign, 3 * self.RUNS * self.EVENTS)
        self.assertLessEqual(counted, 2 * self.RUNS * self.EVENTS)
        self.assertLessEqual(foreign, self.RUNS * self.EVENTS)


if __name__ == "__main__":
    unittest.main()
