#!/usr/bin/python3
"""The check of dashboards and rules finds what it is there to find."""

import json
import pathlib
import tempfile
import unittest

import shipped

DOCS = """\
| `sdt_exporter_series` | gauge | `target` | label sets |
| `sdt_exporter_wait_seconds` | histogram | | waits |
"""


def panel(number, expression, x=0):
    return {"id": number, "title": f"panel {number}", "targets": [{"expr": expression}],
            "gridPos": {"x": x, "y": 0, "w": 6, "h": 4}}


class Shipped(unittest.TestCase):
    def complaints(self, panels=(), rules="", pack=""):
        with tempfile.TemporaryDirectory() as directory:
            top = pathlib.Path(directory)
            for folder in ("docs", "dashboards", "packaging/prometheus", "config/packs"):
                (top / folder).mkdir(parents=True)
            (top / "docs/metrics.md").write_text(DOCS)
            (top / "docs/troubleshooting.md").write_text("| `Known` | do this |")
            (top / "dashboards/d.json").write_text(json.dumps({"panels": list(panels)}))
            (top / "packaging/prometheus/r.rules.yml").write_text(rules)
            (top / "docs/packs.md").write_text("[p.yaml](../config/packs/p.yaml): `p_known_total`")
            (top / "config/packs/p.yaml").write_text(pack)
            return list(shipped.complaints(top))

    def test_documented_metrics_pass(self):
        panels = [panel(1, "sum(sdt_exporter_series)"),
                  panel(2, "rate(sdt_exporter_wait_seconds_bucket[5m])", x=6)]
        self.assertEqual(self.complaints(panels, "- expr: sdt_exporter_series > 1\n"), [])

    def test_a_metric_that_the_exporter_does_not_have_is_found_in_a_dashboard(self):
        self.assertEqual(self.complaints([panel(1, "sum(sdt_exporter_serieses)")]),
                         ["d.json: panel 1: sdt_exporter_serieses is not in docs/metrics.md"])

    def test_and_in_the_second_line_of_a_rule(self):
        rules = "- expr: |\n          sdt_exporter_series\n          > sdt_exporter_limits\n"
        self.assertEqual(self.complaints(rules=rules),
                         ["r.rules.yml: sdt_exporter_limits is not in docs/metrics.md"])

    def test_what_a_rule_records_under_a_name_with_colons_is_its_own(self):
        rules = "- expr: target:sdt_exporter_waits:rate5m > sdt_exporter_series\n"
        self.assertEqual(self.complaints(rules=rules), [])

    def test_an_alert_that_nobody_says_what_to_do_about_is_found(self):
        self.assertEqual(self.complaints(rules="- alert: Known\n- alert: Unheard\n"),
                         ["r.rules.yml: Unheard is not in docs/troubleshooting.md"])

    def test_a_metric_of_a_pack_that_its_page_does_not_name_is_found_even_commented_out(self):
        pack = "    metrics:\n      - name: p_known_total\n      # - name: p_hot_total\n"
        self.assertEqual(self.complaints(pack=pack), ["p.yaml: p_hot_total is not in docs/packs.md"])

    def test_a_histogram_without_its_suffix_is_found(self):
        self.assertEqual(len(self.complaints([panel(1, "sdt_exporter_wait_seconds")])), 1)

    def test_panels_that_overlap_or_share_an_id_are_found(self):
        self.assertEqual(len(self.complaints([panel(1, "1"), panel(1, "1", x=3)])), 2)


if __name__ == "__main__":
    unittest.main()
