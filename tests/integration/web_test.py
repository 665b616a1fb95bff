"""The HTTP side: TLS, client certificates, passwords, limits, sockets of systemd, and what no page shows."""

import base64
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.request
import warnings

from harness.certificates import Authority
from harness.exporter import run_exporter
from harness.testcase import KernelTestCase, write_file
from harness.waiting import wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
NOTHING = "targets: []\n"

# Passwords and their hashes: costs 4 (a millisecond), 10 (what people use) and 13 (most of a second).
HORSE = "$2b$04$sKKXOwaXiwHD0Zop4MltkuCWgouFqvysEawn7kBZfWnQ34//1Fnnm"  # correct horse
STAPLE = "$2b$04$vUnckUkgh9sisuZOw9gmcukEWHoUOPR2xQ.krBvdOBM2M6HEjcH5e"  # battery staple
USUAL = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"  # fakepassword
SLOW = "$2y$13$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"  # nobody's


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def endpoint(exporter):
    host, port = exporter.address.rsplit(":", 1)
    return host, int(port)


def send(exporter, text, receive_buffer=None):
    """A connection on which `text` was sent."""
    connection = socket.socket()
    connection.settimeout(60)
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.connect(endpoint(exporter))
    connection.sendall(text.encode())
    return connection


def status_line(connection):
    with connection, connection.makefile("rb") as stream:
        return stream.readline().decode().strip()


def is_closed(connection):
    """True when the other side has ended the connection; ours ends as well."""
    with connection:
        connection.settimeout(1)
        try:
            return connection.recv(1) == b""
        except TimeoutError:
            return False
        except ConnectionResetError:
            return True


class WebTestCase(KernelTestCase):
    """Each test has a web config of its own, beside the certificates of the class."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority = Authority(cls.directory)
        cls.authority.issue("server", "IP:127.0.0.1")

    def web_config(self, text):
        return self.write("web.yml", text)

    def web_exporter(self, web_config, tls=None, headers=None):
        path = self.web_config(web_config)
        return self.exporter(NOTHING, [f"--web.config.file={path}"], tls=tls, headers=headers)

    def request(self, exporter, path="/-/healthy", method="GET", headers=None, body=None):
        """Status, headers and body over a connection of its own."""
        host, port = endpoint(exporter)
        if exporter.tls:
            connection = http.client.HTTPSConnection(host, port, timeout=30, context=exporter.tls)
        else:
            connection = http.client.HTTPConnection(host, port, timeout=30)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read().decode()
        finally:
            connection.close()


TLS = "tls_server_config: {cert_file: server.crt, key_file: server.key}\n"


class Tls(WebTestCase):
    def handshake(self, exporter, context):
        with socket.create_connection(endpoint(exporter)) as plain:
            with context.wrap_socket(plain, server_hostname="127.0.0.1") as connection:
                return connection.version(), connection.cipher()[0]

    def context_of(self, version):
        context = self.authority.client_context()
        context.set_ciphers("ALL:@SECLEVEL=0")  # else the client itself would not try TLS 1.1
        context.minimum_version = context.maximum_version = version
        return context

    def test_metrics_come_over_tls_with_a_certificate_that_holds(self):
        exporter = self.web_exporter(TLS, self.authority.client_context())
        self.assertEqual(exporter.scrape().value("sdt_exporter_config_last_reload_successful"), 1)

    def test_tls_12_and_13_are_spoken_and_11_is_refused(self):
        exporter = self.web_exporter(TLS, self.authority.client_context())
        for version, name in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
            self.assertEqual(self.handshake(exporter, self.context_of(version))[0], name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            old = self.context_of(ssl.TLSVersion.TLSv1_1)
        with self.assertRaises(ssl.SSLError) as refused:
            self.handshake(exporter, old)
        self.assertEqual(refused.exception.reason, "TLSV1_ALERT_PROTOCOL_VERSION")

    def test_versions_and_suites_are_those_of_the_file(self):
        exporter = self.web_exporter("""
            tls_server_config:
              cert_file: server.crt
              key_file: server.key
              max_version: TLS12
              cipher_suites: [TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256]
              curve_preferences: [CurveP384]
            """, self.authority.client_context())
        self.assertEqual(self.handshake(exporter, self.authority.client_context()),
                         ("TLSv1.2", "ECDHE-ECDSA-CHACHA20-POLY1305"))
        context = self.authority.client_context()
        context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
        with self.assertRaises(ssl.SSLError):
            self.handshake(exporter, context)

    def test_plain_http_is_told_to_use_https(self):
        exporter = self.web_exporter(TLS, self.authority.client_context())
        connection = send(exporter, "GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n")
        with connection, connection.makefile("rb") as stream:
            answer = stream.read().decode()
        self.assertTrue(answer.startswith("HTTP/1.0 400 "), answer)
        self.assertIn("use https://", answer)

    def test_a_renewed_certificate_is_shown_without_a_restart(self):
        exporter = self.web_exporter(TLS, self.authority.client_context())

        def serial():
            with socket.create_connection(endpoint(exporter)) as plain:
                with exporter.tls.wrap_socket(plain, server_hostname="127.0.0.1") as connection:
                    return connection.getpeercert()["serialNumber"]

        first = serial()
        self.authority.issue("server", "IP:127.0.0.1")
        wait_until(lambda: serial() != first, "the new certificate is shown")

    def test_a_key_of_another_certificate_changes_nothing_and_is_logged(self):
        self.authority.issue("lone", "IP:127.0.0.1")
        exporter = self.web_exporter("tls_server_config: {cert_file: lone.crt, key_file: lone.key}\n",
                                     self.authority.client_context())
        shutil.copy(self.authority.path("server.key"), self.authority.path("lone.key"))

        def complaint():
            self.assertEqual(exporter.get("/-/healthy")[0], 200)
            return next((record["problem"] for record in exporter.records() if "problem" in record), None)

        self.assertRegex(wait_until(complaint, "the log says so"),
                         r"web\.yml:1:\d+: key_file \S+/lone\.key is not the key of cert_file \S+/lone\.crt$")


class ClientCertificates(WebTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority.issue("prometheus", "DNS:prometheus.example")
        cls.authority.issue("colleague", "DNS:colleague.example,IP:127.0.0.9")
        cls.stranger = Authority(cls.directory, "stranger-ca")
        cls.stranger.issue("stranger", "DNS:prometheus.example")

    def ask(self, exporter, certificate=None):
        """The status, or the alert that ended the connection."""
        exporter.tls = self.authority.client_context(certificate)
        try:
            return self.request(exporter)[0]
        except ssl.SSLError as error:
            return error.reason

    def required(self, *lines):
        return self.web_exporter("\n".join((
            "tls_server_config:", "  cert_file: server.crt", "  key_file: server.key",
            "  client_auth_type: RequireAndVerifyClientCert", "  client_ca_file: ca.crt", *lines)) + "\n",
            self.authority.client_context("prometheus"))

    def test_one_of_the_authority_is_needed(self):
        exporter = self.required()
        self.assertEqual(self.ask(exporter, "prometheus"), 200)
        self.assertEqual(self.ask(exporter, "colleague"), 200)
        self.assertEqual(self.ask(exporter), "TLSV13_ALERT_CERTIFICATE_REQUIRED")
        self.assertEqual(self.ask(exporter, "stranger"), "TLSV1_ALERT_UNKNOWN_CA")
        exporter.tls = self.authority.client_context("prometheus")
        self.assertEqual(exporter.scrape().value("sdt_exporter_http_connections_dropped_total", reason="handshake"), 2)

    def test_allowed_names_narrow_it(self):
        for name, other in (("prometheus.example", "colleague"), ("127.0.0.9", "prometheus")):
            exporter = self.web_exporter(f"""
                tls_server_config:
                  cert_file: server.crt
                  key_file: server.key
                  client_auth_type: RequireAndVerifyClientCert
                  client_ca_file: ca.crt
                  client_allowed_sans: ["{name}"]
                """, self.authority.client_context("prometheus" if other == "colleague" else "colleague"))
            self.assertIn("ALERT", self.ask(exporter, other))
            exporter.kill()

    def test_one_that_is_given_is_verified_where_none_is_needed(self):
        exporter = self.web_exporter("""
            tls_server_config:
              cert_file: server.crt
              key_file: server.key
              client_auth_type: VerifyClientCertIfGiven
              client_ca_file: ca.crt
            """, self.authority.client_context())
        self.assertEqual(self.ask(exporter), 200)
        self.assertEqual(self.ask(exporter, "prometheus"), 200)
        self.assertEqual(self.ask(exporter, "stranger"), "TLSV1_ALERT_UNKNOWN_CA")


class Passwords(WebTestCase):
    def test_the_right_one_is_let_in_and_all_else_is_asked(self):
        exporter = self.web_exporter(f"basic_auth_users: {{alice: {HORSE}, bob: {STAPLE}}}\n",
                                     headers=basic("alice", "correct horse"))
        status = {name: self.request(exporter, "/metrics", headers=headers)[0] for name, headers in {
            "right": basic("alice", "correct horse"), "right again": basic("alice", "correct horse"),
            "wrong": basic("alice", "correct hors"), "another's": basic("alice", "battery staple"),
            "unknown": basic("eve", "correct horse"), "none": {}, "empty": basic("", ""),
            "broken": {"Authorization": "Basic !"}, "bearer": {"Authorization": "Bearer correct horse"},
        }.items()}
        self.assertEqual(status, {"right": 200, "right again": 200, "wrong": 401, "another's": 401, "unknown": 401,
                                  "none": 401, "empty": 401, "broken": 401, "bearer": 401})

    def test_every_path_asks_and_says_how(self):
        exporter = self.web_exporter(f"basic_auth_users: {{alice: {HORSE}}}\n",
                                     headers=basic("alice", "correct horse"))
        for path in ("/", "/metrics", "/targets", "/api/v1/targets", "/-/healthy", "/-/ready", "/nothing-here"):
            status, headers, body = self.request(exporter, path)
            self.assertEqual((status, body), (401, "Unauthorized.\n"), path)
            self.assertEqual(headers["WWW-Authenticate"], 'Basic realm="sdt_exporter", charset="UTF-8"')

    def test_headers_of_the_file_are_on_every_response(self):
        exporter = self.web_exporter(f"""
            http_server_config:
              headers:
                Content-Security-Policy: default-src 'self'
                X-Frame-Options: deny
            basic_auth_users: {{alice: {HORSE}}}
            """, headers=basic("alice", "correct horse"))
        for expected, credentials in ((200, exporter.headers), (401, {})):
            status, headers, _ = self.request(exporter, headers=credentials)
            self.assertEqual(status, expected)
            self.assertEqual(headers["Content-Security-Policy"], "default-src 'self'")
            self.assertEqual(headers["X-Frame-Options"], "deny")
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff")

    def test_a_changed_file_counts_without_a_restart(self):
        exporter = self.web_exporter(f"basic_auth_users: {{alice: {HORSE}}}\n",
                                     headers=basic("alice", "correct horse"))
        self.web_config(f"basic_auth_users: {{alice: {STAPLE}}}\n")
        wait_until(lambda: self.request(exporter, headers=basic("alice", "correct horse"))[0] == 401,
                   "the old password is refused")
        self.assertEqual(self.request(exporter, headers=basic("alice", "battery staple"))[0], 200)
        self.assertIn("web config reloaded", exporter.log())

    def test_a_broken_file_changes_nothing_and_is_logged_once_without_secrets(self):
        exporter = self.web_exporter(f"basic_auth_users: {{alice: {HORSE}}}\n",
                                     headers=basic("alice", "correct horse"))
        self.web_config("basic_auth_users: {alice: hunter2}\n")

        def logged():
            self.assertEqual(self.request(exporter, headers=basic("alice", "correct horse"))[0], 200)
            self.assertEqual(self.request(exporter)[0], 401)
            return "web config not reloaded" in exporter.log()

        wait_until(logged, "the log says that the file is broken")
        logged()
        self.assertEqual(exporter.log().count("web config not reloaded"), 1)
        self.assertIn("web.yml:1:27: the password of", exporter.log())
        self.assertNotIn("hunter2", exporter.log())

    def test_an_unknown_user_takes_as_long_as_a_wrong_password(self):
        exporter = self.web_exporter(f"basic_auth_users: {{alice: {USUAL}}}\n",
                                     headers=basic("alice", "fakepassword"))

        def seconds(headers, status):
            took = []
            for _ in range(9):
                began = time.monotonic()
                self.assertEqual(self.request(exporter, headers=headers)[0], status)
                took.append(time.monotonic() - began)
            return statistics.median(took)

        wrong, unknown = seconds(basic("alice", "guess"), 401), seconds(basic("eve", "guess"), 401)
        known = seconds(exporter.headers, 200)
        self.assertLess(unknown / wrong, 1.5)
        self.assertLess(wrong / unknown, 1.5)
        self.assertLess(known, wrong / 3)  # what was right before takes no bcrypt

    def test_who_is_known_does_not_wait_for_a_guess(self):
        exporter = self.web_exporter(f"basic_auth_users: {{alice: {HORSE}, slow: {SLOW}}}\n",
                                     headers=basic("alice", "correct horse"))
        credentials = basic("slow", "a guess")["Authorization"]
        guess = send(exporter, f"GET / HTTP/1.1\r\nHost: test\r\nAuthorization: {credentials}\r\n\r\n")
        began = time.monotonic()
        for _ in range(20):
            self.assertEqual(self.request(exporter, headers=exporter.headers)[0], 200)
        known = time.monotonic() - began
        self.assertEqual(status_line(guess), "HTTP/1.1 401 Unauthorized")
        self.assertLess(known, time.monotonic() - began)

    def test_it_ends_in_time_while_passwords_are_checked(self):
        exporter = self.web_exporter(f"basic_auth_users: {{alice: {HORSE}, slow: {SLOW}}}\n",
                                     headers=basic("alice", "correct horse"))
        credentials = basic("slow", "a guess")["Authorization"]
        guesses = [send(exporter, f"GET / HTTP/1.1\r\nHost: test\r\nAuthorization: {credentials}\r\n\r\n")
                   for _ in range(10)]
        self.assertEqual(exporter.get("/-/healthy")[0], 200)
        status, seconds = exporter.stop()
        for guess in guesses:
            guess.close()
        self.assertEqual(status, 0, exporter.log())
        self.assertLess(seconds, 3)  # the one check that ran, and the usual 2 s


class Limits(WebTestCase):
    def test_requests_that_are_too_large_are_refused(self):
        exporter = self.exporter(NOTHING)
        self.assertEqual(status_line(send(exporter, "GET / HTTP/1.1\r\nX: " + 9000 * "x" + "\r\n\r\n")),
                         "HTTP/1.1 431 Request Header Fields Too Large")
        self.assertEqual(status_line(send(exporter, "GET /" + 9000 * "x" + " HTTP/1.1\r\n\r\n")),
                         "HTTP/1.1 431 Request Header Fields Too Large")
        self.assertEqual(self.request(exporter, "/metrics", body="x" * 100000)[0], 413)
        status, headers, _ = self.request(exporter, "/metrics", method="POST")
        self.assertEqual((status, headers["Allow"]), (405, "GET, HEAD"))

    def test_one_connection_too_many_is_closed_and_counted(self):
        exporter = self.exporter(NOTHING)
        held = [send(exporter, "") for _ in range(64)]
        # Which one comes too late is up to the moment: the harness's own last one may still be open.
        wait_until(lambda: is_closed(send(exporter, "")), "no more are taken")
        for connection in held:
            connection.close()
        wait_until(lambda: exporter.get("/-/healthy")[0] == 200, "there is room again")
        self.assertGreaterEqual(
            exporter.scrape().value("sdt_exporter_http_connections_dropped_total", reason="limit"), 1)

    def test_who_is_slow_is_dropped_by_reason_while_others_are_served(self):
        exporter = self.web_exporter(TLS, self.authority.client_context())
        silent = send(exporter, "")  # never shakes hands
        half = exporter.tls.wrap_socket(send(exporter, ""), server_hostname="127.0.0.1")
        half.sendall(b"GET /metrics HTTP/1.1\r\nHost:")
        reader = exporter.tls.wrap_socket(send(exporter, "", receive_buffer=4096), server_hostname="127.0.0.1")
        # More responses than the buffers between hold. What the exporter does not read stays with us.
        reader.settimeout(0.5)
        try:
            reader.sendall(2000 * b"GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n")
        except TimeoutError:
            pass

        def dropped(reason):
            return exporter.scrape().value("sdt_exporter_http_connections_dropped_total", reason=reason)

        for reason in ("handshake", "header", "slow_read"):
            wait_until(lambda reason=reason: dropped(reason) == 1, f"{reason} is counted", seconds=60)
        for connection in (silent, half, reader):
            connection.close()


ACTIVATION = """
import os, socket, sys
names, families = sys.argv[1].split(":"), {"tcp": socket.AF_INET, "unix": socket.AF_UNIX}
for number, kind in enumerate(sys.argv[2].split(":"), 3):
    listener = socket.socket(families[kind])
    listener.bind(("127.0.0.1", 0) if kind == "tcp" else "")
    listener.listen()
    if listener.fileno() != number:
        os.dup2(listener.fileno(), number)
    os.set_inheritable(number, True)
    listener.detach()
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(names)), LISTEN_FDNAMES=sys.argv[1])
os.execv(sys.argv[3], sys.argv[3:])
"""


class SystemdSockets(WebTestCase):
    @staticmethod
    def activated(names, kinds):
        """A wrapper that does as systemd does."""
        return (sys.executable, "-c", ACTIVATION, names, kinds)

    def addresses(self, exporter):
        return [record["address"] for record in exporter.records() if record.get("msg") == "listening"]

    def test_the_sockets_that_are_passed_are_served_and_nothing_else(self):
        exporter = self.exporter(NOTHING, ["--web.systemd-socket"],
                                 wrapper=self.activated("web.socket:sdt-links:", "tcp:tcp:tcp"))
        addresses = self.addresses(exporter)
        self.assertEqual(len(addresses), 2)  # not the one of the daemon's own, nor --web.listen-address
        for exporter.address in addresses:
            self.assertEqual(exporter.get("/-/healthy")[0], 200)

    def test_none_passed_is_an_error_that_says_what_to_do(self):
        config = self.write("config.yaml", NOTHING)
        result = run_exporter(f"--config.file={config}", "--web.systemd-socket")
        self.assertEqual(result.returncode, 1)
        self.assertIn("no socket was passed", result.stderr)

    def test_what_is_no_tcp_socket_is_an_error(self):
        config = self.write("config.yaml", NOTHING)
        result = run_exporter(f"--config.file={config}", "--web.systemd-socket",
                              wrapper=self.activated("web.socket", "unix"))
        self.assertEqual(result.returncode, 1)
        self.assertIn("descriptor 3: it is not a TCP socket", result.stderr)


class Mistakes(WebTestCase):
    def run_with(self, web_config):
        config = self.write("config.yaml", NOTHING)
        return run_exporter(f"--config.file={config}", f"--web.config.file={web_config}")

    def test_every_mistake_is_printed_with_its_place_and_the_status_is_2(self):
        path = self.web_config("""\
            tls_server_config:
              cert_file: server.crt
              key_fil: server.key
              min_version: TLS11
            basic_auth_users:
              alice: hunter2
            """)
        result = self.run_with(path)
        self.assertEqual(result.returncode, 2)
        places = re.findall(rf"^{re.escape(path)}:(\d+:\d+): ", result.stderr, re.MULTILINE)
        self.assertEqual(places, ["3:3", "2:3", "4:16", "6:10"])
        self.assertNotIn("hunter2", result.stderr)

    def test_check_says_the_same(self):
        path = self.web_config("basic_auth_users: {alice: hunter2}\n")
        config = self.write("config.yaml", NOTHING)
        checked = run_exporter("check", f"--config.file={config}", f"--web.config.file={path}")
        self.assertEqual((checked.returncode, checked.stderr),
                         (2, self.run_with(path).stderr + "1 error\n"))

    def test_certificates_that_do_not_fit_are_found_at_the_start(self):
        shutil.copy(self.authority.path("ca.key"), self.authority.path("other.key"))
        result = self.run_with(self.web_config("tls_server_config: {cert_file: server.crt, key_file: other.key}\n"))
        self.assertEqual(result.returncode, 2)
        self.assertRegex(result.stderr, r"web\.yml:1:54: key_file \S+/other\.key is not the key of cert_file")

    def test_a_file_that_is_not_there_is_said_to_be(self):
        path = os.path.join(self.directory, "absent.yml")
        result = self.run_with(path)
        self.assertEqual((result.returncode, result.stderr),
                         (2, f"{path}: cannot read: No such file or directory\n"))


class Secrets(WebTestCase):
    def test_no_page_shows_arguments_or_files(self):
        self.program("puppet", "--password=hunter2")
        exporter = self.exporter("""
            targets:
              - name: puppet
                processes:
                  - cmdline: "puppet --password=.*"
                metrics:
                  - name: puppet_guarded_total
                    help: Guarded.
                    type: counter
                    probe: puppet:guarded
                  - name: puppet_absent_total
                    help: Absent.
                    type: counter
                    probe: puppet:no_such_probe
            """)
        exporter.wait_attached("puppet", metrics=["puppet_guarded_total"])
        for path in ("/", "/metrics", "/targets", "/-/healthy", "/-/ready", "/api/v1/targets"):
            self.assertNotIn("hunter2", exporter.get(path)[1], path)
        for path in ("/../../etc/passwd", "/%2e%2e/etc/passwd", "//etc/passwd", "/metrics/../config.yaml",
                     "/proc/self/cmdline", "/debug/pprof/cmdline", "/-/quit"):
            self.assertEqual(self.request(exporter, path)[0::2], (404, "Not found.\n"), path)


class Toolkit(WebTestCase):
    """The other side's own tools."""

    def example(self):
        """The example of docs/web.md, beside the files it names."""
        with open(os.path.join(HERE, "../../docs/web.md"), encoding="utf-8") as page:
            text = re.search(r"```yaml\n(# /etc/sdt_exporter/web/web\.yml\n.*?)```", page.read(), re.DOTALL).group(1)
        folder = os.path.join(self.directory, "example")
        os.makedirs(folder, exist_ok=True)
        for name in ("server.crt", "server.key", "ca.crt"):
            shutil.copy(self.authority.path(name), folder)
        return write_file(folder, "web.yml", text)

    def test_the_example_is_valid_here_and_there(self):
        path = self.example()
        subprocess.run(["promtool", "check", "web-config", path], check=True, capture_output=True)
        self.authority.issue("prometheus", "DNS:prometheus.example")
        exporter = self.exporter(NOTHING, [f"--web.config.file={path}"],
                                 tls=self.authority.client_context("prometheus"),
                                 headers=basic("prometheus", "correct horse"))
        self.assertEqual(exporter.get("/metrics")[0], 200)

    def test_prometheus_scrapes_it(self):
        exporter = self.web_exporter(TLS + f"basic_auth_users: {{prometheus: {USUAL}}}\n",
                                     self.authority.client_context(), basic("prometheus", "fakepassword"))
        config = self.write("prometheus.yml", f"""
            global: {{scrape_interval: 1s}}
            scrape_configs:
              - job_name: sdt
                scheme: https
                tls_config: {{ca_file: ca.crt}}
                basic_auth: {{username: prometheus, password: fakepassword}}
                static_configs: [{{targets: ["{exporter.address}"]}}]
            """)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = "127.0.0.1:%d" % free.getsockname()[1]
        with open(os.path.join(self.directory, "prometheus.log"), "wb") as log:
            prometheus = subprocess.Popen(
                ["prometheus", f"--config.file={config}", f"--web.listen-address={address}",
                 f"--storage.tsdb.path={self.directory}/tsdb"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.addCleanup(prometheus.wait)
        self.addCleanup(prometheus.kill)

        def is_up():
            try:
                with urllib.request.urlopen(f"http://{address}/api/v1/query?query=up", timeout=10) as answer:
                    result = json.load(answer)["data"]["result"]
            except (urllib.error.URLError, ConnectionError):
                return False
            return result and result[0]["value"][1] == "1"

        wait_until(is_up, "Prometheus has scraped the exporter", seconds=60)


if __name__ == "__main__":
    unittest.main()
