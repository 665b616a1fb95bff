"""What the pages and /api/v1/targets show is what is there, and what /metrics says."""

import html.parser
import json
import os
import shutil
import unittest
import urllib.request

from harness.documents import text_of
from harness.program import Program, program_path
from harness.testcase import KernelTestCase
from harness.waiting import wait_until

CONFIG = """
    targets:
      - name: puppet
        processes:
          - exe: "@PROGRAMS@/puppet"
        budget: { hits_per_second: 1000000 }
        metrics:
          - { name: puppet_ticks_total, help: Ticks., type: counter, probe: "puppet:tick" }
          - name: puppet_amount
            help: Amounts that are no outliers.
            type: histogram
            probe: puppet:amount
            value: arg0
            where: arg0 < 1000
            buckets: [1, 10, 100]
          - name: puppet_said_total
            help: What was said.
            type: counter
            probe: puppet:say
            labels: { text: str(arg0) }
            max_series: 2
          - name: puppet_work_seconds
            help: Work.
            type: histogram
            start: puppet:work__start
            end: puppet:work__end
            buckets: [ 1ms, 1s ]
          - { name: puppet_level, help: The last amount., type: gauge, probe: "puppet:amount", value: arg0 }
          - { name: puppet_nothing_total, help: Nothing., type: counter, probe: "puppet:no_such_probe" }
"""
ATTACHED = ["puppet_ticks_total", "puppet_amount", "puppet_said_total", "puppet_work_seconds", "puppet_level"]
VOID = {"meta", "rect"}


class Reader(html.parser.HTMLParser):
    """Elements that are closed as they were opened, the text of each <code>, and all of the text."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.codes, self.text = [], [], [], ""
        self.feed(page)
        self.close()
        if self.open:
            raise AssertionError(f"never closed: {self.open}")

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "code":
            self.codes.append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        if self.open.pop() != tag:
            raise AssertionError(f"</{tag}> closes something else")

    def handle_data(self, data):
        if self.open and self.open[-1] == "code":
            self.codes[-1] += data
        self.text += data


class Pages(KernelTestCase):
    def start(self, config=CONFIG):
        self.traced = self.exporter(config)
        self.traced.wait_attached("puppet", metrics=ATTACHED)

    def page(self, path="/targets"):
        status, page = self.traced.get(path)
        self.assertEqual(status, 200)
        return Reader(page)

    def metrics(self):
        return self.traced.targets()["puppet"]["metrics"]

    def test_the_numbers_are_those_of_the_metrics(self):
        puppet = self.program("puppet")
        self.start()
        for command in ("tick 5", "amount 1", "amount 7", "amount 99", "amount 5000", "say a", "say b", "say b", "say c",
                        "start", "end", "end"):
            puppet.fire(command)
        scrape = self.traced.scrape_of_now()
        target = self.traced.targets()["puppet"]

        def of(metric, name, **labels):
            return scrape.value(f"sdt_exporter_{name}", target="puppet", metric=metric, **labels)

        self.assertEqual(target["process_count"], scrape.value("sdt_exporter_target_processes", target="puppet"))
        for name, metric in target["metrics"].items():
            with self.subTest(metric=name):
                self.assertEqual(metric["state"] == "attached", of(name, "metric_attached") == 1)
                for field, series in (("series_used", "series"), ("series_limit", "series_limit"),
                                      ("events_filtered", "events_filtered_total"),
                                      ("events_folded", "events_folded_total"), ("foreign_hits", "foreign_hits_total"),
                                      ("strings_cut", "strings_cut_total"), ("attaches", "attaches_total"),
                                      ("detaches", "detaches_total"), ("budget_trips", "budget_trips_total"),
                                      ("tripped", "budget_tripped")):
                    self.assertEqual(metric[field], of(name, series), field)
                for reason, count in metric["events_lost"].items():
                    self.assertEqual(count, of(name, "events_lost_total", reason=reason), reason)
                for reason, count in metric["attach_errors"].items():
                    self.assertEqual(count, of(name, "attach_errors_total", reason=reason), reason)
                for probe in metric["probes"]:
                    self.assertEqual(probe["hits"], of(name, "probe_hits_total", probe=probe["name"]))
                    self.assertEqual(probe["sites"], of(name, "probe_sites", probe=probe["name"]))
        metrics = target["metrics"]
        self.assertEqual(metrics["puppet_ticks_total"]["value"], 5)
        self.assertEqual(metrics["puppet_level"]["value"], 5000)
        self.assertEqual(metrics["puppet_said_total"]["value"], 4)
        self.assertEqual(metrics["puppet_said_total"]["series"],
                         [{"labels": dict(labels), "value": value}
                          for labels, value in sorted(scrape.series("puppet_said_total").items(), key=str)])
        self.assertEqual(metrics["puppet_amount"]["value"],
                         {"count": 3, "sum": 107, "bounds": [1, 10, 100], "buckets": [1, 1, 1, 0]})
        work, shown = scrape.histogram("puppet_work_seconds"), metrics["puppet_work_seconds"]["value"]
        self.assertEqual((shown["count"], shown["sum"]), (work.count, work.sum))
        self.assertEqual(shown["buckets"], list(work.each_bucket().values()))
        self.assertEqual(metrics["puppet_work_seconds"]["events_lost"]["no_start"], 1)

    def test_the_cost_is_that_of_the_metrics(self):
        puppet = self.program("puppet")
        self.start()
        puppet.fire("tick 10000")

        def both_at_rest():
            before, scrape, after = (ask() for ask in (self.cost, self.traced.scrape, self.cost))
            return (before, scrape) if before == after > 0 else None

        cost, scrape = wait_until(both_at_rest, "the hits are charged for")
        self.assertEqual(cost / 1e9, scrape.value("sdt_exporter_overhead_seconds_total", target="puppet",
                                                  metric="puppet_ticks_total"))

    def cost(self):
        return self.metrics()["puppet_ticks_total"]["overhead_nanoseconds"]

    def test_rates_are_those_of_the_hits(self):
        puppet = self.program("puppet")
        self.start()
        self.assertIsNotNone(wait_until(lambda: self.metrics()["puppet_ticks_total"]["lately"], "two drains"))
        puppet.fire("tick 500")

        def lately():
            lately = self.metrics()["puppet_ticks_total"]["lately"]
            return lately if lately["hits_per_second"] > 0 else None

        rates = wait_until(lately, "the hits are in the rate")
        self.assertEqual(round(rates["hits_per_second"] * rates["nanoseconds"] / 1e9), 500)
        self.assertEqual(rates["hits_per_second"], rates["per_second"])

    def test_probes_and_files_are_named_with_their_sites(self):
        self.program("puppet")
        self.start()
        metric = self.metrics()["puppet_work_seconds"]
        self.assertEqual(metric["declared"], {"start": "puppet:work__start", "end": "puppet:work__end"})
        self.assertEqual([probe["name"] for probe in metric["probes"]], ["puppet:work__end", "puppet:work__start"])
        file, = metric["files"]
        self.assertEqual(file["path"], program_path("puppet"))
        self.assertEqual({site["probe"]: site["sites"] for site in file["probes"]},
                         {probe["name"]: probe["sites"] for probe in metric["probes"]})
        text = self.page().text
        for shown in ("puppet:work__start", program_path("puppet"), "attached in 1 file"):
            self.assertIn(shown, text)

    def test_what_keeps_a_metric_from_counting_is_said_in_words(self):
        self.traced = self.exporter(CONFIG)
        self.assertEqual(self.metrics()["puppet_ticks_total"]["state"], "attached", "the file is on the host")
        nothing = self.metrics()["puppet_nothing_total"]
        self.assertEqual((nothing["state"], nothing["reason"]), ("waiting", "waiting for its processes"))
        self.program("puppet")
        self.traced.wait_attached("puppet", metrics=ATTACHED)
        nothing = self.metrics()["puppet_nothing_total"]
        self.assertEqual((nothing["state"], nothing["reason"]),
                         ("waiting", "no file that the target's processes map has puppet:no_such_probe"))
        self.assertIn("no file that the target's processes map has puppet:no_such_probe", self.page().text)

    def test_a_process_is_its_number_executable_and_name_and_nothing_else(self):
        puppet = Program([program_path("puppet"), "--password=hunter2"], environment={"PUPPET_TOKEN": "hunter3"})
        self.addCleanup(puppet.close)
        puppet.fire("name marionette")
        self.start()
        process = {"pid": puppet.pid, "exe": program_path("puppet"), "comm": "marionette"}
        wait_until(lambda: self.traced.targets()["puppet"]["processes"] == [process], "the name is known")
        for path in ("/", "/targets", "/api/v1/targets"):
            self.assertNotIn("hunter", self.traced.get(path)[1], path)

    def test_names_that_mean_harm_are_only_text(self):
        directory = os.path.join(self.directory, "<script>\"'&")
        os.makedirs(directory)
        path = shutil.copy(program_path("puppet"), directory)
        puppet = Program([path])
        self.addCleanup(puppet.close)
        puppet.fire("name <b>'\"&\x1b[1m")
        quoted = path.replace("'", "''")
        self.start(CONFIG.replace('"@PROGRAMS@/puppet"', f"'{quoted}'"))
        puppet.fire("say </code><script>alert(1)</script>")
        self.traced.scrape_of_now()
        page = self.page()
        self.assertNotIn("script", page.tags)
        self.assertIn("<b>'\"&\ufffd[1m", page.codes)
        self.assertIn('text="</code><script>alert(1)</script>"', page.codes)
        self.assertIn(path, page.text)
        process, = self.traced.targets()["puppet"]["processes"]
        self.assertEqual((process["exe"], process["comm"]), (path, "<b>'\"&\x1b[1m"))

    def test_many_processes_and_series_do_not_make_a_large_page(self):
        puppet = self.program("puppet")
        self.start(CONFIG.replace("max_series: 2", "max_series: 100000"))
        small = len(self.traced.get("/targets")[1])
        puppet.fire("tick 1")
        for _ in range(120):
            puppet.fire("fork 1")
        for number in range(300):
            puppet.fire(f"say {'x' * 60}{number:04}")
        self.traced.wait_for(lambda scrape: scrape.value("sdt_exporter_target_processes", target="puppet") == 121
                             and scrape.total("puppet_said_total") == 300, "all of them are known")
        page, body = self.page(), self.traced.get("/targets")[1]
        for text in ("121 processes", "and 71 more processes", "300 series", "and 280 more series"):
            self.assertIn(text, page.text)
        self.assertLess(len(body) - small, 32 * 1024)
        target = self.traced.targets()["puppet"]
        self.assertEqual((target["process_count"], len(target["processes"])), (121, 50))
        said = target["metrics"]["puppet_said_total"]
        self.assertEqual((said["series_count"], len(said["series"])), (300, 20))

    def test_the_overview_has_a_line_for_each_target(self):
        self.program("puppet")
        self.start()
        page = self.page("/")
        self.assertIn("5 of 6", page.text)
        self.assertIn("table", page.tags)

    def test_every_page_has_its_type(self):
        self.traced = self.exporter(CONFIG)
        for path, kind in (("/", "text/html"), ("/targets", "text/html"), ("/api/v1/targets", "application/json")):
            with urllib.request.urlopen(f"http://{self.traced.address}{path}", timeout=30) as response:
                self.assertEqual(response.headers["Content-Type"], f"{kind}; charset=utf-8")

    def test_every_field_is_documented(self):
        puppet = self.program("puppet")
        self.start()
        puppet.fire("amount 1")
        wait_until(lambda: self.metrics()["puppet_amount"]["lately"], "two drains")
        words = set(text_of("docs/api.md").replace("`", " ").replace(".", " ").replace("[]", " ").split())
        body = json.loads(self.traced.get("/api/v1/targets")[1])
        named_elsewhere = {"labels", "events_lost", "attach_errors"}  # their keys are labels and reasons

        def fields(value):
            if isinstance(value, dict):
                for name, inner in value.items():
                    yield name
                    if name not in named_elsewhere:
                        yield from fields(inner)
            elif isinstance(value, list):
                for inner in value:
                    yield from fields(inner)

        self.assertEqual(set(fields(body)) - words, set())


if __name__ == "__main__":
    unittest.main()
