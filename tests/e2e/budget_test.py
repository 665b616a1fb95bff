"""pgbench with every lightweight lock and buffer read traced: what it costs, and what the budget saves.

A share of the machine is more than that of the server's throughput: pgbench itself takes about half of the CPUs, so
that 5 % of the machine is about 10 % of what the server gets done.
"""

import statistics
import unittest

from harness.postgresql import PostgresServer
from harness.testcase import KernelTestCase

SECONDS, ROUNDS, CLIENTS = 3, 3, 4
PROBES = ("lwlock__acquire", "lwlock__release", "buffer__read__start", "buffer__read__done",
          "transaction__commit")


def config(budget):
    metrics = "".join(
        f"          - {{ name: postgresql_{probe}_total, help: All of them., type: counter, probe: 'postgresql:{probe}' }}\n"
        for probe in PROBES)
    return (f"    targets:\n      - name: postgresql\n        processes: [ exe: '/usr/lib/postgresql/*/bin/postgres' ]\n"
            f"        budget: {budget}\n        metrics:\n{metrics}")


class Throughput(KernelTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = PostgresServer()
        cls.addClassCleanup(cls.server.stop)
        cls.server.pgbench("-i", "-q", "-s", 1)

    def pgbench(self):
        return self.server.pgbench("-n", "-S", "-c", CLIENTS, "-j", 2, "-T", SECONDS) / SECONDS

    def rounds(self):
        return [self.pgbench() for _ in range(ROUNDS)]

    def traced(self, budget):
        exporter = self.exporter(config(budget))
        exporter.wait_attached("postgresql", processes=self.server.processes())
        return exporter

    def tripped(self, exporter):
        return exporter.scrape().total("sdt_exporter_budget_tripped")

    def test_the_breaker_gives_the_throughput_back(self):
        self.pgbench()  # the first one fills the cache
        untraced = self.rounds()

        exporter = self.traced("{cpu: unlimited}")
        unlimited = statistics.median(self.rounds())
        self.assertEqual(self.tripped(exporter), 0)
        exporter.stop()

        exporter = self.traced("{cpu: 5%}")
        for _ in range(20):
            if self.tripped(exporter) >= 1 and self.is_within(exporter):
                break
            self.pgbench()
        tripped = self.tripped(exporter)
        limited = statistics.median(self.rounds())
        exporter.stop()

        untraced = statistics.median(untraced + self.rounds())
        print(f"\npgbench -S: {untraced:.0f} tps untraced, {unlimited:.0f} with everything traced "
              f"({100 * unlimited / untraced:.0f} %), {limited:.0f} once {tripped:.0f} of {len(PROBES)} metrics have "
              f"tripped ({100 * limited / untraced:.0f} %)")
        self.assertLess(tripped, len(PROBES), "one commit a transaction is within the budget")
        self.assertLess(unlimited, 0.8 * untraced)
        self.assertGreater(limited, 0.85 * untraced)

    def is_within(self, exporter):
        """A round of pgbench without another trip."""
        before = exporter.scrape().total("sdt_exporter_budget_trips_total")
        for _ in range(2):  # longer than the breaker's patience
            self.pgbench()
        return exporter.scrape().total("sdt_exporter_budget_trips_total") == before


if __name__ == "__main__":
    unittest.main()
