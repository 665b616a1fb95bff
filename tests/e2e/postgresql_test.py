"""config/packs/postgresql.yaml on a real server, against what pgbench and the server count themselves.

The oracles work by difference: two runs of pgbench that differ only in their number of transactions
differ in every count by exactly what those transactions do, whatever a connection or the test's own
session adds to both. What a backend did that came and went between two looks at the process list is
in sdt_exporter_events_lost_total{reason="unclassified"}; it is added here, for nothing may be missing.
"""

import os
import re
import unittest

from harness.exporter import Exporter, losses
from harness.postgresql import PostgresServer, Session, transactions_of
from harness.testcase import KernelTestCase, write_file
from harness.waiting import wait_until

PACK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../config/packs/postgresql.yaml")
CLIENTS = 4


class PostgresCase(KernelTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = PostgresServer()
        cls.addClassCleanup(cls.server.stop)
        cls.server.pgbench("-i", "-q", "-s", 1)
        cls.session = Session(cls.server)
        cls.addClassCleanup(cls.session.close)
        cls.exporter_process = Exporter(cls.configs(), cls.directory)
        cls.addClassCleanup(cls.exporter_process.kill)
        cls.exporter_process.wait_attached("postgresql", processes=cls.server.processes())

    @classmethod
    def configs(cls):
        # pgbench at full speed is over the budget: exact counts of all of it take one without a limit.
        return [PACK, write_file(cls.directory, "unlimited.yaml", "global: { budget: { cpu: unlimited } }\n")]

    def quiet_scrape(self):
        """A scrape when no backend but the test's own session is left and all are accounted for."""
        def alone():
            return self.session.ask(
                "select count(*) from pg_stat_activity where backend_type = 'client backend'") == "1"
        wait_until(alone, "the backends of pgbench have ended")
        scrape = self.exporter_process.wait_for(
            lambda now: now.value("sdt_exporter_target_processes", target="postgresql") == self.server.processes(),
            "the exporter knows that they ended")
        return self.exporter_process.scrape_of_now() if scrape else None

    def flush_statistics(self):
        """Has the server publish what the session did. It does so only after reading some table."""
        self.session.ask("select pg_stat_force_next_flush() from pg_class limit 1")

    def lost(self, scrape, name, **labels):
        return scrape.total("sdt_exporter_events_lost_total", target="postgresql", metric=name, **labels)

    def counted(self, scrape, name):
        """Events of a metric in all its series."""
        if scrape.types.get(name) == "histogram":
            return sum(histogram.count for histogram in scrape.histograms(name).values())
        return scrape.total(name)

    def difference(self, names, before, after):
        """name -> events of the metric between two scrapes, those of backends that were too brief included."""
        def all_of(scrape, name):
            return self.counted(scrape, name) + self.lost(scrape, name, reason="unclassified")

        return {name: all_of(after, name) - all_of(before, name) for name in names}


class PgbenchCounts(PostgresCase):
    QUERIES = ("postgresql_query_duration_seconds", "postgresql_query_parse_seconds",
               "postgresql_query_execute_seconds", "postgresql_query_plan_seconds")
    TRANSACTIONS = ("postgresql_transactions_started_total", "postgresql_transactions_committed_total",
                    "postgresql_transactions_aborted_total")

    def run_pgbench(self, per_client, *arguments):
        """What one run adds to each metric, and what its session's statements add to that."""
        names = self.QUERIES + self.TRANSACTIONS
        before, statements = self.quiet_scrape(), self.session.statements
        processed = self.server.pgbench("-n", "-c", CLIENTS, "-j", 2, "-t", per_client, *arguments)
        self.assertEqual(processed, per_client * CLIENTS)
        after = self.quiet_scrape()
        own = self.session.statements - statements  # each one query, one plan, one transaction
        return {name: value - (0 if "aborted" in name else own)
                for name, value in self.difference(names, before, after).items()}

    def per_transaction(self, *arguments):
        few, many = self.run_pgbench(10, *arguments), self.run_pgbench(510, *arguments)
        transactions = 500 * CLIENTS
        return {name: (many[name] - few[name]) / transactions for name in few}

    def test_tpcb_transactions_are_seven_queries_each(self):
        self.assertEqual(self.per_transaction(), {
            "postgresql_query_duration_seconds": 7,
            "postgresql_query_parse_seconds": 7,
            "postgresql_query_execute_seconds": 7,
            "postgresql_query_plan_seconds": 5,  # BEGIN and END are not planned
            "postgresql_transactions_started_total": 1,
            "postgresql_transactions_committed_total": 1,
            "postgresql_transactions_aborted_total": 0})

    def test_select_only_transactions_are_one_query_each(self):
        self.assertEqual(set(self.per_transaction("-S").values()), {1, 0})

    def test_prepared_statements_are_executed_but_not_parsed_again(self):
        counts = self.per_transaction("-S", "-M", "prepared")
        self.assertEqual(counts["postgresql_query_duration_seconds"], 0, "the extended protocol has no such probe")
        self.assertEqual(counts["postgresql_query_parse_seconds"], 0)
        self.assertEqual(counts["postgresql_query_execute_seconds"], 1)

    def test_commits_agree_with_pg_stat_database(self):
        def theirs():
            self.flush_statistics()
            return int(self.session.ask("select sum(xact_commit) from pg_stat_database"))

        self.quiet_scrape()
        theirs_before = theirs()
        before = self.exporter_process.scrape_of_now()
        self.server.pgbench("-n", "-c", CLIENTS, "-t", 500)
        after = self.quiet_scrape()
        theirs_after = theirs()
        name = "postgresql_transactions_committed_total"
        # Two transactions of the reading session are in their window and not in ours: the one that
        # read the first value, and the one that had the server flush before the second.
        self.assertEqual(self.difference([name], before, after)[name] + 2, theirs_after - theirs_before)
        self.assertGreaterEqual(theirs_after - theirs_before, 500 * CLIENTS)

    def test_of_backends_that_stay_a_few_seconds_nothing_is_lost(self):
        before, statements = self.quiet_scrape(), self.session.statements
        transactions = self.server.pgbench("-n", "-c", CLIENTS, "-j", 2, "-T", 5)
        after = self.quiet_scrape()
        name = "postgresql_query_duration_seconds"
        queries = self.counted(after, name) - self.counted(before, name) - (self.session.statements - statements)
        # pgbench asks two things through a connection of its own that it closes at once.
        self.assertIn(queries - 7 * transactions, (0, 1, 2))

    def test_durations_are_those_of_queries(self):
        before = self.quiet_scrape()
        self.session.ask("select pg_sleep(0.2)")
        after = self.exporter_process.scrape_of_now()
        for name in ("postgresql_query_duration_seconds", "postgresql_query_execute_seconds"):
            spent = after.histogram(name).sum - before.histogram(name).sum
            self.assertTrue(0.2 <= spent < 0.5, f"{name}: {spent}")


class Errors(PostgresCase):
    def test_an_aborted_transaction_is_counted_and_later_queries_are_timed(self):
        before = self.quiet_scrape()
        for _ in range(5):
            self.assertIn("division by zero", self.session.ask("select 1 / (n - 3) from generate_series(1, 5) n"))
        for _ in range(4):
            self.session.ask("select 1")
        after = self.exporter_process.scrape_of_now()
        self.assertEqual(self.difference(["postgresql_transactions_aborted_total", "postgresql_query_duration_seconds",
                                          "postgresql_query_execute_seconds"], before, after),
                         {"postgresql_transactions_aborted_total": 5, "postgresql_query_duration_seconds": 4,
                          "postgresql_query_execute_seconds": 4})
        for metric in ("postgresql_query_duration_seconds", "postgresql_query_execute_seconds"):
            self.assertEqual(self.lost(after, metric) - self.lost(before, metric), 5, metric)


class Storage(PostgresCase):
    BY_RELATION = """
        targets:
          - name: relations
            processes:
              - exe: /usr/lib/postgresql/*/bin/postgres
            metrics:
              - name: relation_reads_total
                help: Pages asked of the buffer pool by relation.
                type: counter
                probe: postgresql:buffer__read__done
                labels:
                  relation: arg4
                  hit: { value: arg7, map: { 0: "false", 1: "true" } }
    """

    @classmethod
    def configs(cls):
        return [*super().configs(), write_file(cls.directory, "by_relation.yaml", cls.BY_RELATION)]

    SECONDS = 5  # long enough for backends to be looked at before they end

    def statistics(self, statement):
        self.flush_statistics()
        return [int(field) for field in self.session.ask(statement).split("|")]

    def test_page_reads_of_a_table_agree_with_its_statistics(self):
        node = self.session.ask("select pg_relation_filenode('pgbench_accounts')")
        question = "select heap_blks_hit, heap_blks_read from pg_statio_all_tables where relname = 'pgbench_accounts'"

        def ours(scrape):
            return [scrape.value("relation_reads_total", relation=node, hit=hit) or 0 for hit in ("true", "false")]

        theirs_before, ours_before = self.statistics(question), ours(self.quiet_scrape())
        transactions = self.server.pgbench("-n", "-c", CLIENTS, "-T", self.SECONDS)
        ours_after = ours(self.quiet_scrape())
        theirs_after = self.statistics(question)
        self.assertEqual([after - before for before, after in zip(ours_before, ours_after)],
                         [after - before for before, after in zip(theirs_before, theirs_after)])
        self.assertGreater(ours_after[0] - ours_before[0], transactions)

    def test_all_page_reads_agree_with_pg_stat_database_within_two_percent(self):
        question = "select sum(blks_hit), sum(blks_read) from pg_stat_database"
        theirs_before, before = self.statistics(question), self.quiet_scrape()
        self.server.pgbench("-n", "-c", CLIENTS, "-t", 1000)
        after = self.quiet_scrape()
        theirs_after = self.statistics(question)
        ours = self.difference(["postgresql_buffer_reads_total"], before, after)["postgresql_buffer_reads_total"]
        theirs = sum(theirs_after) - sum(theirs_before)
        self.assertAlmostEqual(ours, theirs, delta=theirs * 0.02)

    def test_wal_inserts_agree_with_pg_stat_wal(self):
        question = "select wal_records from pg_stat_wal"
        (theirs_before,), before = self.statistics(question), self.quiet_scrape()
        self.server.pgbench("-n", "-c", CLIENTS, "-t", 500)
        after = self.quiet_scrape()
        (theirs_after,) = self.statistics(question)
        ours = self.difference(["postgresql_wal_inserts_total"], before, after)["postgresql_wal_inserts_total"]
        # Background processes write a record now and then and report it later.
        self.assertAlmostEqual(ours, theirs_after - theirs_before, delta=20)
        self.assertGreater(after.value("postgresql_wal_inserts_total", rmgr="Heap"), 0)

    def test_a_checkpoint_shows_the_figures_of_the_servers_log(self):
        names = [f"postgresql_checkpoint_{name}_total" for name in
                 ("buffers_written", "wal_files_added", "wal_files_removed", "wal_files_recycled")]
        self.server.pgbench("-n", "-c", CLIENTS, "-t", 500)
        before = self.quiet_scrape()
        written = len(self.server.log())
        self.session.ask("checkpoint")
        after = self.exporter_process.scrape_of_now()
        match = re.search(r"checkpoint complete: wrote (\d+) buffers .*?; (\d+) WAL file\(s\) added, (\d+) removed, "
                          r"(\d+) recycled; .*total=([\d.]+) s", self.server.log()[written:])
        self.assertIsNotNone(match, self.server.log()[written:])
        self.assertEqual(list(self.difference(names, before, after).values()),
                         [int(match.group(i)) for i in range(1, 5)])
        self.assertGreater(int(match.group(1)), 0)
        first, second = (scrape.histogram("postgresql_checkpoint_duration_seconds") for scrape in (before, after))
        self.assertEqual(second.count - (first.count if first else 0), 1)
        self.assertAlmostEqual(second.sum - (first.sum if first else 0), float(match.group(5)), delta=0.05)

    def test_sorts_by_kind_and_by_where_they_took_place(self):
        before = self.quiet_scrape()
        self.session.ask("set work_mem = '64kB'")
        self.session.ask("select count(*) from (select aid from pgbench_accounts order by filler, aid offset 0) s")
        self.session.ask("set work_mem = '64MB'")
        self.session.ask("select count(*) from (select tid from pgbench_tellers order by tbalance, tid offset 0) s")
        after = self.exporter_process.scrape_of_now()
        names = ["postgresql_sorts_total", "postgresql_sort_disk_bytes", "postgresql_sort_memory_bytes"]
        self.assertEqual(self.difference(names, before, after), {
            "postgresql_sorts_total": 2, "postgresql_sort_disk_bytes": 1, "postgresql_sort_memory_bytes": 1})
        disk = after.histogram("postgresql_sort_disk_bytes").sum
        self.assertTrue(8e6 < disk < 20e6, f"100,000 rows of 97 bytes took {disk}")


class Locks(PostgresCase):
    def wait_for_a_waiter(self):
        wait_until(lambda: self.session.ask("select count(*) from pg_locks where not granted") == "1",
                   "one session waits for a lock")

    def test_a_lock_wait_is_timed_with_its_type_and_mode(self):
        waiter = Session(self.server)
        self.addCleanup(waiter.close)
        self.session.ask("begin")
        self.session.ask("lock table pgbench_branches in access exclusive mode")
        waiter.send("select count(*) from pgbench_branches")
        self.wait_for_a_waiter()
        self.session.ask("select pg_sleep(0.1)")
        self.session.ask("commit")
        self.assertEqual(waiter.answer(), "1")
        histogram = self.exporter_process.scrape_of_now().histogram("postgresql_lock_wait_seconds",
                                                                    type="relation", mode="AccessShare")
        self.assertEqual(histogram.count, 1)
        self.assertGreater(histogram.sum, 0.1)

    def test_a_deadlock_is_counted_and_its_wait_is_not_timed(self):
        one, two = Session(self.server), Session(self.server)
        self.addCleanup(one.close)
        self.addCleanup(two.close)
        before = self.exporter_process.scrape_of_now()
        for session, first in ((one, 1), (two, 2)):
            session.ask("begin")
            session.ask(f"select pg_advisory_xact_lock({first})")
        one.send("select pg_advisory_xact_lock(2)")
        self.wait_for_a_waiter()
        two.send("select pg_advisory_xact_lock(1)")
        answers = one.answer() + two.answer()
        self.assertIn("deadlock detected", answers)
        after = self.exporter_process.scrape_of_now()
        self.assertEqual(after.value("postgresql_deadlocks_total"), 1)
        name = "postgresql_lock_wait_seconds"
        self.assertEqual(self.difference([name], before, after), {name: 1}, "the session that got its lock")

    def test_waits_for_lightweight_locks_name_their_tranche(self):
        def waits():
            self.server.pgbench("-n", "-c", 8, "-j", 2, "-t", 200)
            return self.exporter_process.scrape_of_now().histograms("postgresql_lwlock_wait_seconds")

        histograms = wait_until(waits, "eight clients at once wait for some lightweight lock", seconds=60)
        for labels in map(dict, histograms):
            self.assertRegex(labels["tranche"], r"^[A-Z][A-Za-z]+$")
            self.assertIn(labels["mode"], ("exclusive", "shared", "wait_until_free"))


class Restarts(KernelTestCase):
    """The server is restarted under load, and nobody tells the exporter.

    A restart cuts off every client, most of them in a transaction and some in a query, so that pgbench's number of
    transactions tells only about how much there was. The server's log tells exactly: exec_simple_query() writes a line
    for each query after query__start, and a query that does not come to query__done is ended by the FATAL line of
    its backend, which repeats the statement; between the two probes and these lines no interrupt is looked at.
    """

    RESTARTS = 3
    SETTINGS = ("log_statement=all", "log_line_prefix=%p_")

    def setUp(self):
        self.server = PostgresServer(self.SETTINGS)
        self.addCleanup(self.server.stop)
        self.server.pgbench("-i", "-q", "-s", 1)
        self.traced = self.exporter([PACK])
        self.quiet_scrape()

    def quiet_scrape(self):
        """A scrape when all processes are known, and those of clients are gone. The server has workers that come and
        go, and so both sides are asked each time."""
        self.traced.wait_for(lambda scrape: scrape.total("sdt_exporter_metric_attached", target="postgresql")
                             == len(scrape.series("sdt_exporter_metric_attached"))
                             and scrape.value("sdt_exporter_target_processes", target="postgresql")
                             == self.server.processes(), "as many processes are known as the server has")
        return self.traced.scrape_of_now()

    @staticmethod
    def queries(scrape):
        return scrape.histogram("postgresql_query_duration_seconds").count

    def test_queries_agree_with_the_log_over_three_restarts_under_load(self):
        log_before, transactions = len(self.server.log()), 0
        for _ in range(self.RESTARTS):
            so_far = self.queries(self.traced.scrape_of_now())
            load = self.server.start_pgbench("-n", "-c", CLIENTS, "-j", 2, "-T", 120)
            self.addCleanup(end, load)
            self.traced.wait_for(lambda scrape, least=so_far + 2000: self.queries(scrape) > least, "queries are counted")
            self.server.restart()
            output = load.communicate(timeout=60)[0]
            self.assertIn("terminating connection due to administrator command", output)
            transactions += transactions_of(output)
        transactions += self.server.pgbench("-n", "-c", CLIENTS, "-t", 100)
        scrape = self.quiet_scrape()

        log = self.server.log()[log_before:]
        started = len(re.findall(r"^\d+_LOG:  statement: ", log, re.MULTILINE))
        cut_off = len(re.findall(r"^(\d+)_FATAL:.*\n(?:\1_(?:DETAIL|HINT|CONTEXT):.*\n)*\1_STATEMENT:", log,
                                 re.MULTILINE))
        self.assertNotIn("_ERROR:", log)
        print(f"{started} queries, {cut_off} of them cut off by {self.RESTARTS} restarts; "
              f"7 x {transactions} transactions = {7 * transactions}")
        self.assertEqual(self.queries(scrape), started - cut_off)
        # What is beyond whole transactions: one unfinished one of each client, and pgbench's own questions.
        beyond = started - cut_off - 7 * transactions
        self.assertTrue(0 <= beyond <= self.RESTARTS * 7 * CLIENTS + (self.RESTARTS + 1) * 2, beyond)
        lost = {dict(labels)["reason"]: value for labels, value in losses(scrape).items()
                if dict(labels)["metric"] == "postgresql_query_duration_seconds"}
        self.assertLessEqual(lost.pop("start_expired", 0), cut_off)
        self.assertEqual(lost, {})


def end(process):
    if process.poll() is None:
        process.kill()
    process.communicate()


if __name__ == "__main__":
    unittest.main()
