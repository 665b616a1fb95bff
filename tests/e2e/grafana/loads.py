"""What the packs look at, under load: each runs until it is stopped."""

import os
import subprocess
import threading

from harness.packs import libstapsdt_pack_for, libstdcxx_pack_for, pack_text, python_pack_for
from harness.postgresql import PostgresServer
from harness.program import Program, program_path

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "load")
EXAMPLES = os.path.join(FOLDER, "../../../../docs/examples")


def _file(name):
    return os.path.join(FOLDER, name)


class Repeated:
    """Does something again and again, so many seconds apart."""

    def __init__(self, work, seconds):
        self._stopped = threading.Event()
        self._failure = None
        self._work, self._seconds = work, seconds
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        try:
            while not self._stopped.wait(self._seconds):
                self._work()
        except (AssertionError, OSError, subprocess.SubprocessError) as error:
            self._failure = error

    def close(self):
        self._stopped.set()
        self._thread.join()
        if self._failure:
            raise self._failure


class Driven:
    """A program, with which work(program) is done again and again."""

    def __init__(self, program, work, seconds=0.1):
        self._program = program
        self._repeated = Repeated(lambda: work(program), seconds)

    def close(self):
        self._repeated.close()
        self._program.close()


class Postgres:
    def __init__(self):
        self._server = PostgresServer()
        try:
            self._server.pgbench("-i", "-q", "-s", 1)
            self._pgbench = self._server.start_pgbench(
                "-n", "-c", 12, "-j", 2, "-T", 600, "-R", 200, "-b", "tpcb-like@95", "-f", _file("sorts.sql") + "@4",
                "-f", _file("checkpoint.sql") + "@1")
        except BaseException:
            self._server.stop()
            raise

    def close(self):
        running = self._pgbench.poll() is None
        self._pgbench.kill()
        output = self._pgbench.communicate()[0]
        self._server.stop()
        if not running:
            raise AssertionError(f"pgbench ended by itself:\n{output}")


def java(directory):
    """`directory` takes the compiled class."""
    subprocess.run(["javac", "-d", directory, _file("Load.java")], check=True, timeout=120)
    return Program(["java", "-XX:+ExtendedDTraceProbes", "-XX:+UseSerialGC", "-Xmx64m", "-Xmn4m", "-cp", directory, "Load"])


def php():
    return Repeated(lambda: subprocess.run(["/usr/bin/php8.2", _file("load.php")], check=True, timeout=60,
                                           env={**os.environ, "USE_ZEND_DTRACE": "1"}), 0.2)


def rethrows():
    return Driven(Program.named("rethrows"), lambda program: program.fire("go"))


def provider():
    """Registers the probes of the pack for libstapsdt and fires them; then it unloads them, which makes a new file."""
    lines = ["load myapp request:-8,-8,-8 queue:-8 job__start:-8 job__done:-8,-8", "fire request 20 / 200 5000",
             "fire request 3 /login 403 120", "fire queue 1 7", "fire job__start 1 1", "fire job__done 1 1 0"]

    def work(program):
        for line in (*lines[1:], "unload", lines[0]):
            program.fire(line)

    program = Program.named("provider")
    program.fire(lines[0])
    return Driven(program, work, 0.5)


def serve(program):
    for path in ("/", "/slow", "nowhere"):
        program.tell(path)


def own_program(directory):
    """The example in C; `directory` takes the program."""
    path = os.path.join(directory, "myprogram")
    sources = [os.path.join(EXAMPLES, name) for name in ("myprogram.c", "myprogram_probes.c")]
    subprocess.run(["gcc", "-O2", "-o", path, *sources], check=True, timeout=120)
    return Driven(Program([path]), serve)


def node():
    return Driven(Program(["/usr/bin/node", os.path.join(EXAMPLES, "nodeapp.js")],
                          {"NODE_PATH": os.path.join(FOLDER, "../../node"),
                           "SDT_NODE_ADDON": program_path("node_provider.node")}), serve)


# Every pack: the target's name, its config, and what starts its load in a directory of its own.
PACKS = {
    "postgresql": ("postgresql", lambda: pack_text("postgresql"), lambda directory: Postgres()),
    "jvm": ("jvm", lambda: pack_text("jvm"), java),
    "python": ("python", lambda: python_pack_for("grafana/load/load[.]py"),
               lambda directory: Program(["/usr/bin/python3", _file("load.py")])),
    "ruby": ("ruby", lambda: pack_text("ruby"), lambda directory: Program(["/usr/bin/ruby", _file("load.rb")])),
    "php": ("php", lambda: pack_text("php"), lambda directory: php()),
    "libstdcxx": ("libstdcxx", lambda: libstdcxx_pack_for(program_path("rethrows")),
                  lambda directory: rethrows()),
    "libstapsdt": ("myapp", lambda: libstapsdt_pack_for(program_path("provider")), lambda directory: provider()),
    "own_program": ("myprogram", lambda: pack_text("own_program"), own_program),
    "node": ("nodeapp", lambda: pack_text("node"), lambda directory: node()),
}
