"""Every dashboard of dashboards/ and `sdt_exporter dashboard`: held against Grafana's types, asked of a Prometheus that
scrapes the exporter while every pack's program is under load, and drawn with Grafana's components in a browser."""

import json
import os
import time
import unittest

from board import RANGE, Answers, Board, boards
from loads import PACKS
from node import Node

from harness.exporter import Exporter, run_exporter
from harness.packs import pack_path
from harness.monitoring import Prometheus
from harness.testcase import KernelTestCase, write_file
from harness.waiting import TimedOut, wait_until

BUILD = os.environ["SDT_BUILD"]  # node_modules and screenshots go below it


def node():
    return Node(os.path.join(BUILD, "grafana"))


class Command(unittest.TestCase):
    def test_it_prints_the_dashboards_that_are_shipped(self):
        for board in boards():
            what = "--self" if board.name == "sdt_exporter" else f"--config.file={pack_path(board.name)}"
            result = run_exporter("dashboard", what)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            with open(board.path, encoding="utf-8") as file:
                self.assertTrue(result.stdout == file.read(), f"{board.path} is another: run ./dev dashboards")

    def test_a_title_of_ones_own(self):
        result = run_exporter("dashboard", f"--config.file={pack_path('php')}", "--title=Web shop")
        dashboard = json.loads(result.stdout)
        self.assertEqual((dashboard["title"], dashboard["uid"]), ("Web shop", Board("php").json["uid"]))

    def test_a_config_with_mistakes_is_refused(self):
        result = run_exporter("dashboard", "--config.file=/nonexistent.yaml")
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn("/nonexistent.yaml", result.stderr)

    def test_it_wants_to_be_told_what_to_show(self):
        for flags in ((), ("--self", f"--config.file={pack_path('php')}"), ("--self", "--title=Mine")):
            result = run_exporter("dashboard", *flags)
            self.assertEqual((result.returncode, result.stdout), (2, ""))


class Types(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shipped = [board.path for board in boards()]
        cls.broken = write_file(BUILD, "broken-dashboard.json", json.dumps(cls.with_mistakes()))
        cls.addClassCleanup(os.unlink, cls.broken)
        cls.mistakes = node().json_of("check_schema.mjs", *cls.shipped, cls.broken)

    @staticmethod
    def with_mistakes():
        dashboard = Board("libstapsdt").json
        heatmap = next(panel for panel in dashboard["panels"] if panel["type"] == "heatmap")
        heatmap["options"]["color"]["mode"] = "rainbow"
        del heatmap["options"]["yAxis"]
        dashboard["panels"][1]["fieldConfig"]["defaults"]["units"] = "s"
        return dashboard

    def test_every_dashboard_is_of_grafanas_types(self):
        self.assertEqual({path: self.mistakes[path] for path in self.shipped}, {path: [] for path in self.shipped})

    def test_what_grafana_does_not_know_is_found(self):
        found = "\n".join(self.mistakes[self.broken])
        for expected in ("options/color/mode", "required property 'yAxis'", '"additionalProperty":"units"'):
            self.assertIn(expected, found)


class Shown(KernelTestCase):
    """All packs at once in one exporter."""

    SCRAPES = """
        global: { scrape_interval: 1s }
        scrape_configs:
          - job_name: sdt_exporter
            static_configs: [ { targets: ["%s"] } ]
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.node = node()  # first: installing takes the processors that the load needs
        cls.boards = boards()
        cls.running = []
        cls.addClassCleanup(cls.stop)
        cls.ask_under_load()
        cls.stop()  # a browser takes processors, too
        cls.draw()

    @classmethod
    def start(cls, what):
        cls.running.append(what)
        return what

    @classmethod
    def stop(cls):
        while cls.running:
            cls.running.pop().close()

    @classmethod
    def ask_under_load(cls):
        for _, _, load in PACKS.values():
            cls.start(load(cls.directory))
        configs = [write_file(cls.directory, f"{name}.yaml", config()) for name, (_, config, _) in PACKS.items()]
        exporter = cls.start_for_class(Exporter(configs, cls.directory))
        cls.address = exporter.address
        cls.prometheus = cls.start_for_class(Prometheus(cls.SCRAPES % exporter.address, cls.directory))
        wait_until(lambda: cls.prometheus.query(f"count_over_time(up[1h]) >= {RANGE}"), "a graph full of scrapes",
                   seconds=2 * RANGE)
        cls.wait_for_rare_events()
        cls.answers = Answers(cls.prometheus, time.time())
        cls.series = {board.name: {panel["id"]: cls.answers.of_panel(board, panel) for panel in board.panels}
                      for board in cls.boards}

    @classmethod
    def wait_for_rare_events(cls):
        """Until there is a number for every query; where there is none in time, the test says for which."""
        try:
            wait_until(lambda: not any(Answers(cls.prometheus, time.time()).without_numbers(board)
                                       for board in cls.boards), "every query has an answer", seconds=60)
        except TimedOut:
            pass

    @classmethod
    def draw(cls):
        shown = {board.name: {"dashboard": board.json, "from": cls.answers.start, "to": cls.answers.end,
                              "series": cls.series[board.name]} for board in cls.boards}
        screenshots = os.path.join(BUILD, "grafana-screenshots")
        os.makedirs(screenshots, exist_ok=True)
        cls.seen = cls.node.json_of("render.mjs", write_file(cls.directory, "shown.json", json.dumps(shown)), screenshots)

    def for_each_panel(self, check, kind=None):
        """check(panel, its series, what is seen of it), for one kind of panel or for all."""
        for board in self.boards:
            for panel in board.panels:
                if kind in (None, panel["type"]):
                    with self.subTest(dashboard=board.name, panel=panel["title"]):
                        check(panel, self.series[board.name][panel["id"]],
                              self.seen[board.name]["panels"][str(panel["id"])])

    def test_every_query_has_numbers(self):
        for board in self.boards:
            with self.subTest(dashboard=board.name):
                self.assertEqual(self.answers.without_numbers(board), [])

    def test_variables_offer_what_is_scraped(self):
        for board in self.boards:
            values = {name: self.answers.label_values(board.filled(board.variables[name]["query"]["query"]))
                      for name in ("job", "instance", "target")}
            own = [PACKS[board.name][0]] if board.name in PACKS else sorted(target for target, _, _ in PACKS.values())
            with self.subTest(dashboard=board.name):
                self.assertEqual(values, {"job": ["sdt_exporter"], "instance": [self.address],
                                          "target": own})

    def test_nothing_throws_in_the_browser(self):
        self.assertEqual({name: seen["errors"] for name, seen in self.seen.items()},
                         {board.name: [] for board in self.boards})

    def test_every_panel_has_its_title_and_something_to_show(self):
        def check(panel, _, seen):
            self.assertEqual(seen["title"], panel["title"])
            self.assertNotIn("No data", seen["text"])

        self.for_each_panel(check)

    UNITS = {
        "s": r"-?[\d.]+ (ns|µs|ms|s|mins?|hours?)", "cps": r"[\d.]+ ?[KM]? c/s", "percentunit": r"[\d.]+%",
        "bytes": r"[\d.]+ ([KMG]i)?B", "binBps": r"[\d.]+ ([KMG]i)?B/s", "short": r"-?[\d.]+( [KM])?( Mil)?",
    }

    def check_unit(self, unit, text):
        if text != "0" or unit not in ("s", "bytes"):  # nothing has no prefix
            self.assertRegex(text, f"^({self.UNITS[unit]})$")

    def test_lines_are_drawn_and_named_with_their_unit(self):
        def check(panel, series, seen):
            self.assertEqual(sorted(seen["names"]), sorted(one["name"] for one in series))
            self.assertGreater(seen["inked"], 100, "coloured pixels")
            for value in filter(None, seen["values"]):
                self.check_unit(panel["fieldConfig"]["defaults"]["unit"], value)

        self.for_each_panel(check, "timeseries")

    def test_heatmaps_have_cells_and_their_unit_on_the_axis(self):
        def check(panel, _, seen):
            self.assertGreater(seen["cells"], 0)
            for bound in seen["bounds"]:
                if bound != "+Inf":
                    self.check_unit(panel["options"]["yAxis"]["unit"], bound)

        self.for_each_panel(check, "heatmap")

    def test_stats_show_their_number_with_its_unit(self):
        def check(panel, _, seen):
            self.check_unit(panel["fieldConfig"]["defaults"]["unit"], seen["text"].removeprefix(panel["title"]))

        self.for_each_panel(check, "stat")

    def test_all_is_well_while_the_load_is_bearable(self):
        for board in self.boards:
            wrong = {panel["title"]: self.series[board.name][panel["id"]][0]["points"][-1][1] for panel in board.panels
                     if panel["title"] in ("Metrics not attached", "Metrics over budget")}
            self.assertEqual(set(wrong.values()), {0}, f"{board.name}: {wrong}")


if __name__ == "__main__":
    unittest.main()
