"""`watch`: exact counts in a terminal, which it leaves as it was; and a daemon beside it is none the worse."""

import os
import re
import signal
import socket
import subprocess
import unittest

from harness.exporter import exporter_path, run_exporter
from harness.program import program_path
from harness.terminal import Terminal
from harness.testcase import KernelTestCase
from harness.waiting import PATIENCE, wait_until

CONFIG = """
    targets:
      - name: puppet
        processes:
          - exe: "@PROGRAMS@/puppet"
        metrics:
          - name: puppet_ticks_total
            help: Ticks.
            type: counter
            probe: puppet:tick
          - name: puppet_amounts
            help: Amounts.
            type: histogram
            probe: puppet:amount
            value: arg0
            buckets: [10, 20, 30]
          - name: puppet_said_total
            help: What was said.
            type: counter
            probe: puppet:say
            labels: { text: str(arg0) }
    """


def row(lines, pattern):
    """Whether one of the lines is all of the pattern."""
    return any(re.fullmatch(pattern, line) for line in lines)


class WatchTestCase(KernelTestCase):
    def setUp(self):
        super().setUp()
        self.config = self.write("config.yaml", CONFIG)
        self.puppet = self.program("puppet")

    def watch(self, *arguments, **terminal):
        watch = Terminal([exporter_path(), "watch", f"--config.file={self.config}", "--interval=200ms", *arguments],
                         **terminal)
        self.addCleanup(watch.close)
        watch.wait_for(lambda lines: any(line.startswith("3 of 3 metrics attached") for line in lines)
                       or arguments, "all metrics attached")
        return watch


class OnTheScreen(WatchTestCase):
    def test_counts_are_exact_and_rates_come_and_go(self):
        watch = self.watch()
        self.puppet.fire("tick 100000")
        watch.wait_for(lambda lines: row(lines, r" +100000  [1-9][0-9]*/s"), "100000 ticks at some rate")
        watch.wait_for(lambda lines: row(lines, r" +100000  +0/s"), "no more ticks")

    def test_histograms_have_bars(self):
        watch = self.watch()
        for amount in (10, 11, 20, 12, 31):
            self.puppet.fire(f"amount {amount}")
        lines = watch.wait_for(lambda lines: row(lines, r" +5  .*mean 16\.8"), "five amounts")
        self.assertEqual([line for line in lines if line.startswith("      le ")],
                         ["      le        10             1  ████████████████████",
                          "      le        20             3  " + "█" * 60,
                          "      le        30             0",
                          "      le      +Inf             1  ████████████████████"])

    def test_it_follows_the_size_of_the_terminal(self):
        watch = self.watch()
        self.puppet.fire("amount 10")
        watch.wait_for(lambda lines: row(lines, r" +le +10 +1  █{60}") and len(lines) == 40, "40 lines, a long bar")
        watch.resize(10, 50)
        watch.wait_for(lambda lines: row(lines, r" +le +10 +1  █{16}") and len(lines) == 10, "10 lines, a short bar")

    def test_what_does_not_fit_is_scrolled_to(self):
        watch = self.watch(rows=6)
        watch.wait_for(lambda lines: lines[-1].startswith("lines 1 to ") and lines[2].startswith("puppet "),
                       "the first lines")
        watch.type("j")
        watch.wait_for(lambda lines: lines[-1].startswith("lines 2 to ") and lines[1].startswith("puppet "),
                       "one line down")
        watch.type("\x1b[A")
        watch.wait_for(lambda lines: lines[-1].startswith("lines 1 to "), "one line up")

    def test_no_control_character_of_a_label_gets_at_the_terminal(self):
        watch = self.watch()
        self.puppet.fire("say \x1b[2J\x1b]0;gotcha\x07")
        watch.wait_for(lambda lines: row(lines, r' +text="\\x1b\[2J\\x1b\]0;gotcha\\x07" +1.*'), "the text, escaped")
        self.assertNotIn("\x1b[2J", watch.output())
        self.assertNotIn("\x1b]", watch.output())

    def test_only_the_metrics_that_were_asked_for_are_attached(self):
        watch = self.watch("puppet_t*", "puppet_said_total")
        lines = watch.wait_for(lambda lines: lines[0].startswith("2 of 2 metrics attached"), "two metrics")
        self.assertFalse(any("puppet_amounts" in line for line in lines))

    def test_a_metric_that_waits_says_for_what(self):
        self.puppet.close()
        config = self.write("config.yaml", CONFIG.replace("@PROGRAMS@/puppet", "/nowhere/puppet"))
        watch = Terminal([exporter_path(), "watch", f"--config.file={config}"])
        self.addCleanup(watch.close)
        watch.wait_for(lambda lines: "  puppet_ticks_total  Ticks.  waiting for its processes" in lines, "the reason")


class TheTerminalAfterwards(WatchTestCase):
    def ended(self, end):
        watch = self.watch()
        self.assertFalse(watch.is_as_before())
        end(watch)
        status = watch.wait()
        self.assertTrue(watch.is_as_before(), watch.output())
        return status

    def test_is_as_before_after_q(self):
        self.assertEqual(self.ended(lambda watch: watch.type("q")), 0)

    def test_is_as_before_after_control_c(self):
        self.assertEqual(self.ended(lambda watch: watch.type("\x03")), 0)

    def test_is_as_before_after_a_signal(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
            with self.subTest(number.name):
                self.assertEqual(self.ended(lambda watch, number=number: watch.process.send_signal(number)), 0)

    def test_is_not_touched_when_the_config_is_wrong(self):
        config = self.write("config.yaml", "targets: [{}]\n")
        watch = Terminal([exporter_path(), "watch", f"--config.file={config}"])
        self.addCleanup(watch.close)
        self.assertEqual(watch.wait(), 2)
        self.assertNotIn("\x1b", watch.output())
        self.assertIn("config.yaml:1:11: a target needs a \"name\"", watch.output())


class WithoutATerminal(WatchTestCase):
    def test_once_counts_for_one_interval(self):
        result = run_exporter("watch", f"--config.file={self.config}", "--once", "--interval=100ms")
        self.assertEqual(result.returncode, 0)
        # Other people's processes apart, there is nothing to be said.
        self.assertEqual([line for line in result.stderr.splitlines() if "cannot be looked at" not in line], [])
        self.assertEqual(result.stdout,
                         "3 of 3 metrics attached, 1 process of 1 target, 2 series\n"
                         "\n"
                         "puppet  1 process\n"
                         "  puppet_ticks_total  Ticks.\n"
                         "      0  0/s\n"
                         "  puppet_amounts  Amounts.\n"
                         "      0  0/s\n"
                         "  puppet_said_total  What was said.\n"
                         "    no events yet\n")

    def test_pictures_follow_one_another_without_any_control_sequence(self):
        with subprocess.Popen([exporter_path(), "watch", f"--config.file={self.config}", "--interval=100ms"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as watch:
            seen = [watch.stdout.readline()]
            self.puppet.fire("tick 1234")
            while " 1234 " not in seen[-1]:
                seen.append(watch.stdout.readline())
            watch.terminate()
            seen += watch.stdout.readlines()
            self.assertEqual(watch.wait(timeout=20 * PATIENCE), 0)
        self.assertNotIn("\x1b", "".join(seen))

    def test_a_reader_that_goes_ends_it(self):
        for keeps_sigpipe in (True, False):
            with self.subTest(keeps_sigpipe=keeps_sigpipe), subprocess.Popen(
                    [exporter_path(), "watch", f"--config.file={self.config}", "--interval=100ms"],
                    restore_signals=keeps_sigpipe, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as watch:
                watch.stdout.readline()
                watch.stdout.close()
                self.assertEqual(watch.wait(timeout=20 * PATIENCE), -signal.SIGPIPE if keeps_sigpipe else 0)

    def test_a_metric_that_is_not_in_the_config_is_an_error(self):
        result = run_exporter("watch", f"--config.file={self.config}", "nobody*")
        self.assertEqual(result.returncode, 2)
        self.assertIn("the config has no metric nobody*", result.stderr)

    def test_an_interval_that_is_none_is_an_error(self):
        for interval, message in (("5", "its unit must be one of"), ("1ms", "between 100ms and 10m")):
            with self.subTest(interval):
                result = run_exporter("watch", f"--config.file={self.config}", f"--interval={interval}")
                self.assertEqual(result.returncode, 2)
                self.assertIn(message, result.stderr)


class BesideADaemon(WatchTestCase):
    def test_the_daemon_counts_on_and_nothing_is_left_behind(self):
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(manager.close)
        address = os.path.join(self.directory, "notify")
        manager.bind(address)
        manager.setblocking(False)
        exporter = self.exporter(CONFIG)
        exporter.wait_attached("puppet")
        held = exporter.held()
        watch = self.watch(environment={"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000000"})
        self.puppet.fire("tick 500")
        watch.wait_for(lambda lines: row(lines, r" +500  .*"), "500 ticks in the terminal")
        self.assertEqual(exporter.scrape_of_now().value("puppet_ticks_total"), 500)
        pid = watch.process.pid
        files = [os.readlink(f"/proc/{pid}/fd/{number}") for number in os.listdir(f"/proc/{pid}/fd")]
        self.assertEqual([file for file in files if file.startswith("socket:")], [])
        watch.type("q")
        self.assertEqual(watch.wait(), 0)
        self.assertEqual(self.leases_of(pid), [])
        with self.assertRaises(BlockingIOError):
            manager.recv(1)  # the manager of somebody else's service heard nothing
        self.puppet.fire("tick 500")
        self.assertEqual(exporter.scrape_of_now().value("puppet_ticks_total"), 1000)
        wait_until(lambda: exporter.held() == held, "the daemon holds what it held before")
        self.assertEqual(exporter.complaints(), [])

    @staticmethod
    def leases_of(pid):
        with open("/proc/locks", encoding="ascii") as locks:
            return [line for line in locks if line.split()[1] == "LEASE" and line.split()[4] == str(pid)]

    def test_the_file_that_was_watched_can_be_rewritten_at_once(self):
        watch = self.watch()
        self.assertNotEqual(self.leases_of(watch.process.pid), [])
        watch.type("q")
        watch.wait()
        self.puppet.close()
        descriptor = os.open(program_path("puppet"), os.O_WRONLY | os.O_NONBLOCK)
        os.close(descriptor)


if __name__ == "__main__":
    unittest.main()
