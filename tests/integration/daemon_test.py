"""The daemon as such: its pages, its end, and how it bears many sites."""

import json
import os
import re
import unittest

from harness.exporter import Exporter, run_exporter
from harness.fdstore import FdStore
from harness.program import program_path
from harness.testcase import KernelTestCase

HERE = os.path.dirname(os.path.abspath(__file__))

MANY = """
    targets:
      - name: many
        processes:
          - exe: "@PROGRAMS@/many_sites"
        metrics:
          - name: many_sites_total
            help: Events of a thousand sites.
            type: counter
            probe: many:site
"""


class ManySites(KernelTestCase):
    def test_a_thousand_sites_attach_in_a_moment_and_all_count(self):
        program = self.program("many_sites")
        exporter = self.exporter(MANY, flags=["--log.level=debug"])
        scrape = exporter.wait_attached("many")
        self.assertEqual(scrape.total("sdt_exporter_probe_sites", target="many"), 1000)
        attached, = [record for record in exporter.records() if record.get("msg") == "attach took"]
        self.assertLess(float(attached["seconds"]), 0.3)
        program.fire("all")
        program.fire("all")
        self.assertEqual(exporter.scrape_of_now().value("many_sites_total"), 2000)

    def test_sigterm_ends_it_within_two_seconds(self):
        program = self.program("many_sites")
        exporter = self.exporter(MANY)
        exporter.wait_attached("many")
        program.fire("all")
        status, seconds = exporter.stop()
        self.assertEqual(status, 0, exporter.log())
        self.assertLess(seconds, 2)
        program.fire("all")  # and the program is none the worse

    def test_10000_sites_are_attached_in_a_moment_and_let_go_within_two_seconds(self):
        program = self.program("many_sites")
        exporter = self.exporter(MANY.replace("many:site", "many:bare"), flags=["--log.level=debug"])
        scrape = exporter.wait_attached("many")
        self.assertEqual(scrape.total("sdt_exporter_probe_sites", target="many"), 10_000)
        attached, = [record for record in exporter.records() if record.get("msg") == "attach took"]
        program.fire("bare")
        self.assertEqual(exporter.scrape_of_now().value("many_sites_total"), 10_000)
        status, seconds = exporter.stop()
        print(f"10,000 sites: attached in {float(attached['seconds']):.3f} s, ended within {seconds:.3f} s")
        self.assertEqual(status, 0, exporter.log())
        self.assertLess(seconds, 2)
        program.fire("bare")


class SlowEnd(KernelTestCase):
    """Perf events detach one after the other."""

    def test_the_service_manager_is_told_how_far_it_is_and_to_wait(self):
        self.program("puppet")
        manager = FdStore(self.directory)
        self.addCleanup(manager.close)
        path = self.write("slow.yaml", """
            targets:
              - name: puppet
                processes: [ exe: "@PROGRAMS@/puppet" ]
                metrics:
        """ + "".join(f"""
                  - {{ name: ticks_{number}_total, help: Ticks., type: counter, probe: "puppet:tick" }}"""
                      for number in range(20)))
        exporter = Exporter([path], self.directory, ["--kernel.attach=perf"], **manager.launch())
        self.addCleanup(exporter.kill)
        exporter.wait_attached("puppet")
        status, seconds = exporter.stop(seconds=60)
        self.assertEqual(status, 0, exporter.log())
        said = [next(iter(message.items())) for message in manager.said]
        left = [int(number) for key, text in said if key == "STATUS"
                for number in re.findall(r"^detaching, (\d+) sites left$", text)]
        print(f"20 perf uprobes let go of in {seconds:.1f} s, told: {left}")
        self.assertTrue(left)
        self.assertEqual(left, sorted(set(left), reverse=True))
        self.assertEqual(said.count(("EXTEND_TIMEOUT_USEC", "60000000")), len(left))

    def test_more_sites_than_it_could_let_go_of_in_minutes_are_refused_and_the_others_count(self):
        self.program("many_sites")
        puppet = self.program("puppet")
        exporter = self.exporter(MANY.replace("many:site", "many:bare") + """
      - name: puppet
        processes: [ exe: "@PROGRAMS@/puppet" ]
        metrics:
          - { name: puppet_ticks_total, help: Ticks., type: counter, probe: "puppet:tick" }
""", flags=["--kernel.attach=perf"])
        exporter.wait_attached("puppet")
        exporter.wait_for(lambda scrape: scrape.total("sdt_exporter_attach_errors_total", target="many",
                                                      reason="exhausted"), "the refusal")
        puppet.fire("tick 1000")
        scrape = exporter.scrape_of_now()
        self.assertEqual(scrape.value("puppet_ticks_total"), 1000)
        self.assertEqual(scrape.total("sdt_exporter_probe_sites", target="many"), 0)
        refused, = [metric for target in json.loads(exporter.get("/api/v1/targets")[1])["targets"]
                    for metric in target["metrics"] if metric["name"] == "many_sites_total"]
        self.assertIn("10000 sites", refused["reason"])
        self.assertIn("narrow the probe's pattern", refused["reason"])


class Pages(KernelTestCase):
    def test_health_readiness_landing_page_and_unknown_paths(self):
        exporter = self.exporter(MANY)
        self.assertEqual(exporter.get("/-/healthy")[0], 200)
        self.assertEqual(exporter.get("/-/ready")[0], 200)
        status, page = exporter.get("/")
        self.assertEqual(status, 200)
        self.assertIn("/metrics", page)
        self.assertEqual(exporter.get("/nothing-here")[0], 404)

    def test_every_family_has_help_and_type_and_the_contract_is_kept(self):
        self.program("many_sites")
        exporter = self.exporter(MANY)
        scrape = exporter.wait_attached("many")
        self.assertEqual(set(scrape.types), set(scrape.helps))
        for name in ("build_info", "target_processes", "probe_sites", "probe_hits_total", "metric_attached",
                     "attaches_total", "events_lost_total", "series", "series_limit",
                     "drain_duration_seconds", "last_drain_timestamp_seconds",
                     "config_last_reload_successful", "config_last_reload_success_timestamp_seconds"):
            self.assertIn(f"sdt_exporter_{name}", scrape.types)
        for name in ("process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds",
                     "process_start_time_seconds"):
            self.assertIn(name, scrape.types)

    def test_a_scrape_drains_when_the_data_is_old(self):
        program = self.program("many_sites")
        exporter = self.exporter("    global: { drain_interval: 10m }\n" + MANY)
        exporter.wait_attached("many")
        program.fire("all")
        self.assertEqual(exporter.scrape_of_now().value("many_sites_total"), 1000)


class Check(KernelTestCase):
    def test_the_shipped_packs_are_valid(self):
        result = run_exporter("check", f"--config.file={os.path.join(HERE, '../../config/packs')}")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_probes_are_shown_with_their_sites_arguments_and_semaphores(self):
        self.program("puppet")
        config = self.write("config.yaml", """
            targets:
              - name: puppet
                processes:
                  - exe: "@PROGRAMS@/puppet"
                metrics:
                  - name: puppet_guarded_total
                    help: Guarded.
                    type: counter
                    probe: puppet:guarded
                    value: arg0
            """)
        result = run_exporter("check", f"--config.file={config}", "--probes")
        self.assertEqual(result.returncode, 0, result.stderr)
        for part in ("puppet_guarded_total", "puppet:guarded", program_path("puppet"), "SEMAPHORE", "arg0=8@"):
            self.assertIn(part, result.stdout)

    def test_a_probe_nobody_has_is_an_error_of_check(self):
        self.program("puppet")
        config = self.write("config.yaml", """
            targets:
              - name: puppet
                processes:
                  - exe: "@PROGRAMS@/puppet"
                metrics:
                  - name: puppet_absent_total
                    help: Absent.
                    type: counter
                    probe: puppet:no_such_probe
                  - name: puppet_third_total
                    help: An argument that the probe does not have.
                    type: counter
                    probe: puppet:vector
                    labels: { third: arg2 }
            """)
        result = run_exporter("check", f"--config.file={config}", "--probes")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("puppet:no_such_probe", result.stdout + result.stderr)
        self.assertIn("arg2", result.stdout + result.stderr)


class List(KernelTestCase):
    def test_a_running_process_shows_the_probes_of_all_its_files(self):
        program = self.program("puppet")
        result = run_exporter("list", f"--pid={program.pid}", "--output=json")
        self.assertEqual(result.returncode, 0, result.stderr)
        text = json.dumps(json.loads(result.stdout))
        for name in ("guarded", "vector", "puppet_lib", "libpuppet.so"):
            self.assertIn(name, text)

    def test_a_pattern_narrows(self):
        result = run_exporter("list", f"--exe={program_path('puppet')}", "puppet:work__*")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("work__start", result.stdout)
        self.assertNotIn("guarded", result.stdout)


if __name__ == "__main__":
    unittest.main()
