"""config/packs/jvm.yaml, and strings of the JVM, on a running HotSpot against its own log and counts."""

import glob
import json
import os
import re
import subprocess
import unittest

from harness.exporter import Exporter
from harness.packs import PackTestCase, pack_text
from harness.program import Program
from harness.testcase import KernelTestCase, write_file

HERE = os.path.dirname(os.path.abspath(__file__))
PACK = os.path.join(HERE, "../../config/packs/jvm.yaml")


def java_home():
    found = glob.glob("/usr/lib/jvm/java-17-openjdk-*/bin/javac")
    if not found:
        raise AssertionError("no Java compiler: install the package openjdk-17-jdk-headless")
    return os.path.dirname(os.path.dirname(os.path.realpath(found[0])))


def compile_work(directory):
    """Puts the program there; the home of the Java that runs it."""
    home = java_home()
    subprocess.run([os.path.join(home, "bin/javac"), "-d", directory, os.path.join(HERE, "java/Work.java")],
                   check=True, timeout=120)
    return home


def probe_sites(path, provider):
    """How many sites of a provider binutils sees in a file."""
    notes = subprocess.run(["readelf", "--notes", "--wide", path], capture_output=True, text=True, check=True).stdout
    return len(re.findall(rf"Provider: {provider}$", notes, re.MULTILINE))


NAMES = """
    targets:
      - name: names
        processes:
          - exe: /usr/lib/jvm/*/bin/java
            cmdline: sdt-test-
        file: libjvm.so
        metrics:
          - name: names_classes_total
            help: Generated classes by name and loader.
            type: counter
            probe: hotspot:class__loaded
            where: arg1 > 15 && arg1 < 40
            labels: { class: "str(arg0, arg1)", loader: arg2 }
            max_series: 5000
          - name: names_threads_total
            help: Threads by name.
            type: counter
            probe: hotspot:thread__start
            labels: { thread: "str(arg0, arg1)", daemon: arg4 }
          - name: names_jni_calls_total
            help: Calls of the Java Native Interface and returns from them.
            type: counter
            probe: hotspot_jni:*
"""


class Jvm(KernelTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        home = compile_work(cls.directory)
        cls.class_log, cls.gc_log = (os.path.join(cls.directory, name) for name in ("class.log", "gc.log"))
        # The JVM's own heap must not need a collection: those asked for are then all there are.
        cls.program = cls.start_for_class(Program([
            os.path.join(home, "bin/java"), "-XX:+UseSerialGC", "-Xmx64m", "-Xmn32m", "-Xshare:auto",
            f"-Xlog:class+load=info:file={cls.class_log}", f"-Xlog:gc=info:file={cls.gc_log}",
            "-Dtag=sdt-test-jvm", "-cp", cls.directory, "Work"]))
        names = write_file(cls.directory, "names.yaml", NAMES)
        cls.exporter_process = cls.start_for_class(Exporter([PACK, names], cls.directory, ["--log.level=debug"]))
        cls.exporter_process.wait_attached("names")
        cls.exporter_process.wait_attached("jvm")
        cls.before = cls.exporter_process.scrape_of_now()
        cls.log_before = cls.read(cls.class_log), cls.read(cls.gc_log)
        cls.truth = json.loads(cls.program.tell("go"))
        cls.scrape = cls.exporter_process.scrape_of_now()
        cls.log = cls.read(cls.class_log), cls.read(cls.gc_log)

    @staticmethod
    def read(path):
        with open(path, encoding="utf-8") as file:
            return file.read()

    def test_class_names_come_out_of_pointer_and_length(self):
        ours = {}
        for labels, count in self.scrape.series("names_classes_total").items():
            labels = dict(labels)
            if labels["class"].startswith("generated/"):
                name = labels["class"].replace("/", ".")
                ours[name] = ours.get(name, 0) + count
        logged = re.findall(r" (generated\.\S+) source:", self.log[0])
        self.assertEqual(len(logged), self.truth["first"] + self.truth["second"])
        self.assertEqual(ours, {name: 1 for name in logged})

    def test_classes_are_told_apart_by_loader(self):
        by_loader = {}
        for labels, count in self.scrape.series("names_classes_total").items():
            labels = dict(labels)
            if labels["class"].startswith("generated/"):
                by_loader[labels["loader"]] = by_loader.get(labels["loader"], 0) + count
        self.assertEqual(sorted(by_loader.values()), sorted([self.truth["first"], self.truth["second"]]))
        pack = {dict(labels)["loader"]: count
                for labels, count in self.scrape.series("jvm_classes_loaded_by_loader_total").items()
                if dict(labels)["pid"] == str(self.program.pid)}
        self.assertEqual({loader: pack[loader] for loader in by_loader}, by_loader)

    def test_all_classes_loaded_agree_with_the_log_of_the_jvm(self):
        name = "jvm_classes_loaded_total"
        self.assertEqual(self.scrape.total(name) - self.before.total(name),
                         self.log[0].count(" source: ") - self.log_before[0].count(" source: "))

    def test_threads_by_name_and_kind(self):
        threads = {dict(labels)["thread"]: (count, dict(labels)["daemon"])
                   for labels, count in self.scrape.series("names_threads_total").items()
                   if dict(labels)["thread"].startswith("probed-")}
        expected = {f"probed-{i}": (1, "0") for i in range(self.truth["threads"])}
        expected.update({f"probed-daemon-{i}": (1, "1") for i in range(self.truth["daemons"])})
        self.assertEqual(threads, expected)

    def test_collections_agree_with_the_log_of_the_jvm(self):
        histograms = self.scrape.histograms("jvm_gc_pause_seconds")
        full = histograms[frozenset([("full", "true")])]
        pauses = [float(ms) for ms in re.findall(r"Pause Full .* ([\d.]+)ms", self.log[1])]
        self.assertEqual(len(pauses), self.truth["collections"])
        self.assertEqual(sum(histogram.count for histogram in histograms.values()), self.log[1].count(" Pause "))
        self.assertEqual(full.count, len(pauses))
        # The probes are around what the log times, so ours is longer, and not by much.
        self.assertGreaterEqual(full.sum * 1000, sum(pauses) - 0.1)
        self.assertLess(full.sum * 1000, sum(pauses) + 10 * len(pauses))

    def test_operations_of_the_vm_have_names(self):
        operations = {dict(labels)["operation"] for labels in self.scrape.histograms("jvm_vm_operation_seconds")}
        self.assertIn("GenCollectFull", operations)

    def test_one_counter_on_every_jni_probe_attaches_within_300_ms(self):
        sites = probe_sites(os.path.join(java_home(), "lib/server/libjvm.so"), "hotspot_jni")
        self.assertGreater(sites, 400)
        self.assertEqual(self.scrape.total("sdt_exporter_probe_sites", target="names",
                                           metric="names_jni_calls_total"), sites)
        attached, = [record for record in self.exporter_process.records()
                     if record.get("msg") == "attach took" and record.get("metric") == "names_jni_calls_total"]
        self.assertLess(float(attached["seconds"]), 0.3)


class Restarts(PackTestCase):
    """The exporter is there before the first JVM, and counts from its first class to its last."""

    TARGET = "jvm"
    THREADS = """
      - name: threads_by_name_total
        help: Threads by name.
        type: counter
        probe: hotspot:thread__start
        labels: { thread: "str(arg0, arg1)" }
    """

    @classmethod
    def prepare(cls):
        home = compile_work(cls.directory)
        cls.COMMAND = (
            os.path.join(home, "bin/java"), "-XX:+UseSerialGC", "-Xmx64m", "-Xmn32m",
            f"-Xlog:class+load=info:file={cls.directory}/class-%p.log", f"-Xlog:gc=info:file={cls.directory}/gc-%p.log",
            "-cp", cls.directory, "Work")

    @classmethod
    def config(cls):
        return pack_text("jvm") + cls.THREADS

    def logged(self, kind, text):
        """In how many lines of all the JVMs' logs the text is."""
        paths = glob.glob(os.path.join(self.directory, f"{kind}-*.log"))
        self.assertEqual(len(paths), self.RUNS)
        count = 0
        for path in paths:
            with open(path, encoding="utf-8") as file:
                count += file.read().count(text)
        return count

    def test_every_class_that_the_logs_name_is_counted(self):
        self.assertEqual(self.scrapes[-1].total("jvm_classes_loaded_total"), self.logged("class", " source: "))

    def test_every_collection_that_the_logs_name_is_timed(self):
        self.check_each_run(lambda scrape: scrape.histogram("jvm_gc_pause_seconds", full="true").count,
                            lambda truth: truth["collections"])
        pauses = sum(histogram.count for histogram in self.scrapes[-1].histograms("jvm_gc_pause_seconds").values())
        self.assertEqual(pauses, self.logged("gc", " Pause "))

    def test_threads_by_name(self):
        self.check_each_run(
            self.only(self.by_label("threads_by_name_total", "thread"), lambda name: name.startswith("probed-")),
            lambda truth: {**{f"probed-{i}": 1 for i in range(truth["threads"])},
                           **{f"probed-daemon-{i}": 1 for i in range(truth["daemons"])}})

    def test_nothing_is_lost(self):
        self.check_nothing_is_lost()


if __name__ == "__main__":
    unittest.main()
