"""Where processes run that were moved, born elsewhere, or gone before anybody could look."""

import os
import subprocess
import unittest

from harness.cgroups import CgroupTestCase
from harness.program import program_path

FIRST, SECOND = "1" * 63 + "a", "2" * 63 + "b"
UID = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"

BURSTS = """
    targets:
      - name: burst
        processes:
          - {selector}
        metrics:
          - name: burst_ticks_total
            help: Ticks.
            type: counter
            probe: burst:tick
            labels: {labels}
"""


def losses(scrape):
    return {dict(labels)["reason"]: value for labels, value in scrape.series("sdt_exporter_events_lost_total").items()
            if value}


class MovesTestCase(CgroupTestCase):
    def traced(self, selector, labels="{}", flags=()):
        exporter = self.exporter(f"""
            targets:
              - name: puppet
                processes:
                  - {selector}
                metrics:
                  - name: puppet_ticks_total
                    help: Ticks.
                    type: counter
                    probe: puppet:tick
                    labels: {labels}
        """, flags)
        return exporter

    def series(self, scrape, metric="puppet_ticks_total"):
        return {tuple(value for _, value in sorted(labels)): value for labels, value in scrape.series(metric).items()}


class BornElsewhere(MovesTestCase):
    """A child that clone3() put into another group than its parent's."""

    def test_is_labelled_with_its_own_group(self):
        parent = self.puppet("/sdttest.slice/a.service")
        exporter = self.traced('exe: "@PROGRAMS@/puppet"', "{ unit: unit }")
        exporter.wait_attached("puppet")
        parent.fire("tick 3")
        self.assertEqual(self.series(exporter.scrape_of_now()), {("a.service",): 3})
        parent.fire(f"into {self.cgroups.make('/sdttest.slice/b.service')} 50")
        self.assertEqual(self.series(exporter.scrape_of_now()), {("a.service",): 3, ("b.service",): 50})

    def test_is_no_member_where_its_parent_is_one(self):
        parent = self.puppet("/sdttest.slice/a.service")
        exporter = self.traced("unit: a.service")
        exporter.wait_attached("puppet")
        parent.fire("tick 3")
        parent.fire("fork 4")
        parent.fire(f"into {self.cgroups.make('/sdttest.slice/b.service')} 50")
        self.assertEqual(exporter.scrape_of_now().value("puppet_ticks_total"), 7)

    def test_is_a_member_where_its_parent_is_none(self):
        parent = self.puppet("/sdttest.slice/a.service")
        exporter = self.traced('{ exe: "@PROGRAMS@/puppet", unit: b.service }')
        exporter.wait_attached("puppet", processes=0)
        parent.fire("tick 3")
        parent.fire(f"into {self.cgroups.make('/sdttest.slice/b.service')} 50")
        self.assertEqual(exporter.scrape_of_now().value("puppet_ticks_total"), 50)


class Moved(MovesTestCase):
    """A process that is put into another group while it runs."""

    def test_becomes_a_member_soon_after_its_start(self):
        exporter = self.traced('{ exe: "@PROGRAMS@/puppet", unit: b.service }')
        exporter.wait_attached("puppet", processes=0)
        program = self.puppet("/sdttest.slice/a.service")
        with open(os.path.join(self.cgroups.make("/sdttest.slice/b.service"), "cgroup.procs"), "w",
                  encoding="ascii") as procs:
            procs.write(str(program.pid))
        exporter.wait_attached("puppet", processes=1, seconds=10)  # long before all of /proc is looked at
        program.fire("tick 50")
        self.assertEqual(exporter.scrape_of_now().value("puppet_ticks_total"), 50)


class Gone(MovesTestCase):
    """The process, and the group it was in, have ended before the counts are taken over."""

    def run_burst(self, path, count):
        self.assertEqual(subprocess.run(self.cgroups.command(path, [program_path("burst"), count])).returncode, 0)
        self.cgroups.remove(path)

    def test_counts_under_a_group_that_is_gone_too(self):
        exporter = self.exporter(BURSTS.format(selector='exe: "@PROGRAMS@/burst"', labels="{ container: container }"))
        exporter.wait_attached("burst", processes=0)
        self.run_burst(f"/sdttest.slice/docker-{FIRST}.scope", 40)
        self.assertEqual(self.series(exporter.scrape_of_now(), "burst_ticks_total"), {(FIRST,): 40})

    def test_is_chosen_by_a_group_that_is_gone_too(self):
        exporter = self.exporter(BURSTS.format(selector=f'{{ exe: "@PROGRAMS@/burst", container: "{FIRST}" }}',
                                               labels="{}"))
        exporter.wait_attached("burst", processes=0)
        self.run_burst(f"/sdttest.slice/docker-{FIRST}.scope", 40)
        self.run_burst(f"/sdttest.slice/docker-{SECOND}.scope", 500)
        scrape = exporter.scrape_of_now()
        self.assertEqual((scrape.value("burst_ticks_total"), losses(scrape)), (40, {}))


class LegacyHierarchy(CgroupTestCase):
    """Groups that systemd's own hierarchy of version 1 has, and the unified one has not."""

    LEGACY = True

    def test_labels_tell_containers_apart(self):
        exporter = self.exporter(BURSTS.format(selector='exe: "@PROGRAMS@/puppet"', labels="{ container: container }")
                                 .replace("burst", "puppet"))
        exporter.wait_attached("puppet", processes=0)
        programs = [self.cgroups.start(f"/sdttest/docker/{container}", [program_path("puppet")])
                    for container in (FIRST, SECOND)]
        for program, count in zip(programs, (7, 11)):
            self.addCleanup(program.close)
            program.fire(f"tick {count}")
        series = exporter.scrape_of_now().series("puppet_ticks_total")
        self.assertEqual(series, {frozenset({("container", FIRST)}): 7, frozenset({("container", SECOND)}): 11})

    def test_what_was_gone_before_it_could_be_told_is_lost_and_not_foreign(self):
        exporter = self.exporter(BURSTS.format(selector=f'{{ exe: "@PROGRAMS@/burst", container: "{FIRST}" }}',
                                               labels="{}"))
        exporter.wait_attached("burst", processes=0)
        command = self.cgroups.command(f"/sdttest/docker/{FIRST}", [program_path("burst"), 40])
        for _ in range(20):
            self.assertEqual(subprocess.run(command).returncode, 0)
        scrape = exporter.scrape_of_now()
        counted = scrape.value("burst_ticks_total")
        self.assertEqual(counted + losses(scrape).get("unclassified", 0), 800)
        self.assertEqual(scrape.value("sdt_exporter_foreign_hits_total", target="burst", metric="burst_ticks_total"), 0)


class PodsInTheMaking(MovesTestCase):
    """The kubelet links a container's log under its id once the container runs."""

    def test_a_container_among_several_gets_its_name_when_it_is_there(self):
        root = os.path.join(self.directory, "host")
        for directory in (f"pods/shop_web-7d9f_{UID}/app", f"pods/shop_web-7d9f_{UID}/proxy", "containers"):
            os.makedirs(os.path.join(root, "var/log", directory))
        exporter = self.traced('exe: "@PROGRAMS@/puppet"', "{ a: pod, b: container_name }",
                               flags=[f"--path.rootfs={root}"])
        app = self.puppet(f"/sdttest/kubepods/burstable/pod{UID}/{FIRST}")
        exporter.wait_attached("puppet")
        app.fire("tick 4")
        self.assertEqual(self.series(exporter.scrape_of_now()), {("web-7d9f", ""): 4})
        os.symlink("/nowhere", os.path.join(root, f"var/log/containers/web-7d9f_shop_app-{FIRST}.log"))

        def is_named(_):
            app.fire("tick 1")
            return exporter.scrape_of_now().value("puppet_ticks_total", a="web-7d9f", b="app")

        exporter.wait_for(is_named, "the container's name", seconds=60)


if __name__ == "__main__":
    unittest.main()
