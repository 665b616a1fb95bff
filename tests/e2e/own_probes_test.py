"""docs/own-probes.md does what it says: the programs of docs/examples, built by its commands, traced with its specs."""

import os
import shutil
import subprocess
import tempfile
import unittest

from harness.documents import path_of, sections_of, text_of
from harness.exporter import losses, run_exporter
from harness.program import Program, program_path
from harness.testcase import KernelTestCase

DOCUMENT = "docs/own-probes.md"
NODE = "/usr/bin/node"


def blocks(heading, language):
    return [text for what, text in sections_of(DOCUMENT)[heading] if what == language]


def without_comments(spec):
    """The lines of a spec that are not comments, and what stands before one."""
    lines = (line.partition("#")[0].rstrip() for line in spec.splitlines())
    return [line for line in lines if line]


class OwnProbes(KernelTestCase):
    def test_the_templates_are_the_specs_of_the_document(self):
        spec, = blocks("The spec", "yaml")
        self.assertEqual(without_comments(text_of("config/packs/own_program.yaml")), without_comments(spec))
        spec, = blocks("Languages without a compiler: libstapsdt", "yaml")
        self.assertEqual(without_comments(text_of("config/packs/node.yaml")), without_comments(spec))

    def build(self, language):
        """The folder of the examples, after the document's commands for the language ran there."""
        folder = tempfile.mkdtemp(dir=self.directory)
        shutil.copytree(path_of("docs/examples"), folder, dirs_exist_ok=True)
        environment = {"PATH": "/usr/bin:/bin", "HOME": folder, "GOCACHE": os.path.join(folder, "cache")}
        result = subprocess.run(["bash", "-euc", blocks(language, "sh")[0]], cwd=folder, env=environment,
                                capture_output=True, text=True, timeout=300)
        self.assertEqual(result.returncode, 0, result.stderr)
        return folder

    def check_a_program_in(self, language):
        folder = self.build(language)
        program = Program([os.path.join(folder, "myprogram")])
        self.addCleanup(program.close)
        spec, = blocks("The spec", "yaml")
        traced = self.exporter(spec)
        traced.wait_attached("myprogram")
        answers = [program.tell(path) for path in ["/"] * 10 + ["/slow"] * 5 + ["nowhere"] * 3]
        self.assertEqual(answers, ["200"] * 15 + ["404"] * 3)
        scrape = traced.scrape_of_now()
        self.assertEqual({dict(labels)["path"]: histogram.count for labels, histogram
                          in scrape.histograms("myprogram_request_duration_seconds").items()},
                         {"/": 10, "/slow": 5, "nowhere": 3})
        slow = scrape.histogram("myprogram_request_duration_seconds", path="/slow")
        self.assertEqual(slow.buckets[0.0016], 0)  # it sleeps 5 ms
        self.assertEqual({dict(labels)["status"]: count for labels, count
                          in scrape.series("myprogram_requests_total").items()}, {"200": 15, "404": 3})
        self.assertEqual(scrape.value("myprogram_response_bytes_total"), 10 * 100 + 5 * 500)
        self.assertEqual(scrape.value("myprogram_cache_entries"), 15)
        self.assertEqual(losses(scrape), {})

    def test_c(self):
        self.check_a_program_in("C")

    def test_cxx(self):
        self.check_a_program_in("C++")

    def test_rust(self):
        self.check_a_program_in("Rust")

    def test_go(self):
        self.check_a_program_in("Go")

    def test_the_probes_survive_optimization_and_strip(self):
        program = os.path.join(self.directory, "stripped")
        sources = [path_of(f"docs/examples/{name}.c") for name in ("myprogram", "myprogram_probes")]
        subprocess.run(["gcc", "-O3", "-flto", "-fPIE", "-pie", "-o", program, *sources], check=True)
        subprocess.run(["strip", program], check=True)
        listed = run_exporter("list", "--exe", program)
        self.assertEqual(listed.returncode, 0, listed.stderr)
        for probe in ("request__start", "request__done", "cache__size"):
            self.assertIn(f"myprogram:{probe}", listed.stdout)

    def test_node(self):
        traced = self.exporter(text_of("config/packs/node.yaml"))
        program = Program([NODE, path_of("docs/examples/nodeapp.js")],
                          {"NODE_PATH": path_of("tests/e2e/node"), "SDT_NODE_ADDON": program_path("node_provider.node")})
        self.addCleanup(program.close)
        traced.wait_attached("nodeapp")
        program.process.stdin.write("/slow\n" * 5 + "/\n" * 10 + "nowhere\n" * 3)  # all at a time
        program.process.stdin.flush()
        answers = [program.read_line() for _ in range(18)]
        self.assertEqual(sorted(answers), ["200"] * 15 + ["404"] * 3)
        scrape = traced.scrape_of_now()
        counts = {(dict(labels)["path"], dict(labels)["status"]): histogram.count for labels, histogram
                  in scrape.histograms("nodeapp_request_duration_seconds").items()}
        self.assertEqual(counts, {("/slow", "200"): 5, ("/", "200"): 10, ("nowhere", "404"): 3})
        slow = scrape.histogram("nodeapp_request_duration_seconds", path="/slow", status="200")
        self.assertEqual(slow.buckets[0.016], 0)  # each takes 20 ms, though the others end meanwhile
        self.assertEqual(scrape.value("nodeapp_open_requests"), 0)
        self.assertEqual(losses(scrape), {})


if __name__ == "__main__":
    unittest.main()
