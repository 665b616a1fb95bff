"""Files that are replaced, and files that are rewritten in place."""

import os
import shutil
import subprocess
import unittest

from harness.program import Program, program_path
from harness.testcase import KernelTestCase
from harness.waiting import PATIENCE


class Upgrades(KernelTestCase):
    def test_100_upgrades_by_rename_are_live_in_a_moment(self):
        home = os.path.join(os.path.realpath(self.directory), "app")
        os.mkdir(home)
        os.symlink(program_path("libpuppet.so"), os.path.join(home, "libpuppet.so"))
        app = os.path.join(home, "puppet")
        exporter = self.exporter(f"""
            targets:
              - name: app
                processes:
                  - exe: "{app}"
                metrics:
                  - {{ name: app_ticks_total, help: Ticks., type: counter, probe: "puppet:tick" }}
        """)
        upgrades, events = 100, 9
        for i in range(upgrades):
            shutil.copy2(program_path("puppet"), app + ".new")
            os.rename(app + ".new", app)
            program = Program([app])
            exporter.wait_for(lambda scrape, wanted=i + 1: scrape.value(
                "sdt_exporter_attaches_total", target="app", metric="app_ticks_total") == wanted, "attached")
            program.fire(f"tick {events}")
            program.close()
        scrape = exporter.scrape_of_now()
        self.assertEqual(scrape.value("app_ticks_total"), upgrades * events)
        within = {dict(labels)["le"]: value for labels, value in
                  scrape.series("sdt_exporter_attach_delay_seconds_bucket").items()}
        print("attach delay:", {bound: count for bound, count in within.items() if float(bound) <= 0.05},
              "of", within["+Inf"])
        self.assertEqual(within["+Inf"], upgrades)
        # On a machine with nothing else to do, 99 are within 20 ms; others get the next bound.
        moment = "0.05" if PATIENCE == 1 else "1"
        self.assertGreaterEqual(within[moment], 0.99 * upgrades)

    def test_a_program_rewritten_in_place_100_times_computes_right_and_is_traced(self):
        app = os.path.join(os.path.realpath(self.directory), "versioned")
        versions = []
        for number in (1, 2):
            with open(program_path(f"versioned{number}"), "rb") as file:
                versions.append((file.read(), subprocess.run([program_path(f"versioned{number}")], check=True,
                                                             capture_output=True).stdout))
        shutil.copy2(program_path("versioned1"), app)
        exporter = self.exporter(f"""
            targets:
              - name: app
                processes:
                  - exe: "{app}"
                metrics:
                  - {{ name: app_steps_total, help: Steps., type: counter, probe: "versioned:step" }}
        """)
        exporter.wait_attached("app", processes=0)
        rewrites = 100
        for i in range(rewrites):
            content, says = versions[(i + 1) % 2]
            with open(app, "r+b", buffering=0) as file:
                file.truncate(0)
                file.write(content)
            exporter.wait_for(lambda scrape, wanted=i + 2: scrape.value(
                "sdt_exporter_attaches_total", target="app", metric="app_steps_total") == wanted, "attached again")
            self.assertEqual(subprocess.run([app], check=True, capture_output=True).stdout, says)
        scrape = exporter.scrape_of_now()
        self.assertEqual(scrape.value("app_steps_total"), rewrites * 100)
        self.assertEqual(scrape.value("sdt_exporter_detaches_total", target="app", metric="app_steps_total"), rewrites)


if __name__ == "__main__":
    unittest.main()
