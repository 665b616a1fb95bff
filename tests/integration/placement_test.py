"""Processes chosen and told apart by where they run: control group, unit, container, pod."""

import os
import subprocess
import unittest

from harness.cgroups import CgroupTestCase
from harness.exporter import losses
from harness.program import program_path

FIRST, SECOND = "1" * 63 + "a", "2" * 63 + "b"
UID = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"


def kubernetes(container):
    return (f"/sdttest.slice/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{UID.replace('-', '_')}.slice/"
            f"cri-containerd-{container}.scope")


class Placement(CgroupTestCase):
    def traced(self, selector, labels, flags=(), where=""):
        return self.exporter(f"""
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
                    {where}
        """, flags)

    def series(self, exporter):
        scrape = exporter.scrape_of_now()
        self.assertEqual(losses(scrape), {})
        return {tuple(value for _, value in sorted(labels)): value
                for labels, value in scrape.series("puppet_ticks_total").items()}

    def test_labels_tell_containers_and_units_apart(self):
        exporter = self.traced('exe: "@PROGRAMS@/puppet"', "{ container: container, unit: unit }")
        docker = self.puppet(f"/sdttest.slice/docker-{FIRST}.scope")
        service = self.puppet("/sdttest.slice/shop.service/worker")
        exporter.wait_attached("puppet", processes=2)
        docker.fire("tick 7")
        service.fire("tick 11")
        self.assertEqual(self.series(exporter), {(FIRST, f"docker-{FIRST}.scope"): 7, ("", "shop.service"): 11})

    def test_selectors_choose_by_container_unit_and_path(self):
        ours = self.puppet(f"/sdttest.slice/docker-{FIRST}.scope")
        other = self.puppet(f"/sdttest.slice/docker-{SECOND}.scope")
        for selector in (f"container: {FIRST[:12]}*", f'unit: "docker-{FIRST}.scope"',
                         f'cgroup: "/sdttest.slice/docker-1*"'):
            with self.subTest(selector):
                exporter = self.traced(f"{{ comm: puppet, {selector} }}", "{ cgroup: cgroup }")
                exporter.wait_attached("puppet", processes=1)
                ours.fire("tick 5")
                other.fire("tick 100")
                self.assertEqual(self.series(exporter), {(f"/sdttest.slice/docker-{FIRST}.scope",): 5})
                exporter.stop()

    def test_where_refuses_by_place(self):
        exporter = self.traced('exe: "@PROGRAMS@/puppet"', "{}", where='where: unit == "shop.service"')
        shop = self.puppet("/sdttest.slice/shop.service")
        other = self.puppet("/sdttest.slice/other.service")
        exporter.wait_attached("puppet", processes=2)
        shop.fire("tick 3")
        other.fire("tick 50")
        self.assertEqual(self.series(exporter), {(): 3})

    def test_processes_that_live_for_a_millisecond_count_for_their_container(self):
        exporter = self.exporter("""
            targets:
              - name: puppet
                processes:
                  - { exe: "@PROGRAMS@/burst", container: "*[0-9]*" }
                metrics:
                  - { name: puppet_ticks_total, help: Ticks., type: counter, probe: "burst:tick",
                      labels: { container: container } }
        """)
        exporter.wait_attached("puppet", processes=0)
        runs = {FIRST: 100, SECOND: 60}
        started = [subprocess.Popen(self.cgroups.command(f"/sdttest.slice/libpod-{container}.scope/container",
                                                         [program_path("spawner"), count, "0", program_path("burst"),
                                                          "5"]))
                   for container, count in runs.items()]
        # In a group, so that where it was can be told afterwards.
        started.append(subprocess.Popen(self.cgroups.command("/sdttest.slice/other.service",
                                                             [program_path("spawner"), "40", "0",
                                                              program_path("burst"), "5"])))
        for spawner in started:
            self.assertEqual(spawner.wait(timeout=60), 0)
        self.assertEqual(self.series(exporter), {(FIRST,): 500, (SECOND,): 300})

    def test_pods_have_the_names_that_the_kubelet_gave_them(self):
        root = os.path.join(self.directory, "host")
        os.makedirs(os.path.join(root, f"var/log/pods/shop_web-7d9f_{UID}/app"))
        os.makedirs(os.path.join(root, f"var/log/pods/shop_web-7d9f_{UID}/proxy"))
        os.makedirs(os.path.join(root, "var/log/containers"))
        for name, container in (("app", FIRST), ("proxy", SECOND)):
            os.symlink("/nowhere", os.path.join(root, f"var/log/containers/web-7d9f_shop_{name}-{container}.log"))
        app, proxy = self.puppet(kubernetes(FIRST)), self.puppet(kubernetes(SECOND))
        outside = self.program("puppet")
        exporter = self.traced("{ namespace: shop, pod: web-* }",
                               "{ a: namespace, b: pod, c: container_name }", flags=[f"--path.rootfs={root}"])
        exporter.wait_attached("puppet", processes=2)
        app.fire("tick 4")
        proxy.fire("tick 6")
        outside.fire("tick 100")
        self.assertEqual(self.series(exporter), {("shop", "web-7d9f", "app"): 4, ("shop", "web-7d9f", "proxy"): 6})


if __name__ == "__main__":
    unittest.main()
