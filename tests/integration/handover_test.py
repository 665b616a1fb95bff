"""The exporter's own death and restart: no event lost, no counter that steps back, no file that is rewritten too early."""

import os
import shutil
import signal
import subprocess
import threading
import time
import unittest

from harness.exporter import Exporter, losses
from harness.fdstore import FdStore
from harness.program import program_path
from harness.testcase import KernelTestCase
from harness.waiting import wait_until

TICKS = '          - { name: puppet_ticks_total, help: Ticks., type: counter, probe: "puppet:tick" }'
BY_PROCESS = """          - name: puppet_ticks_by_process_total
            help: Ticks by process.
            type: counter
            probe: puppet:tick
            labels: { pid: pid }"""
WORK = """          - name: puppet_work_seconds
            help: Work.
            type: histogram
            start: puppet:work__start
            end: puppet:work__end
            buckets: [ 1ms, 1s, 1m ]"""


def config(*metrics):
    return "\n".join(['    targets:', '      - name: puppet', '        processes:',
                      '          - exe: "@PROGRAMS@/puppet"', '        metrics:', *metrics, ""])


class Load:
    """Somebody who fires all the time."""

    def __init__(self, program):
        self.program, self.fired, self._done = program, 0, threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        while not self._done.is_set():
            self.program.fire("tick 100")
            self.fired += 100

    def stop(self):
        self._done.set()
        self._thread.join()
        return self.fired


class WithFdStore(KernelTestCase):
    def setUp(self):
        self.store = FdStore(self.directory)
        self.addCleanup(os.unlink, self.store.path)
        self.addCleanup(self.store.close)
        self.traced = None
        self.addCleanup(lambda: self.traced and self.traced.kill())

    def start(self, *metrics, text=None, flags=()):
        path = self.write("config.yaml", text or config(*metrics))
        self.traced = Exporter([path], self.directory, flags, **self.store.launch())
        return self.traced

    def kill(self):
        self.traced.process.send_signal(signal.SIGKILL)
        self.traced.process.wait()

    def test_100_deaths_under_load_lose_nothing(self):
        puppet = self.program("puppet")
        self.start(TICKS, BY_PROCESS, WORK)
        self.traced.wait_attached("puppet")
        load = Load(puppet)
        latest, downtime, deaths = 0, [], 100
        try:
            for _ in range(deaths):
                self.kill()
                began = time.monotonic()
                self.start(TICKS, BY_PROCESS, WORK)
                downtime.append(time.monotonic() - began)
                value = self.traced.scrape().value("puppet_ticks_total")
                self.assertGreaterEqual(value, latest, "a counter stepped back")
                latest = value
        finally:
            fired = load.stop()
        scrape = self.traced.scrape_of_now()
        print(f"{deaths} deaths under load: {fired} fired, {scrape.value('puppet_ticks_total'):.0f} counted, "
              f"down for {sorted(downtime)[deaths // 2]:.3f} s each")
        self.assertEqual(scrape.value("puppet_ticks_total"), fired)
        self.assertEqual(scrape.value("puppet_ticks_by_process_total", pid=str(puppet.pid)), fired)
        self.assertEqual(losses(scrape), {})
        self.assertEqual(scrape.value("sdt_exporter_attaches_total", target="puppet", metric="puppet_ticks_total"), 1)

    def test_an_orderly_restart_loses_nothing_either(self):
        puppet = self.program("puppet")
        self.start(TICKS)
        self.traced.wait_attached("puppet")
        load = Load(puppet)
        for _ in range(5):
            self.assertEqual(self.traced.stop()[0], 0)
            self.start(TICKS)
        fired = load.stop()
        scrape = self.traced.scrape_of_now()
        self.assertEqual(scrape.value("puppet_ticks_total"), fired)
        self.assertEqual(losses(scrape), {})

    def test_a_pair_in_flight_survives(self):
        puppet = self.program("puppet")
        self.start(WORK)
        self.traced.wait_attached("puppet")
        puppet.fire("start")
        self.kill()
        self.start(WORK)
        puppet.fire("end")
        scrape = self.traced.scrape_of_now()
        self.assertEqual(scrape.value("puppet_work_seconds_count"), 1)
        self.assertEqual(losses(scrape), {})

    def test_extremes_survive(self):
        extremes = [f"          - {{ name: puppet_amount_{word}, help: Extreme., type: gauge, probe: \"puppet:amount\", "
                    f"value: arg0, aggregate: {word} }}" for word in ("min", "max")]
        puppet = self.program("puppet")
        self.start(*extremes)
        self.traced.wait_attached("puppet")
        puppet.fire("amount -5")
        puppet.fire("amount 7")
        self.traced.scrape_of_now()
        self.kill()
        puppet.fire("amount 100")
        self.start(*extremes)
        puppet.fire("amount 3")
        scrape = self.traced.scrape_of_now()
        self.assertEqual(scrape.value("puppet_amount_min"), -5)
        self.assertEqual(scrape.value("puppet_amount_max"), 100)
        self.assertEqual(losses(scrape), {})

    def test_processes_that_end_while_nobody_looks_are_counted(self):
        puppet = self.program("puppet")
        self.start(TICKS, BY_PROCESS)
        self.traced.wait_attached("puppet")
        puppet.fire("tick 3")
        self.traced.scrape_of_now()
        self.kill()
        puppet.fire("tick 4")
        pid = puppet.pid
        puppet.close()
        again = self.program("puppet")
        again.fire("tick 5")
        self.start(TICKS, BY_PROCESS)
        self.traced.wait_attached("puppet")
        again.fire("tick 6")
        scrape = self.traced.scrape_of_now()
        self.assertEqual(scrape.value("puppet_ticks_total"), 18)
        self.assertEqual(scrape.value("puppet_ticks_by_process_total", pid=str(pid)), 7)
        self.assertEqual(scrape.value("puppet_ticks_by_process_total", pid=str(again.pid)), 11)
        self.assertEqual(losses(scrape), {})

    def test_another_config_keeps_what_it_has_in_common(self):
        puppet = self.program("puppet")
        self.start(TICKS, BY_PROCESS)
        self.traced.wait_attached("puppet")
        puppet.fire("tick 3")
        self.traced.scrape_of_now()
        self.kill()
        self.start(WORK, TICKS)
        self.traced.wait_attached("puppet")
        puppet.fire("tick 4")
        puppet.fire("start")
        puppet.fire("end")
        scrape = self.traced.scrape_of_now()
        self.assertEqual(scrape.value("puppet_ticks_total"), 7)
        self.assertEqual(scrape.value("puppet_work_seconds_count"), 1)
        self.assertNotIn("puppet_ticks_by_process_total", scrape.types)
        self.assertEqual(losses(scrape), {})

    def test_a_state_that_outgrew_its_map_is_found_and_older_ones_are_let_go(self):
        numbered = """          - name: puppet_ticks_by_number_total
            help: Ticks by number.
            type: counter
            probe: puppet:tick
            labels: { number: arg0 }
            max_series: 5000"""
        puppet = self.program("puppet")
        self.start(numbered)
        self.traced.wait_attached("puppet")
        first = self.store.duplicate("sdt-state-0")
        puppet.fire("tick 4000")
        self.traced.scrape_of_now()
        self.assertEqual([name for name in self.store.names() if "state" in name], ["sdt-state-1"])
        self.kill()
        self.store.hold("sdt-state-0", first)  # as a death between the two would have left it
        self.start(numbered)
        self.traced.wait_attached("puppet")
        puppet.fire("tick 4000")
        scrape = self.traced.scrape_of_now()
        self.assertEqual(set(scrape.series("puppet_ticks_by_number_total").values()), {2})
        self.assertEqual(losses(scrape), {})
        wait_until(lambda: [name for name in self.store.names() if "state" in name] == ["sdt-state-1"],
                   "one state is kept")

    def test_perf_uprobes_are_made_anew_and_their_counts_go_on(self):
        puppet = self.program("puppet")
        for _ in range(3):
            self.start(TICKS, WORK, flags=["--kernel.attach=perf"])
            self.traced.wait_attached("puppet")
            puppet.fire("tick 5")
            puppet.fire("start")
            puppet.fire("end")
            scrape = self.traced.scrape_of_now()
            self.kill()
        self.assertEqual(scrape.value("puppet_ticks_total"), 15)
        self.assertEqual(scrape.value("puppet_work_seconds_count"), 3)
        self.assertEqual(scrape.value("sdt_exporter_probe_hits_total", target="puppet", metric="puppet_ticks_total",
                                      probe="puppet:tick"), 15)
        self.assertEqual(losses(scrape), {})

    def test_what_a_reload_wants_no_more_is_let_go(self):
        self.program("puppet")
        self.start(TICKS, WORK)
        self.traced.wait_attached("puppet")
        kept = {name for name in self.store.names() if "metric" in name or "link" in name}
        self.write("config.yaml", config(TICKS))
        self.traced.process.send_signal(signal.SIGHUP)
        wait_until(lambda: {name for name in self.store.names() if "metric" in name or "link" in name} < kept and
                   sum(name.endswith("-link") for name in self.store.names()) == 1 and
                   sum(name.endswith("-program") for name in self.store.names()) == 1, "one link and one program")
        self.traced.wait_attached("puppet")

    def test_what_a_config_wants_no_more_is_let_go(self):
        self.program("puppet")
        self.start(TICKS)
        self.traced.wait_attached("puppet")
        self.kill()
        self.start(text="    targets: []\n")
        wait_until(lambda: not any("link" in name or "metric" in name or "file" in name for name in self.store.names()),
                   "links, programs and leases are let go")

    def test_stopping_for_good_detaches(self):
        puppet = self.program("puppet")
        self.start("          - { name: puppet_guarded_total, help: Guarded., type: counter, probe: 'puppet:guarded' }")
        self.traced.wait_attached("puppet")
        self.assertEqual(puppet.tell("semaphore"), "1")
        self.assertEqual(self.traced.stop()[0], 0)
        self.assertEqual(puppet.tell("semaphore"), "1")  # for the next start, should there be one
        self.store.clear()
        wait_until(lambda: puppet.tell("semaphore") == "0", "nothing is attached any more")

    def test_a_writer_waits_for_the_next_daemon_and_never_wins(self):
        app = os.path.join(os.path.realpath(self.directory), "versioned")
        shutil.copy2(program_path("versioned1"), app)
        with open(program_path("versioned2"), "rb") as file:
            content = file.read()
        says = subprocess.run([program_path("versioned2")], check=True, capture_output=True).stdout
        text = f"""
            targets:
              - name: app
                processes:
                  - exe: "{app}"
                metrics:
                  - {{ name: app_steps_total, help: Steps., type: counter, probe: "versioned:step" }}
        """
        self.start(text=text)
        self.traced.wait_attached("app", processes=0)
        subprocess.run([app], check=True, capture_output=True)
        self.traced.scrape_of_now()
        self.kill()
        finished = threading.Event()

        def rewrite():
            with open(app, "r+b", buffering=0) as file:
                file.truncate(0)
                file.write(content)
            finished.set()

        writer = threading.Thread(target=rewrite)
        writer.start()
        try:
            self.assertFalse(finished.wait(1), "the writer won although the file is still attached")
            self.start(text=text)
            self.assertTrue(finished.wait(10), "the writer still waits")
        finally:
            writer.join()
        self.traced.wait_attached("app", processes=0)
        self.assertEqual(subprocess.run([app], check=True, capture_output=True).stdout, says)
        scrape = self.traced.scrape_of_now()
        self.assertEqual(scrape.value("app_steps_total"), 200)


class WithBpffs(KernelTestCase):
    def setUp(self):
        self.mount = os.path.join(self.directory, "bpffs")
        os.mkdir(self.mount)
        self.addCleanup(os.rmdir, self.mount)
        subprocess.run(["mount", "-t", "bpf", "none", self.mount], check=True)
        self.addCleanup(subprocess.run, ["umount", self.mount], check=True)

    def start(self):
        traced = self.exporter(config(TICKS, WORK), flags=[f"--state.bpffs={self.mount}/sdt"])
        traced.wait_attached("puppet")
        return traced

    def test_deaths_under_load_lose_nothing_and_a_plain_stop_leaves_nothing(self):
        puppet = self.program("puppet")
        traced = self.start()
        load = Load(puppet)
        try:
            for _ in range(10):
                traced.process.send_signal(signal.SIGKILL)
                traced.process.wait()
                traced = self.start()
        finally:
            fired = load.stop()
        scrape = traced.scrape_of_now()
        self.assertEqual(scrape.value("puppet_ticks_total"), fired)
        self.assertEqual(losses(scrape), {})
        self.assertNotEqual(os.listdir(f"{self.mount}/sdt"), [])
        traced.stop()
        self.assertEqual(os.listdir(f"{self.mount}/sdt"), [])

    def test_a_directory_elsewhere_is_refused(self):
        with self.assertRaisesRegex(AssertionError, "is in no BPF file system"):
            self.exporter(config(TICKS), flags=[f"--state.bpffs={self.directory}/elsewhere"])


if __name__ == "__main__":
    unittest.main()
