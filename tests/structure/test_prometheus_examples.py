#!/usr/bin/python3
"""The check of what the documents say to Prometheus finds what it is there to find."""

import pathlib
import tempfile
import unittest

import prometheus_examples

GOOD = """\
# prometheus.yml
scrape_configs:
  - job_name: a
    file_sd_configs: [{ files: [targets/*.yml] }]
"""


class Examples(unittest.TestCase):
    def complaints(self, *blocks):
        with tempfile.TemporaryDirectory() as directory:
            page = pathlib.Path(directory) / "page.md"
            page.write_text("".join(f"Text.\n\n```yaml\n{block}```\n\n" for block in blocks))
            return list(prometheus_examples.page_complaints(page, []))

    def test_a_config_and_its_targets_pass(self):
        self.assertEqual(self.complaints(GOOD, '# targets/a.yml\n- targets: ["a:1"]\n'), [])

    def test_a_key_that_prometheus_does_not_know_is_found_with_its_line(self):
        found, = self.complaints(GOOD.replace("job_name", "job_title"))
        self.assertTrue(found.startswith("page.md:3: prometheus.yml: "), found)

    def test_a_file_of_targets_is_read_with_the_config_that_names_it(self):
        found, = self.complaints(GOOD, "# targets/a.yml\n- target: a\n")
        self.assertIn("field target not found", found)

    def test_what_is_left_out_for_kubernetes_ends_with_its_block(self):
        discovery = "    kubernetes_sd_configs:\n      - role: pod\n        selectors:\n          - role: pod\n"
        self.assertEqual(self.complaints(GOOD + discovery), [])
        self.assertEqual(len(self.complaints(GOOD + discovery + "    relabelings: []\n")), 1)

    def test_a_receiver_of_alertmanager_that_is_not_there_is_found(self):
        found, = self.complaints("# alertmanager.yml\nroute: { receiver: a }\nreceivers: [{ name: b }]\n")
        self.assertIn("alertmanager.yml", found)

    def test_a_block_without_a_file_name_is_not_looked_at(self):
        self.assertEqual(self.complaints("targets: []\n"), [])

    def test_a_file_that_no_tool_is_known_for_is_found(self):
        self.assertEqual(len(self.complaints("# grafana.yml\na: 1\n")), 1)


if __name__ == "__main__":
    unittest.main()
