"""config/packs/libstapsdt.yaml on probes that a program registers while it runs, in the layout of libstapsdt."""

import unittest

from harness.exporter import losses
from harness.packs import libstapsdt_pack_for
from harness.program import program_path
from harness.testcase import KernelTestCase

METRICS = ("myapp_requests_total", "myapp_reply_size_bytes", "myapp_queue_length", "myapp_job_duration_seconds")
# The numbers are declared as wrappers do: signed, and as wide as a register.
LOAD = "load myapp request:-8,-8,-8 queue:-8 job__start:-8 job__done:-8,-8"


class Libstapsdt(KernelTestCase):
    def setUp(self):
        self.app = self.program("provider")
        self.traced = self.exporter(libstapsdt_pack_for(program_path("provider")))

    def attaches(self, scrape):
        return [scrape.value("sdt_exporter_attaches_total", target="myapp", metric=metric) for metric in METRICS]

    def load(self, command, number=1):
        """Registers probes; every metric is attached for the `number`th time then."""
        self.app.fire(command)
        self.traced.wait_for(lambda scrape: self.attaches(scrape) == [number] * len(METRICS),
                             f"all attached, time {number}")

    def waiting(self):
        return self.traced.scrape().value("sdt_exporter_target_waiting", target="myapp")

    def test_a_target_waits_until_the_provider_is_loaded(self):
        self.assertEqual(self.waiting(), 1)
        self.assertEqual(self.traced.targets()["myapp"]["state"], "waiting")
        self.load(LOAD)
        self.assertEqual(self.waiting(), 0)
        self.assertEqual(self.traced.targets()["myapp"]["state"], "counting")

    def test_every_event_counts_by_its_arguments(self):
        self.load(LOAD)
        for path, status, count in (("/", 200, 1000), ("/login", 200, 17), ("/login", 403, 5)):
            self.app.fire(f"fire request {count} {path} {status} 100")
        self.app.fire("fire queue 3 41")
        self.app.fire("fire queue 1 7")
        scrape = self.traced.scrape_of_now()
        self.assertEqual(scrape.series("myapp_requests_total"), {
            frozenset([("path", "/"), ("status", "200")]): 1000,
            frozenset([("path", "/login"), ("status", "200")]): 17,
            frozenset([("path", "/login"), ("status", "403")]): 5})
        self.assertEqual(scrape.value("myapp_queue_length"), 7)
        self.assertEqual(scrape.histogram("myapp_reply_size_bytes").sum, 1022 * 100)
        self.assertEqual(losses(scrape), {})

    def test_casts_put_wrong_declarations_right(self):
        self.load(LOAD)
        negative = 3_000_000_000 - 2**32  # an unsigned 32-bit number, once it went through a signed one
        self.app.fire(f"fire request 2 / {0xffff - 2**16} {negative}")
        self.app.fire(f"fire queue 1 {negative}")
        self.app.fire("fire job__start 1 77")
        self.app.fire("fire job__done 1 77 255")  # an int8 of -1 that was widened without its sign
        scrape = self.traced.scrape_of_now()
        self.assertEqual(scrape.value("myapp_requests_total", path="/", status="65535"), 2)
        self.assertEqual(scrape.histogram("myapp_reply_size_bytes").sum, 2 * 3_000_000_000)
        self.assertEqual(scrape.histogram("myapp_reply_size_bytes").each_bucket()[2**32], 2)
        self.assertEqual(scrape.value("myapp_queue_length"), 3_000_000_000)
        self.assertEqual(scrape.histogram("myapp_job_duration_seconds", status="-1").count, 1)
        self.assertEqual(losses(scrape), {})

    def test_another_declaration_of_the_same_probes_gives_the_same_numbers(self):
        self.load("load myapp request:8,-2,-4 queue:4 job__start:8 job__done:4,1")
        self.app.fire(f"fire request 3 / {0xffff} {3_000_000_000}")
        self.app.fire(f"fire queue 1 {3_000_000_000}")
        self.app.fire("fire job__start 1 77")
        self.app.fire("fire job__done 1 77 255")
        scrape = self.traced.scrape_of_now()
        self.assertEqual(scrape.value("myapp_requests_total", path="/", status="65535"), 3)
        self.assertEqual(scrape.histogram("myapp_reply_size_bytes").sum, 3 * 3_000_000_000)
        self.assertEqual(scrape.value("myapp_queue_length"), 3_000_000_000)
        self.assertEqual(scrape.histogram("myapp_job_duration_seconds", status="-1").count, 1)
        self.assertEqual(losses(scrape), {})

    def test_jobs_in_one_thread_are_paired_by_their_id(self):
        self.load(LOAD)
        for job in range(10):
            self.app.fire(f"fire job__start 1 {job}")
        for job in (3, 9, 0, 5, 1, 7, 2, 8, 6, 4):
            self.app.fire(f"fire job__done 1 {job} {job % 2}")
        scrape = self.traced.scrape_of_now()
        self.assertEqual({dict(labels)["status"]: histogram.count for labels, histogram
                          in scrape.histograms("myapp_job_duration_seconds").items()}, {"0": 5, "1": 5})
        self.assertEqual(losses(scrape), {})

    def test_a_provider_that_is_loaded_again_goes_on_counting(self):
        for i in range(10):
            self.load(LOAD, i + 1)
            self.app.fire(f"fire request {i + 1} / 200 1")
            self.app.fire("unload")
        scrape = self.traced.scrape_of_now()
        self.assertEqual(scrape.value("myapp_requests_total", path="/", status="200"), sum(range(11)))
        self.assertEqual(losses(scrape), {})

    def test_a_program_that_is_started_again_goes_on_counting(self):
        for i in range(3):
            self.load(LOAD, i + 1)
            self.app.fire("fire request 100 / 200 1")
            self.app.close()
            self.app = self.program("provider")
        self.traced.wait_for(lambda scrape: scrape.value("sdt_exporter_target_waiting", target="myapp") == 1,
                             "the new one has not loaded anything")
        scrape = self.traced.scrape_of_now()
        self.assertEqual(scrape.value("myapp_requests_total", path="/", status="200"), 300)
        self.assertEqual(losses(scrape), {})

    def test_the_program_sees_whether_somebody_listens(self):
        self.load("load myapp request:-8,-8,-8 queue:-8 job__start:-8 job__done:-8,-8 silent")
        self.assertEqual([self.app.tell(f"enabled {probe}") for probe in ("request", "queue", "silent")],
                         ["1", "1", "0"])
        self.traced.stop()
        self.assertEqual(self.app.tell("enabled request"), "0")


if __name__ == "__main__":
    unittest.main()
