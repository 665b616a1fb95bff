"""What following all the processes of a machine costs."""

import subprocess
import time
import unittest

from harness.program import program_path
from harness.testcase import KernelTestCase

CONFIG = """
    targets:
      - name: puppet
        processes:
          - exe: "@PROGRAMS@/puppet"
        metrics:
          - { name: puppet_ticks_total, help: Ticks., type: counter, probe: "puppet:tick" }
"""


class Cost(KernelTestCase):
    def cpu_of(self, exporter, seconds):
        """CPU seconds that the exporter takes while so much time passes: the time is the measure here."""
        def used():
            with open(f"/proc/{exporter.process.pid}/schedstat", encoding="ascii") as file:
                return int(file.read().split()[0]) / 1e9
        before, began = used(), time.monotonic()
        time.sleep(seconds)
        return (used() - before) / (time.monotonic() - began)

    def test_1000_idle_processes_cost_less_than_0_2_percent_of_a_core(self):
        idle = [subprocess.Popen(["sleep", "1000"]) for _ in range(1000)]
        try:
            exporter = self.exporter(CONFIG)
            share = self.cpu_of(exporter, 65)  # two looks at everything
            print(f"1,000 idle processes: {100 * share:.3f} % of a core")
            self.assertLess(share, 0.002)
        finally:
            for process in idle:
                process.kill()
            for process in idle:
                process.wait()

    def test_1000_unrelated_execs_a_second_cost_less_than_5_percent_of_a_core(self):
        exporter = self.exporter(CONFIG)
        began = time.monotonic()
        runs = 16000
        spawners = [subprocess.Popen([program_path("spawner"), str(runs // 4), "0", program_path("nothing")])
                    for _ in range(4)]
        share = self.cpu_of(exporter, 4)
        for spawner in spawners:
            self.assertEqual(spawner.wait(timeout=60), 0)
        scrape = exporter.scrape()
        self.assertEqual(scrape.value("sdt_exporter_watcher_overruns_total"), 0, "what was lost cost nothing")
        rate = runs / (time.monotonic() - began)
        print(f"{rate:.0f} execs a second: {100 * share:.2f} % of a core")
        self.assertLess(share, 0.05 * max(1, rate / 1000))


if __name__ == "__main__":
    unittest.main()
