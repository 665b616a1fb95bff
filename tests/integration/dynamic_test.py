"""Probes that come and go with dlopen, and what is left when they are gone."""

import os
import re
import shutil
import subprocess
import time
import unittest

from harness.program import Program, program_path
from harness.testcase import KernelTestCase
from harness.waiting import wait_until

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
        self.assertIn("plugin: waiting", self.traced.get("/targets")[1])
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

    def held(self):
        """Descriptors of the exporter by what they are, and its resident memory in KiB."""
        process = self.traced.process.pid
        kinds = {"links": 0, "programs": 0, "maps": 0}
        descriptors = os.listdir(f"/proc/{process}/fdinfo")
        for number in descriptors:
            try:
                with open(f"/proc/{process}/fdinfo/{number}", encoding="ascii") as file:
                    text = file.read()
            except FileNotFoundError:
                continue
            kinds["links"] += "link_type:" in text
            kinds["programs"] += text.startswith("pos:") and "\nprog_type:" in text and "link_type:" not in text
            kinds["maps"] += "map_type:" in text
        with open(f"/proc/{process}/status", encoding="ascii") as file:
            memory = int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))
        return {"descriptors": len(descriptors), **kinds}, memory

    def test_1000_loads_leave_nothing_behind(self):
        path = program_path("libplugin.so")
        for i in range(100):
            self.load(f"load {path}", i + 1)
            self.puppet.fire("unload")
        kinds, memory = self.settled()
        for i in range(1000):
            self.load(f"load {path}", i + 101)
            self.puppet.fire("unload")
        after, grown = self.settled()
        print(f"before {kinds} {memory} KiB, after 1,000 loads {after} {grown} KiB")
        self.assertEqual(after, kinds)
        self.assertLess(grown - memory, 2048)

    def settled(self):
        """What is held once the last library is let go of."""
        self.puppet.fire("open " + program_path("libpuppet.so"))  # maps nothing new that is wanted
        self.puppet.close()
        self.puppet = self.program("puppet")
        self.traced.wait_for(lambda scrape: scrape.value("sdt_exporter_target_waiting", target="plugin") == 1,
                             "nothing is wanted any more")
        wait_until(self.holds_no_library, "everything is let go")
        return self.held()

    def holds_no_library(self):
        descriptors = f"/proc/{self.traced.process.pid}/fd"
        held = set()
        for number in os.listdir(descriptors):
            try:
                held.add(os.readlink(f"{descriptors}/{number}"))
            except FileNotFoundError:
                continue
        return self.held()[0]["links"] == 0 and not any("memfd:plugin" in name for name in held)


class Unmounting(KernelTestCase):
    def test_the_file_system_of_a_target_that_ended_can_be_unmounted_within_a_second(self):
        mount = os.path.join(os.path.realpath(self.directory), "disk")
        os.mkdir(mount)
        subprocess.run(["mount", "-t", "tmpfs", "none", mount], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", mount], check=False, stderr=subprocess.DEVNULL)
        for name in ("puppet", "libpuppet.so"):
            shutil.copy2(program_path(name), mount)
        program = Program([os.path.join(mount, "puppet")])
        self.addCleanup(program.close)
        program.fire("name unmounted")
        exporter = self.exporter("""
            targets:
              - name: disk
                processes:
                  - comm: unmounted
                metrics:
                  - { name: disk_ticks_total, help: Ticks., type: counter, probe: "puppet:tick" }
        """)
        exporter.wait_attached("disk")
        program.fire("tick 3")
        program.close()
        ended = time.monotonic()
        wait_until(lambda: subprocess.run(["umount", mount], check=False, stderr=subprocess.DEVNULL).returncode == 0,
                   "unmounted")
        took = time.monotonic() - ended
        print(f"unmounted {took:.3f} s after the end")
        self.assertLess(took, 1)
        self.assertEqual(exporter.scrape_of_now().value("disk_ticks_total"), 3)


if __name__ == "__main__":
    unittest.main()
