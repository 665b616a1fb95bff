"""What goes wrong says so, where a person looks, and stops nothing else."""

import os
import socket
import unittest

from harness.exporter import run_exporter
from harness.program import Program, program_path
from harness.testcase import KernelTestCase
from harness.waiting import wait_until

COUNTER = """
    targets:
      - name: puppet
        processes:
          - exe: "@PROGRAMS@/puppet"
        metrics:
          - name: puppet_ticks_total
            help: Ticks.
            type: counter
            probe: puppet:tick
"""


class Configuration(KernelTestCase):
    def run_with(self, *paths):
        return run_exporter("run", *(f"--config.file={path}" for path in paths), "--web.listen-address=127.0.0.1:0")

    def test_a_missing_file_is_named_and_ends_with_status_2(self):
        path = os.path.join(self.directory, "absent.yaml")
        result = self.run_with(path)
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn(path, result.stderr)
        self.assertIn("No such file", result.stderr)

    def test_every_mistake_of_every_file_is_reported_in_one_pass(self):
        first = self.write("first.yaml", """\
            targets:
              - name: one
                processes: [{ exe: /bin/true }]
                metrics:
                  - name: 1bad
                    help: A name that begins with a digit.
                    type: counter
                    probe: a:b
                  - name: good_total
                    help: A type that is none.
                    type: meter
                    probe: a:b
            """)
        second = self.write("second.yaml", """\
            targets:
              - name: two
                processes: [{ exe: /bin/true }]
                metrics:
                  - name: other_total
                    help: A key that is none, and a broken expression.
                    type: counter
                    probes: a:b
                    where: arg0 >
            """)
        result = self.run_with(first, second)
        self.assertEqual(result.returncode, 2)
        for place in (f"{first}:5:", f"{first}:11:", f"{second}:8:", f"{second}:9:"):
            self.assertIn(place, result.stderr)
        self.assertIn("histogram", result.stderr, "the types that may stand there")

    def test_check_says_the_same_as_run(self):
        path = self.write("broken.yaml", "targets:\n  - nam: x\n")
        check = run_exporter("check", f"--config.file={path}")
        self.assertEqual(check.returncode, 2)
        self.assertIn(f"{path}:2:5: ", check.stdout + check.stderr)

    def test_check_of_a_good_file_is_0(self):
        self.assertEqual(run_exporter("check", f"--config.file={self.write('good.yaml', COUNTER)}").returncode, 0)


class Listening(KernelTestCase):
    def test_a_port_in_use_is_named_and_ends_with_status_1(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            result = run_exporter("run", f"--config.file={self.write('config.yaml', COUNTER)}",
                                  f"--web.listen-address={address}")
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn(address, result.stderr)
        self.assertIn("in use", result.stderr)


class Probes(KernelTestCase):
    def test_a_probe_nobody_has_stops_nothing_else(self):
        program = self.program("puppet")
        exporter = self.exporter(COUNTER + """\
          - name: puppet_absent_total
            help: No such probe.
            type: counter
            probe: puppet:no_such_probe
""")
        exporter.wait_attached("puppet", metrics=["puppet_ticks_total"])
        program.fire("tick 3")
        scrape = exporter.scrape_of_now()
        self.assertEqual(scrape.value("puppet_ticks_total"), 3)
        self.assertEqual(scrape.value("sdt_exporter_metric_attached", target="puppet", metric="puppet_absent_total"), 0)
        self.assertIn("puppet:no_such_probe", exporter.log())

    def test_an_argument_that_cannot_be_had_takes_down_only_the_metric_that_uses_it(self):
        program = self.program("puppet")
        exporter = self.exporter(COUNTER + """\
          - name: puppet_vectors_total
            help: Does not look at the argument.
            type: counter
            probe: puppet:vector
          - name: puppet_vectors_by_second_total
            help: Looks at the other argument.
            type: counter
            probe: puppet:vector
            labels: { second: arg1 }
          - name: puppet_vector_sum_total
            help: Looks at it.
            type: counter
            probe: puppet:vector
            value: arg0
          - name: puppet_third_total
            help: Looks at an argument that the probe does not have.
            type: counter
            probe: puppet:vector
            labels: { third: arg2 }
""")
        exporter.wait_attached("puppet", metrics=["puppet_ticks_total", "puppet_vectors_total",
                                                  "puppet_vectors_by_second_total"])
        program.fire("vector")
        scrape = exporter.scrape_of_now()
        self.assertEqual(scrape.value("puppet_vectors_total"), 1)
        self.assertEqual(scrape.value("puppet_vectors_by_second_total", second="7"), 1)
        for metric, argument in (("puppet_vector_sum_total", "arg0"), ("puppet_third_total", "arg2")):
            self.assertEqual(scrape.value("sdt_exporter_metric_attached", target="puppet", metric=metric), 0, metric)
            self.assertTrue(any(record.get("metric") == metric and argument in line
                                for record, line in zip(exporter.records(), exporter.log().splitlines())),
                            f"the log says that {metric} lacks {argument}")

    def test_no_process_is_not_an_error(self):
        exporter = self.exporter(COUNTER.replace("@PROGRAMS@", "/nowhere"))
        scrape = exporter.scrape()
        self.assertEqual(scrape.value("sdt_exporter_target_processes", target="puppet"), 0)
        self.assertEqual(scrape.value("sdt_exporter_metric_attached", target="puppet", metric="puppet_ticks_total"), 0)
        self.assertEqual(scrape.total("sdt_exporter_attach_errors_total"), 0)


class Privileges(KernelTestCase):
    @staticmethod
    def without(*capabilities):
        dropped = ",".join("-" + name for name in capabilities)
        return ["setpriv", f"--bounding-set={dropped}", f"--inh-caps={dropped}", f"--ambient-caps={dropped}"]

    def run_without(self, *capabilities, flags=()):
        self.program("puppet")
        return run_exporter("run", f"--config.file={self.write('config.yaml', COUNTER)}",
                            "--web.listen-address=127.0.0.1:0", *flags, wrapper=self.without(*capabilities))

    def test_without_bpf_it_names_the_capability_and_ends_with_status_1(self):
        result = self.run_without("bpf", "sys_admin")
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("CAP_BPF", result.stderr)

    def test_without_perfmon_it_names_the_capability_and_ends_with_status_1(self):
        result = self.run_without("perfmon", "sys_admin")
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("CAP_PERFMON", result.stderr)

    def test_perf_uprobes_without_sys_admin_name_the_capability(self):
        self.program("puppet")
        exporter = self.exporter(COUNTER, ["--kernel.attach=perf"], self.without("sys_admin"))
        scrape = exporter.wait_for(lambda now: now.total("sdt_exporter_attach_errors_total") > 0, "attaching fails")
        self.assertEqual(scrape.value("sdt_exporter_metric_attached", target="puppet", metric="puppet_ticks_total"), 0)
        self.assertIn("CAP_SYS_ADMIN", exporter.log())

    def test_a_process_that_may_not_be_looked_at_is_reported_and_others_count(self):
        # A process without capabilities of its own may be looked at by its own user.
        capless = self.without("sys_ptrace", "sys_admin")
        own = Program([*capless, program_path("puppet")])
        self.addCleanup(own.close)
        foreign = Program(["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups",
                           program_path("many_sites")])
        self.addCleanup(foreign.close)
        exporter = self.exporter(COUNTER + """\
      - name: many
        processes:
          - exe: "@PROGRAMS@/many_sites"
        metrics:
          - name: many_sites_total
            help: Events.
            type: counter
            probe: many:site
""", wrapper=capless)
        exporter.wait_attached("puppet")

        def named():
            for record in exporter.records():
                if "cannot be looked at" in record.get("msg", "") and int(record["count"]) > 0:
                    return record
            return None

        self.assertIn("CAP_SYS_PTRACE", wait_until(named, "the log says that some are hidden")["error"])
        own.fire("tick 8")
        foreign.fire("all")
        scrape = exporter.scrape_of_now()
        self.assertEqual(scrape.value("puppet_ticks_total"), 8)
        self.assertEqual(scrape.value("many_sites_total"), 0)
        self.assertEqual(scrape.value("sdt_exporter_events_lost_total", target="many", metric="many_sites_total",
                                      reason="unclassified"), 1000)

    def test_uprobe_multi_needs_no_sys_admin(self):
        program = self.program("puppet")
        exporter = self.exporter(COUNTER, wrapper=self.without("sys_admin"))
        exporter.wait_attached("puppet")
        program.fire("tick 8")
        self.assertEqual(exporter.scrape_of_now().value("puppet_ticks_total"), 8)


class Kernels(KernelTestCase):
    def test_a_kernel_without_uprobes_is_named_and_ends_with_status_1(self):
        config = self.write("config.yaml", COUNTER)
        hide_uprobes = "mount -t tmpfs none /sys/bus/event_source/devices && exec \"$@\""
        result = run_exporter("run", f"--config.file={config}", "--web.listen-address=127.0.0.1:0",
                              "--kernel.attach=perf", wrapper=["unshare", "-m", "sh", "-c", hide_uprobes, "sh"])
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("uprobe", result.stderr)
        self.assertIn("/sys/bus/event_source/devices", result.stderr)

    def test_this_kernel_attaches_both_ways(self):
        program = self.program("puppet")
        for way in ("multi", "perf"):
            exporter = self.exporter(COUNTER, flags=(f"--kernel.attach={way}",))
            exporter.wait_attached("puppet")
            program.fire("tick 2")
            self.assertEqual(exporter.scrape_of_now().value("puppet_ticks_total"), 2, way)
            exporter.stop()


if __name__ == "__main__":
    unittest.main()
