"""The pages in a browser: what a person sees, on a screen and on a phone, by day and by night.

SDT_SCREENSHOTS names a folder to keep the pictures in; docs/images has two of them.
"""

import base64
import os
import subprocess
import tempfile
import unittest

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from harness.documents import text_of
from harness.exporter import Exporter, exporter_path
from harness.program import Program
from harness.testcase import KernelTestCase, write_file
from harness.waiting import wait_until

WIDE, NARROW = 1280, 360
EVIL = "</code><script>alert(1)</script><img src=x>"

PUPPETS = """
    targets:
      - name: over_budget
        processes:
          - exe: "@PROGRAMS@/puppet"
        budget: { hits_per_second: 1000, cpu: unlimited, retry_after: 1h }
        metrics:
          - { name: puppet_ticks_total, help: Ticks., type: counter, probe: "puppet:tick" }
          - name: puppet_said_total
            help: What was said.
            type: counter
            probe: puppet:say
            labels: { text: str(arg0) }
          - name: puppet_third_total
            help: An argument that the probe does not have.
            type: counter
            probe: puppet:vector
            labels: { third: arg2 }
          - { name: puppet_plugin_ticks_total, help: Ticks of a plugin., type: counter, probe: "plugin:tick" }
      - name: not_started
        processes:
          - exe: sdt_no_such_program
        metrics:
          - { name: absent_total, help: Nobody runs it., type: counter, probe: "absent:probe" }
"""

# Texts that are too faint on what is behind them: WCAG 2.1, 1.4.3.
FAINT = r"""
const parse = (colour) => (colour.match(/[\d.]+/g) || []).map(Number);
const light = ([r, g, b]) => [r, g, b].map((part) => part / 255)
  .map((part) => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
  .reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
const behind = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const colour = parse(getComputedStyle(at).backgroundColor);
    if (colour.length === 3 || colour[3] === 1) return colour;
  }
  return [255, 255, 255];
};
const faint = [];
for (const element of document.querySelectorAll("body *")) {
  const says = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  if (!says || element.closest("svg") || element.closest("meter")) continue;
  const [a, b] = [light(parse(getComputedStyle(element).color)), light(behind(element))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < 4.5) faint.push(`${element.tagName} ${element.className} ${element.textContent.slice(0, 40)}: ${ratio}`);
}
return faint;
"""


class Background:
    """A program that runs until it is closed."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def close(self):
        self.process.terminate()
        self.process.wait()


class Browser:
    """Chromium without a window."""

    def __init__(self, directory):
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                         "--hide-scrollbars", f"--user-data-dir={directory}"):
            options.add_argument(argument)
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)

    def look(self, width, scheme):
        """As wide as that, in CSS pixels, and light or dark."""
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def open(self, url):
        self.driver.get(url)

    def run(self, script):
        return self.driver.execute_script(script)

    def find(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def text(self):
        return self.driver.find_element(By.TAG_NAME, "body").text

    def picture(self, css, margin=0):
        """A PNG of an element and what is around it; whole, also where it is longer than the window."""
        box = self.run(f"const box = document.querySelector({css!r}).getBoundingClientRect(), margin = {margin};"
                       "return {x: box.x + scrollX - margin, y: box.y + scrollY - margin,"
                       " width: box.width + 2 * margin, height: box.height + 2 * margin}")
        picture = self.driver.execute_cdp_cmd("Page.captureScreenshot", {
            "format": "png", "captureBeyondViewport": True, "clip": {**box, "scale": 1}})
        return base64.b64decode(picture["data"])

    def quit(self):
        self.driver.quit()


class Pages(KernelTestCase):
    """One exporter with the demo's shop, a metric in every state, and names that others chose."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        shop = os.path.realpath(os.path.join(os.path.dirname(exporter_path()), "../../demo/sdt_demo_shop"))
        cls.start_for_class(Background([shop]))
        cls.puppet = cls.start_for_class(Program.named("puppet"))
        puppets = write_file(cls.directory, "puppets.yaml", PUPPETS)
        demo = text_of("config/demo.yaml").replace("exe: sdt_demo_shop ", f"exe: {shop} ")  # this one, nobody else's
        configs = [write_file(cls.directory, "demo.yaml", demo), puppets]
        cls.traced = cls.start_for_class(Exporter(configs, cls.directory))
        cls.traced.wait_attached("shop")
        cls.puppet.fire(f"say {EVIL}")
        wait_until(cls.trip, "a metric trips", seconds=60)
        cls.traced.wait_for(lambda scrape: scrape.histogram("shop_response_size_bytes").count > 1000,
                            "the shop has something to show", seconds=60)
        cls.browser = Browser(tempfile.mkdtemp(dir=cls.directory))
        cls.addClassCleanup(cls.browser.quit)

    @classmethod
    def trip(cls):
        cls.puppet.fire("tick 1000")
        return cls.traced.targets()["over_budget"]["metrics"]["puppet_ticks_total"]["tripped"]

    def open(self, path, width=WIDE, scheme="light"):
        self.browser.look(width, scheme)
        self.browser.open(f"http://{self.traced.address}{path}")

    def every_look(self):
        for path in ("/", "/targets"):
            for width in (WIDE, NARROW):
                for scheme in ("light", "dark"):
                    with self.subTest(path=path, width=width, scheme=scheme):
                        self.open(path, width, scheme)
                        yield f"{path.strip('/') or 'overview'}-{'wide' if width == WIDE else 'narrow'}-{scheme}"

    def states(self):
        """What the page says of every metric."""
        return {card.find_element(By.TAG_NAME, "h3").text: card.find_element(By.CLASS_NAME, "state").text
                for card in self.browser.find(".card")}

    def test_every_metric_says_its_state(self):
        self.open("/targets")
        self.assertEqual(self.states(), {
            "shop_request_duration_seconds": "attached", "shop_responses_total": "attached",
            "shop_response_size_bytes": "attached", "shop_cache_lookups_total": "attached",
            "shop_queue_requests": "attached", "puppet_ticks_total": "tripped", "puppet_said_total": "attached",
            "puppet_third_total": "not attached", "puppet_plugin_ticks_total": "waiting", "absent_total": "waiting"})
        text = self.browser.text()
        for reason in (r"the target's probes fired [\d,]+ times a second \(budget: 1000\).*; tried again in [\d.]+ (h|min)",
                       r"no file that the target's processes map has plugin:tick", r"arg2",
                       r"waiting for its processes", r"No process matches"):
            self.assertRegex(text, reason)

    def test_targets_say_theirs(self):
        self.open("/")
        lines = {line.find_element(By.TAG_NAME, "th").text: line.find_element(By.CLASS_NAME, "state").text
                 for line in self.browser.find("tbody tr")}
        self.assertEqual(lines, {"shop": "counting", "over_budget": "in trouble", "not_started": "waiting"})
        self.browser.find('a[href="/targets#over_budget"]')[0].click()
        wait_until(lambda: self.browser.find("#over_budget"), "the target's section")

    def test_histograms_are_drawn_with_a_text_for_those_who_do_not_see_them(self):
        self.open("/targets")
        pictures = self.browser.find("svg[role=img]")
        self.assertEqual(len(pictures), 2)
        for picture in pictures:
            self.assertRegex(picture.get_attribute("aria-label"), r"^Histogram of shop_\w+: [\d,]+ events, half of them")
            bars = picture.find_elements(By.CSS_SELECTOR, "rect.all")
            self.assertGreaterEqual(len(bars), 5)
            self.assertGreater(max(bar.size["height"] for bar in bars), 50)
        self.assertGreater(len(self.browser.find("rect.now")), 0)

    def test_names_that_others_chose_are_only_text(self):
        self.open("/targets")
        self.assertIn(f'text="{EVIL}"', [element.get_property("textContent") for element in self.browser.find("code")])
        self.assertEqual(self.browser.find("main img, main script"), [])

    def test_nothing_else_is_loaded_and_nothing_is_complained_about(self):
        for _ in self.every_look():
            self.assertEqual(self.browser.run("return performance.getEntriesByType('resource').map(e => e.name)"), [])
            self.assertEqual(self.browser.find("script"), [])
            complaints = [entry["message"] for entry in self.browser.driver.get_log("browser")]
            self.assertEqual(complaints, [])

    def test_nothing_is_wider_than_the_screen(self):
        for _ in self.every_look():
            self.browser.run("document.querySelectorAll('details').forEach(details => details.open = true)")
            self.assertLessEqual(self.browser.run("return document.documentElement.scrollWidth - innerWidth"), 0)

    def test_every_text_can_be_told_from_what_is_behind_it(self):
        for _ in self.every_look():
            self.browser.run("document.querySelectorAll('details').forEach(details => details.open = true)")
            self.assertEqual(self.browser.run(FAINT), [])

    def test_day_and_night_look_different(self):
        backgrounds = set()
        for scheme in ("light", "dark"):
            self.open("/targets", scheme=scheme)
            backgrounds.add(self.browser.run("return getComputedStyle(document.body).backgroundColor"))
        self.assertEqual(len(backgrounds), 2)

    def test_a_document_has_what_those_who_listen_to_it_need(self):
        for _ in self.every_look():
            self.assertEqual(self.browser.run("return document.documentElement.lang"), "en")
            self.assertEqual(len(self.browser.find("h1")), 1)
            self.assertEqual(len(self.browser.find("main")), 1)
            self.assertEqual(len(self.browser.find("nav [aria-current=page]")), 1)
            self.assertEqual(self.browser.find("th:not([scope])"), [])
            identifiers = [element.get_attribute("id") for element in self.browser.find("[id]")]
            self.assertEqual(len(identifiers), len(set(identifiers)))
            levels = [int(element.tag_name[1]) for element in self.browser.find("h1, h2, h3")]
            self.assertTrue(all(after <= before + 1 for before, after in zip(levels, levels[1:])), levels)

    def test_a_page_that_refreshes_shows_newer_numbers(self):
        self.open("/targets?refresh=5")
        first = self.browser.find("svg")[0].get_attribute("aria-label")
        wait_until(lambda: self.browser.run("return document.querySelector('svg')?.getAttribute('aria-label')")
                   not in (None, first), "the page was asked for again", seconds=30)

    def keep(self, name, *what):
        picture = self.browser.picture(*what)
        self.assertTrue(picture.startswith(b"\x89PNG"))
        if directory := os.environ.get("SDT_SCREENSHOTS"):
            with open(os.path.join(directory, name), "wb") as file:
                file.write(picture)

    def test_pictures_of_every_look(self):
        for name in self.every_look():
            self.keep(f"{name}.png", "body")

    def test_the_pictures_of_the_documents(self):
        for name, scheme, section in (("targets.png", "light", "#shop"), ("targets-dark.png", "dark", "#over_budget")):
            self.open("/targets", scheme=scheme)
            self.keep(name, section, 16)


if __name__ == "__main__":
    unittest.main()
