"""docs/quickstart.md, pasted command by command into a shell: there is a histogram in the end."""

import os
import signal
import socket
import subprocess
import unittest

from harness.documents import path_of, sections_of
from harness.exporter import EXPORTER
from harness.exposition import Exposition
from harness.testcase import KernelTestCase
from harness.waiting import PATIENCE

SECTIONS = ("2. A program with probes", "3. Say what to measure", "4. Run it, scrape it")


# Should a command fail half way, what was started in the background goes as well.
CLEANUP = "trap 'for job in $(jobs -p); do kill -- -$job 2>/dev/null || true; done' EXIT\n"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class QuickStart(KernelTestCase):
    """All that is put in: a folder instead of /tmp/quickstart, and a free port instead of the usual one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        sections = sections_of("docs/quickstart.md")
        commands = [text for name in SECTIONS for language, text in sections[name] if language == "sh"]
        port = free_port()
        script = CLEANUP + "".join(commands)
        for before, after in (("/tmp/quickstart", os.path.join(cls.directory, "quickstart")),
                              ("--config.file=myprogram.yaml 2>",
                               f"--config.file=myprogram.yaml --web.listen-address=127.0.0.1:{port} 2>"),
                              ("localhost:10738", f"127.0.0.1:{port}")):
            assert before in script, before
            script = script.replace(before, after)
        os.symlink(EXPORTER, os.path.join(cls.directory, "sdt_exporter"))
        environment = {**os.environ, "PATH": f"{cls.directory}:/usr/bin:/bin"}
        # With job control, as a shell that one types into.
        shell = subprocess.Popen(["bash", "-emc", script], cwd=path_of("."), env=environment,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            cls.output, complaints = shell.communicate(timeout=60 * PATIENCE)
        except subprocess.TimeoutExpired:
            shell.send_signal(signal.SIGTERM)
            shell.communicate()
            raise
        if shell.returncode != 0:
            raise AssertionError(f"status {shell.returncode}\n{cls.output}\n{complaints}")

    def test_list_shows_the_probes(self):
        for probe in ("request__start", "request__done", "cache__size"):
            self.assertIn(f"myprogram:{probe}", self.output)

    def test_there_is_a_histogram_for_each_path(self):
        samples = [line for line in self.output.splitlines() if line.startswith("myprogram_request_duration_seconds_")]
        head = "# TYPE myprogram_request_duration_seconds histogram\n"
        histograms = {dict(labels)["path"]: histogram for labels, histogram
                      in Exposition(head + "\n".join(samples) + "\n").histograms(
                          "myprogram_request_duration_seconds").items()}
        self.assertEqual(set(histograms), {"/", "/slow", "nowhere"})
        for histogram in histograms.values():
            self.assertGreater(histogram.count, 5)
        self.assertEqual(histograms["/slow"].buckets[0.00256], 0)  # it sleeps 5 ms


if __name__ == "__main__":
    unittest.main()
