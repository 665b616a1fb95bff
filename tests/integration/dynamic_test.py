"""Probes that come and go with dlopen, and what is left when they are gone."""

import os
import shutil
import subprocess
import time
import unittest

from harness.exporter import MEMORY_FACTOR, losses
from harness.program import Program, program_path
from harness.testcase import KernelTestCase
from harness.waiting import PATIENCE, wait_until

CONFIG = """
    targets:
      - name: plugin
        processes:
          - exe: "@PROGRAMS@/puppet"
        metrics:
          - { name: plugin_ticks_total, help: Ticks., type: counter, probe: "plugin:tick" }
"""


def attaches(scrape):
    return scrape.value("sdt_exporter_attaches_total", target="plugin", metric="plugin_ticks_total")


class Dynamic(KernelTestCase):
    def setUp(self):
        self.puppet = self.program("puppet")
        self.traced = self.exporter(CONFIG)

    def load(self, command, number):
        self.puppet.fire(command)
        self.traced.wait_for(lambda scrape: attaches(scrape) == number, f"attach number {number}")

    def test_a_target_waits_for_probes_that_are_loaded_later(self):
        self.assertEqual(self.traced.scrape().value("sdt_exporter_target_waiting", target="plugin"), 1)
        self.assertEqual(self.traced.targets()["plugin"]["state"], "waiting")
        self.load(f"load {program_path('libplugin.so')}", 1)
        self.puppet.fire("plugin 5")
        scrape = self.traced.scrape_of_now()
        self.assertEqual(scrape.value("plugin_ticks_total"), 5)
        self.assertEqual(scrape.value("sdt_exporter_target_waiting", target="plugin"), 0)

    def test_a_file_that_is_unlinked_while_mapped(self):
        path = os.path.join(self.directory, "libplugin.so")
        shutil.copy2(program_path("libplugin.so"), path)
        self.puppet.fire(f"open {path}")
        os.unlink(path)
        self.traced.wait_attached("plugin")
        self.puppet.fire("plugin 6")
        self.assertEqual(self.traced.scrape_of_now().value("plugin_ticks_total"), 6)

    def test_probes_that_come_5_s_after_everything_else_has_settled(self):
        self.traced.wait_for(lambda scrape: scrape.value("sdt_exporter_target_processes", target="plugin") == 1,
                             "the process is known")
        time.sleep(5)  # longer than anybody keeps looking at a process that has just come
        self.load(f"load {program_path('libplugin.so')}", 1)
        self.puppet.fire("plugin 12")
        scrape = self.traced.scrape_of_now()
        self.assertEqual(scrape.value("plugin_ticks_total"), 12)
        self.assertEqual(losses(scrape), {})

    def test_series_of_a_process_go_also_after_their_program_was_unloaded(self):
        self.traced.stop()
        traced = self.exporter(CONFIG.replace('probe: "plugin:tick"',
                                              'probe: "plugin:tick", labels: { pid: pid }, expire_after: 14s'))
        self.puppet.fire(f"load {program_path('libplugin.so')}")
        traced.wait_attached("plugin")
        self.puppet.fire("plugin 5")
        self.assertEqual(traced.scrape_of_now().value("plugin_ticks_total", pid=str(self.puppet.pid)), 5)
        self.puppet.close()
        wait_until(lambda: traced.held()[0]["programs"] == 0, "the program is unloaded")
        self.assertEqual(traced.scrape().total("plugin_ticks_total"), 5)
        traced.wait_for(lambda scrape: not scrape.series("plugin_ticks_total"), "the series has gone")

    def test_50_reloads_and_nothing_of_the_old_ones_stays(self):
        for i in range(50):
            self.load(f"load {program_path('libplugin.so')}", i + 1)
            self.puppet.fire("plugin 10")
            self.puppet.fire("unload")
        self.load(f"load {program_path('libplugin.so')}", 51)
        self.assertEqual(self.traced.scrape_of_now().value("plugin_ticks_total"), 500)
        self.traced.wait_for(lambda scrape: scrape.value("sdt_exporter_probe_sites", target="plugin",
                                                         metric="plugin_ticks_total", probe="plugin:tick") == 1,
                             "only the last one is attached")

    def test_1000_loads_leave_nothing_behind(self):
        path = program_path("libplugin.so")
        for i in range(100):
            self.load(f"load {path}", i + 1)
            self.puppet.fire("unload")
        before, memory = self.settled()
        for i in range(1000):
            self.load(f"load {path}", i + 101)
            self.puppet.fire("unload")
        after, grown = self.settled()
        print(f"before {before} {memory} KiB, after 1,000 loads {after} {grown} KiB")
        self.assertEqual(after, before)
        self.assertLess(grown - memory, 2048 * MEMORY_FACTOR)

    def settled(self):
        """What is held once the last library is let go of."""
        self.puppet.fire("open " + program_path("libpuppet.so"))  # maps nothing new that is wanted
        self.puppet.close()
        self.puppet = self.program("puppet")
        self.traced.wait_for(lambda scrape: scrape.value("sdt_exporter_target_waiting", target="plugin") == 1,
                             "nothing is wanted any more")

        def let_go():
            kinds, files = self.traced.held()
            return kinds if kinds["links"] == 0 and not any("memfd:plugin" in name for name in files) else None

        return wait_until(let_go, "everything is let go"), self.traced.memory()


class ManyProviders(KernelTestCase):
    COUNT = 300

    def setUp(self):
        self.path = os.path.join(os.path.realpath(self.directory), "providers")
        self.traced = self.exporter("targets:\n  - name: many\n    processes:\n      - exe: providers\n    metrics:\n"
                                    + "".join(f"""\
      - {{ name: many{number}_total, help: Ticks., type: counter, probe: "many{number}:tick" }}
""" for number in self.numbers()))

    def numbers(self):
        return range(1000, 1000 + self.COUNT)

    def a_round(self):
        """A program of a new file with all the probes comes, fires, loses its file, and goes.
        What was held while it was there, and the memory in KiB once it is gone."""
        shutil.copy2(program_path("many_providers"), self.path)
        program = Program([self.path])
        self.addCleanup(program.close)
        self.traced.wait_attached("many", seconds=60)
        attached = self.traced.held()[0]
        program.fire("all")
        os.unlink(self.path)
        program.close()

        def let_go():
            kinds, files = self.traced.held()
            return kinds["links"] == 0 and not any(self.path in name for name in files)

        ended = time.monotonic()
        wait_until(let_go, "all links and the file are let go")
        self.took = time.monotonic() - ended
        self.traced.scrape_of_now()
        return attached, self.traced.memory()

    def test_300_providers_come_and_go_and_leave_no_more_than_their_counts(self):
        empty, before = self.traced.held()[0], self.traced.memory()
        first, memory = self.a_round()
        self.assertEqual(first["programs"] - empty["programs"], self.COUNT)
        for _ in range(3):
            again, grown = self.a_round()
        print(f"300 metrics: {empty} before, {first} in the first round and {memory} KiB after it, "
              f"{again} and {grown} KiB in the fourth, let go in {self.took:.2f} s")
        self.assertLess(self.took, 4 * PATIENCE)  # one after the other, 300 links take the kernel 18 s
        self.assertEqual(again, first)
        self.assertLess(grown - memory, 2048 * MEMORY_FACTOR)
        # Programs and maps are kept for a moment, in case the next process comes.
        last = wait_until(lambda: (lambda kinds: kinds if kinds["programs"] == empty["programs"] else None)(
            self.traced.held()[0]), "programs and maps are let go")
        print(f"at rest: {last} {self.traced.memory()} KiB, at first {before} KiB")
        self.assertEqual(last, empty)
        # Whatever the way of attaching: with perf events libbpf's own view of 300 programs has been there too.
        self.assertLess(self.traced.memory() - before, 8192 * MEMORY_FACTOR)
        self.a_round()
        scrape = self.traced.scrape_of_now()
        self.assertEqual({scrape.value(f"many{number}_total") for number in self.numbers()}, {5})
        self.assertEqual(losses(scrape), {})

    def test_neither_a_writer_of_the_file_nor_the_end_waits_for_300_metrics_one_after_the_other(self):
        shutil.copy2(program_path("many_providers"), self.path)
        program = Program([self.path])
        self.addCleanup(program.close)
        self.traced.wait_attached("many", seconds=60)
        program.close()
        began = time.monotonic()
        with open(self.path, "r+b"):
            waited = time.monotonic() - began
        self.traced.wait_attached("many", processes=0, seconds=60)
        status, took = self.traced.stop()
        print(f"300 metrics: a writer waited {waited:.2f} s, the end took {took:.2f} s")
        self.assertEqual(status, 0)
        self.assertLess(waited, 4 * PATIENCE)
        self.assertLess(took, 4 * PATIENCE)


class Unmounting(KernelTestCase):
    CONFIG = """
        targets:
          - name: disk
            processes:
              - {selector}
            metrics:
              - {{ name: disk_ticks_total, help: Ticks., type: counter, probe: "puppet:tick" }}
    """

    def setUp(self):
        self.mount = os.path.join(os.path.realpath(self.directory), "disk")
        os.makedirs(self.mount, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "none", self.mount], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", self.mount], check=False, stderr=subprocess.DEVNULL)
        shutil.copy2(program_path("libpuppet.so"), self.mount)
        shutil.copy2(program_path("puppet"), os.path.join(self.mount, "diskpuppet"))

    def run_on_disk(self):
        program = Program([os.path.join(self.mount, "diskpuppet")])
        self.addCleanup(program.close)
        return program

    def unmounts(self):
        return subprocess.run(["umount", self.mount], check=False, stderr=subprocess.DEVNULL).returncode == 0

    def expect_unmounted_in_a_second(self, selector):
        program = self.run_on_disk()
        program.fire("name unmounted")
        exporter = self.exporter(self.CONFIG.format(selector=selector))
        exporter.wait_attached("disk")
        program.fire("tick 3")
        program.close()
        ended = time.monotonic()
        wait_until(self.unmounts, "unmounted")
        took = time.monotonic() - ended
        print(f"unmounted {took:.3f} s after the end")
        self.assertLess(took, 1)
        self.assertEqual(exporter.scrape_of_now().value("disk_ticks_total"), 3)

    def test_the_file_system_of_a_target_that_ended_can_be_unmounted_within_a_second(self):
        self.expect_unmounted_in_a_second("comm: unmounted")

    def test_a_pattern_without_a_directory_names_no_file_and_holds_no_file_system(self):
        self.expect_unmounted_in_a_second("exe: diskpuppet")

    def test_a_file_that_the_spec_names_stays_attached_between_two_processes(self):
        exporter = self.exporter(self.CONFIG.format(selector=f'exe: "{self.mount}/diskpuppet"'))
        exporter.wait_attached("disk", processes=0)
        for ticks in (3, 4):
            program = self.run_on_disk()
            program.fire(f"tick {ticks}")
            program.close()
            exporter.wait_attached("disk", processes=0)
            self.assertFalse(self.unmounts(), "the attached file is held")
        scrape = exporter.scrape_of_now()
        self.assertEqual(scrape.value("disk_ticks_total"), 7)
        self.assertEqual(scrape.value("sdt_exporter_attaches_total", target="disk", metric="disk_ticks_total"), 1)
        self.assertEqual(losses(scrape), {})
        exporter.stop()
        self.assertTrue(self.unmounts())


if __name__ == "__main__":
    unittest.main()
