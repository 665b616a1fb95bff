"""What goes wrong with the exporter reaches a person: packaging/prometheus/sdt_exporter.rules.yml in Prometheus, through
Alertmanager, to a webhook.

The daemon is in real trouble: its program ends, events are lost, its config is broken, it is stopped. In the rules every minute
is a second, and nothing else is changed.
"""

import re
import signal
import unittest

from harness.documents import text_of
from harness.exporter import Exporter
from harness.program import Program
from harness.monitoring import Alertmanager, Prometheus, Webhook
from harness.testcase import KernelTestCase, write_file
from harness.waiting import wait_until

SPEC = """
targets:
  - name: fleeting
    processes:
      - exe: "@PROGRAMS@/sample"
    metrics:
      - name: sample_replies_total
        help: Replies.
        type: counter
        probe: sample:reply
  - name: puppet
    processes:
      - exe: "@PROGRAMS@/puppet"
    metrics:
      - name: puppet_work_seconds
        help: Work.
        type: histogram
        start: puppet:work__start
        end: puppet:work__end
        buckets: [1ms, 1s]
"""

PROMETHEUS = """
global: {{ scrape_interval: 1s, evaluation_interval: 1s }}
rule_files: [{rules}]
alerting:
  alertmanagers:
    - static_configs: [{{ targets: ["{alertmanager}"] }}]
scrape_configs:
  - job_name: sdt_exporter
    static_configs: [{{ targets: ["{exporter}"] }}]
"""

ALERTMANAGER = """
route: {{ receiver: person, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1h }}
receivers:
  - name: person
    webhook_configs: [{{ url: "{webhook}", send_resolved: true }}]
"""


def minutes_as_seconds(rules):
    return re.sub(r"(?<![a-z0-9])(\d+)m\b", r"\1s", rules)


class Alerts(KernelTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.spec = write_file(cls.directory, "spec.yaml", SPEC)
        cls.webhook = cls.start_for_class(Webhook())
        fleeting = cls.start_for_class(Program.named("sample"))
        cls.puppet = cls.start_for_class(Program.named("puppet"))
        cls.exporter_process = cls.start_for_class(Exporter([cls.spec], cls.directory))
        cls.exporter_process.wait_attached("fleeting")
        cls.exporter_process.wait_attached("puppet")
        cls.alertmanager = cls.start_for_class(Alertmanager(ALERTMANAGER.format(webhook=cls.webhook.url), cls.directory))
        rules = write_file(cls.directory, "sdt_exporter.rules.yml",
                           minutes_as_seconds(text_of("packaging/prometheus/sdt_exporter.rules.yml")))
        cls.prometheus = cls.start_for_class(Prometheus(PROMETHEUS.format(
            rules=rules, alertmanager=cls.alertmanager.address, exporter=cls.exporter_process.address), cls.directory))
        wait_until(lambda: cls.prometheus.query("up == 1"), "Prometheus scrapes the exporter")
        cls.at_first = list(cls.webhook.alerts)

        fleeting.close()
        cls.puppet.fire("start")
        cls.puppet.fire("end")
        with open(cls.spec, "a", encoding="utf-8") as file:
            file.write("nonsense: 1\n")
        cls.exporter_process.process.send_signal(signal.SIGHUP)
        cls.lost = cls.arrived("SdtExporterEventsLost", meanwhile=lambda: cls.puppet.fire("end"))
        cls.missing = cls.arrived("SdtExporterTargetMissing")
        cls.reload = cls.arrived("SdtExporterReloadFailed")

        cls.start_for_class(Program.named("sample"))
        cls.back = cls.arrived("SdtExporterTargetMissing", "resolved")

        cls.exporter_process.stop()
        cls.down = cls.arrived("SdtExporterDown")

    @classmethod
    def arrived(cls, name, status="firing", meanwhile=lambda: None):
        """The first alert of this name that the webhook was given."""
        def look():
            meanwhile()
            return cls.webhook.find(name, status)

        return wait_until(look, f"the webhook gets {name}, {status}", seconds=40)[0]

    def test_while_all_is_well_nobody_is_told(self):
        self.assertEqual(self.at_first, [])

    def test_a_target_without_a_process(self):
        self.assertEqual(self.missing["labels"]["target"], "fleeting")
        self.assertEqual(self.missing["labels"]["severity"], "info")
        self.assertEqual(self.missing["annotations"]["summary"],
                         f"No process of fleeting runs on {self.exporter_process.address}")

    def test_and_that_it_is_there_again(self):
        self.assertEqual(self.back["labels"], self.missing["labels"])

    def test_events_that_are_lost(self):
        self.assertEqual((self.lost["labels"]["target"], self.lost["labels"]["metric"]), ("puppet", "puppet_work_seconds"))
        self.assertRegex(self.lost["annotations"]["summary"], "^puppet_work_seconds of puppet loses .* events a second$")

    def test_a_config_with_a_mistake(self):
        self.assertIn("runs on an older config", self.reload["annotations"]["summary"])

    def test_an_exporter_that_is_gone(self):
        self.assertEqual(self.down["annotations"]["summary"],
                         f"sdt_exporter on {self.exporter_process.address} does not answer")

    def test_nothing_else_was_told(self):
        self.assertEqual({alert["labels"]["alertname"] for alert in self.webhook.alerts},
                         {"SdtExporterTargetMissing", "SdtExporterEventsLost", "SdtExporterReloadFailed", "SdtExporterDown"})


if __name__ == "__main__":
    unittest.main()
