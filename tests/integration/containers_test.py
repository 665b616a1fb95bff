"""Namespaces: one image in two containers, and an exporter in a pid namespace of its own."""

import os
import shutil
import subprocess
import tempfile
import unittest

from harness.cgroups import Cgroups
from harness.program import Program, program_path
from harness.testcase import KernelTestCase

TICKS = """
    targets:
      - name: puppet
        processes:
          - {selector}
        metrics:
          - name: puppet_ticks_total
            help: Ticks.
            type: counter
            probe: puppet:tick
          - name: puppet_ticks_by_process_total
            help: Ticks by process.
            type: counter
            probe: puppet:tick
            labels: {{ pid: pid }}
"""


class OneImageTwice(KernelTestCase):
    """Two overlay file systems over one lower directory, as two containers of one image have."""

    def mount_overlay(self, image, name):
        upper, work, merged = (os.path.join(self.disk, name, part) for part in ("upper", "work", "merged"))
        for directory in (upper, work, merged):
            os.makedirs(directory)
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o",
                        f"lowerdir={image},upperdir={upper},workdir={work}", merged], check=True)
        self.addCleanup(subprocess.run, ["umount", merged], check=True)
        return merged

    def setUp(self):
        # On a disk: an overlay's upper directory may not be an overlay itself, and /tmp may be one.
        self.disk = tempfile.mkdtemp(dir=os.path.dirname(program_path("puppet")))
        self.addCleanup(shutil.rmtree, self.disk)
        image = os.path.join(self.disk, "image")
        os.makedirs(image)
        for file in ("puppet", "libpuppet.so"):
            shutil.copy2(program_path(file), image)
        self.containers = [self.mount_overlay(image, name) for name in ("first", "second")]

    def test_each_has_its_own_count_under_its_container_label(self):
        cgroups = Cgroups(self.directory)
        self.addCleanup(cgroups.close)
        ids = [digit * 64 for digit in "ab"]
        programs = [cgroups.start(f"/sdttest.slice/docker-{container}.scope", [os.path.join(merged, "puppet")])
                    for container, merged in zip(ids, self.containers)]
        for program in programs:
            self.addCleanup(program.close)
        exporter = self.exporter(f"""
            targets:
              - name: puppet
                processes:
                  - exe: "{self.disk}/*/merged/puppet"
                metrics:
                  - name: puppet_ticks_total
                    help: Ticks.
                    type: counter
                    probe: puppet:tick
                    labels: {{ container: container }}
        """)
        exporter.wait_attached("puppet", processes=2)
        programs[0].fire("tick 700")
        programs[1].fire("tick 11")
        scrape = exporter.scrape_of_now()
        self.assertEqual(scrape.series("puppet_ticks_total"),
                         {frozenset({("container", ids[0])}): 700, frozenset({("container", ids[1])}): 11})
        self.assertEqual(scrape.value("sdt_exporter_probe_sites", target="puppet", metric="puppet_ticks_total",
                                      probe="puppet:tick"), 1)

    def test_every_event_counts_once_and_for_its_own_process(self):
        programs = [Program([os.path.join(merged, "puppet")]) for merged in self.containers]
        for program in programs:
            self.addCleanup(program.close)
        exporter = self.exporter(TICKS.format(selector=f'exe: "{self.disk}/*/merged/puppet"'))
        exporter.wait_attached("puppet", processes=2)
        programs[0].fire("tick 700")
        programs[1].fire("tick 11")
        scrape = exporter.scrape_of_now()
        self.assertEqual(scrape.value("puppet_ticks_total"), 711)
        self.assertEqual(scrape.series("puppet_ticks_by_process_total"),
                         {frozenset({("pid", str(programs[0].pid))}): 700,
                          frozenset({("pid", str(programs[1].pid))}): 11})
        self.assertEqual(scrape.value("sdt_exporter_probe_hits_total", target="puppet", metric="puppet_ticks_total",
                                      probe="puppet:tick"), 711)


class OwnPidNamespace(KernelTestCase):
    """The exporter sees the pids of its own namespace, in /proc and in its events."""

    def test_processes_of_the_same_namespace_are_counted_and_others_are_not(self):
        outside = self.program("puppet")
        exporter = self.exporter(TICKS.format(selector='exe: "@PROGRAMS@/puppet"'),
                                 wrapper=["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c",
                                          f"mkfifo {self.directory}/stdin; "
                                          f"{program_path('puppet')} < {self.directory}/stdin "
                                          f"> {self.directory}/stdout & "
                                          'exec "$@"', "sh"])
        with open(os.path.join(self.directory, "stdin"), "w", encoding="utf-8") as inside:
            exporter.wait_attached("puppet")
            outside.fire("tick 500")
            inside.write("tick 30\n")
            inside.flush()
            scrape = exporter.wait_for(lambda scrape: scrape.value("puppet_ticks_total") == 30, "30 ticks")
        self.assertEqual(scrape.value("puppet_ticks_total"), 30)
        self.assertEqual(scrape.value("sdt_exporter_foreign_hits_total", target="puppet",
                                      metric="puppet_ticks_total"), 500)


if __name__ == "__main__":
    unittest.main()
