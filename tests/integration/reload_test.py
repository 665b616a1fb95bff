"""SIGHUP: another config in force, and nothing lost of what both have in common."""

import os
import re
import signal
import threading
import unittest

from harness.exporter import losses
from harness.testcase import KernelTestCase
from harness.waiting import wait_until

TICKS = '          - { name: puppet_ticks_total, help: Ticks., type: counter, probe: "puppet:tick" }'
LIBRARY = '          - { name: puppet_library_total, help: Ticks in a library., type: counter, probe: "puppet_lib:tick" }'
WORK = """          - name: puppet_work_seconds
            help: Work.
            type: histogram
            start: puppet:work__start
            end: puppet:work__end
            buckets: [ 1ms, 1s ]"""


def config(*metrics, exe="@PROGRAMS@/puppet"):
    return "\n".join(['    targets:', '      - name: puppet', '        processes:', f'          - exe: "{exe}"',
                      '        metrics:', *metrics, ""])


class Reload(KernelTestCase):
    def setUp(self):
        self.puppet = self.program("puppet")

    def start(self, *metrics):
        self.traced = self.exporter(config(*metrics))
        self.traced.wait_attached("puppet")

    def reload(self, text):
        """Writes another config, asks for it, and waits until it was answered."""
        self.write("config.yaml", text)
        answers = self.answers()
        self.traced.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(self.answers()) > len(answers), "the reload is answered")
        return self.answers()[-1]

    def answers(self):
        return [record["msg"] for record in self.traced.records()
                if re.match("config (not )?reloaded", record.get("msg", ""))]

    def attaches(self, metric):
        return self.traced.scrape().value("sdt_exporter_attaches_total", target="puppet", metric=metric)

    def test_what_did_not_change_stays_attached_with_its_counts(self):
        self.start(TICKS, LIBRARY)
        self.puppet.fire("tick 5")
        self.assertEqual(self.reload(config(WORK, TICKS.replace("help: Ticks., type: counter",
                                                                "type: counter, help: Ticks."))), "config reloaded")
        self.traced.wait_attached("puppet", metrics=["puppet_ticks_total", "puppet_work_seconds"])
        self.assertEqual(self.attaches("puppet_ticks_total"), 1)
        self.puppet.fire("tick 6")
        self.puppet.fire("start")
        self.puppet.fire("end")
        scrape = self.traced.scrape_of_now()
        self.assertEqual(scrape.value("puppet_ticks_total"), 11)
        self.assertEqual(scrape.value("puppet_work_seconds_count"), 1)
        self.assertNotIn("puppet_library_total", scrape.types)
        self.assertEqual(losses(scrape), {})

    def test_no_event_is_lost_in_20_reloads_under_load(self):
        self.start(TICKS)
        rounds, done = 0, threading.Event()

        def load():
            nonlocal rounds
            while not done.is_set():
                self.puppet.fire("tick 1000")
                rounds += 1

        thread = threading.Thread(target=load)
        thread.start()
        try:
            for i in range(20):
                self.assertEqual(self.reload(config(TICKS, LIBRARY) if i % 2 == 0 else config(TICKS)),
                                 "config reloaded")
        finally:
            done.set()
            thread.join()
        scrape = self.traced.scrape_of_now()
        print(f"20 reloads under load: {rounds * 1000} fired, {scrape.value('puppet_ticks_total'):.0f} counted")
        self.assertEqual(scrape.value("puppet_ticks_total"), rounds * 1000)
        self.assertEqual(losses(scrape), {})

    def test_a_start_before_and_its_end_after_a_reload_are_a_pair(self):
        self.start(WORK)
        self.puppet.fire("start")
        self.reload(config(WORK, TICKS))
        self.puppet.fire("end")
        scrape = self.traced.scrape_of_now()
        self.assertEqual(scrape.value("puppet_work_seconds_count"), 1)
        self.assertEqual(losses(scrape), {})

    def test_a_broken_config_changes_nothing_and_says_why(self):
        self.start(TICKS)
        self.puppet.fire("tick 3")
        before = self.traced.scrape().value("sdt_exporter_config_last_reload_success_timestamp_seconds")
        self.assertEqual(self.reload(config(TICKS, LIBRARY.replace("counter", "conter"))),
                         "config not reloaded, the one before stays in force")
        self.puppet.fire("tick 4")
        scrape = self.traced.scrape_of_now()
        self.assertEqual(scrape.value("puppet_ticks_total"), 7)
        self.assertNotIn("puppet_library_total", scrape.types)
        self.assertEqual(scrape.value("sdt_exporter_config_last_reload_successful"), 0)
        self.assertEqual(scrape.value("sdt_exporter_config_last_reload_success_timestamp_seconds"), before)
        problem, = [record["problem"] for record in self.traced.records() if record.get("msg") == "config"]
        self.assertRegex(problem, r"config\.yaml:7:\d+: .*conter")
        self.assertEqual(self.reload(config(TICKS, LIBRARY)), "config reloaded")
        scrape = self.traced.wait_attached("puppet")
        self.assertEqual(scrape.value("sdt_exporter_config_last_reload_successful"), 1)
        self.assertGreater(scrape.value("sdt_exporter_config_last_reload_success_timestamp_seconds"), before)

    def test_processes_that_the_new_selector_leaves_out_count_no_more(self):
        self.start(TICKS)
        self.puppet.fire("tick 3")
        self.reload(config(TICKS, exe="/nowhere/else"))
        self.puppet.fire("tick 4")
        scrape = self.traced.scrape_of_now()
        self.assertEqual(scrape.value("puppet_ticks_total"), 3)
        self.assertEqual(scrape.value("sdt_exporter_target_processes", target="puppet"), 0)
        self.reload(config(TICKS))
        self.traced.wait_attached("puppet")
        self.puppet.fire("tick 5")
        self.assertEqual(self.traced.scrape_of_now().value("puppet_ticks_total"), 8)

    def test_over_http_it_takes_a_flag_and_a_post(self):
        self.start(TICKS)
        self.assertEqual(self.traced.request("POST", "/-/reload")[0], 403)
        self.traced.stop()
        self.traced = self.exporter(config(TICKS), flags=["--web.enable-lifecycle"])
        self.write("config.yaml", config(TICKS, LIBRARY))
        self.assertEqual(self.traced.request("GET", "/-/reload")[0], 405)
        self.assertNotIn("puppet_library_total", self.traced.scrape().types)
        self.assertEqual(self.traced.request("POST", "/-/reload"), (200, "The config is reloaded.\n"))
        self.assertIn("puppet_library_total", self.traced.scrape().types)
        self.write("config.yaml", "targets: nonsense")
        status, body = self.traced.request("POST", "/-/reload")
        self.assertEqual(status, 500)
        self.assertNotIn("nonsense", body)
        self.assertIn("puppet_library_total", self.traced.scrape().types)

    def test_what_is_asked_for_no_more_is_let_go(self):
        self.start(TICKS)
        self.reload("    targets: []\n")
        descriptors = f"/proc/{self.traced.process.pid}/fdinfo"

        def links():
            count = 0
            for number in os.listdir(descriptors):
                try:
                    with open(f"{descriptors}/{number}", encoding="ascii") as file:
                        text = file.read()
                except FileNotFoundError:
                    continue
                count += "link_type:" in text or "prog_type:" in text
            return count

        wait_until(lambda: links() == 0, "no link and no program is left")
        self.assertNotIn("puppet_ticks_total", self.traced.scrape().types)
        self.puppet.fire("tick 3")  # and the program is none the worse


if __name__ == "__main__":
    unittest.main()
