"""A dashboard as its JSON has it: its panels, its variables, and what Prometheus answers to its queries."""

import json
import math
import os
import re
import urllib.parse
import urllib.request

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../..")
FOLDER = os.path.join(TOP, "dashboards")

RATE_INTERVAL = 5  # seconds; Grafana takes four times what is between two scrapes, or more
RANGE = 30  # seconds that are shown


class Board:
    def __init__(self, name):
        self.name = name
        self.path = os.path.join(FOLDER, name + ".json")
        with open(self.path, encoding="utf-8") as file:
            self.json = json.load(file)
        self.variables = {variable["name"]: variable for variable in self.json["templating"]["list"]}
        self.panels = [panel for panel in self.json["panels"] if panel["type"] != "row"]

    def filled(self, query):
        """A query as Grafana sends it while "All" is chosen everywhere."""
        values = {"__rate_interval": f"{RATE_INTERVAL}s", "__range": f"{RANGE}s",
                  **{name: self.variables[name]["allValue"] for name in ("job", "instance", "target")}}
        return re.sub(r"\$(\w+)", lambda match: values[match.group(1)], query)


def boards():
    """The dashboard of each pack, and that of the exporter itself."""
    return [Board(name[:-len(".json")]) for name in sorted(os.listdir(FOLDER))]


def legend(form, labels):
    """What Grafana makes of a legend's form: a label that is not there leaves its own name."""
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda match: labels.get(match.group(1), match.group(1)), form)


def has_numbers(series):
    return any(math.isfinite(value) for one in series for _, value in one["points"])


class Answers:
    """What a Prometheus answers about the last seconds."""

    def __init__(self, prometheus, end):
        self._address = prometheus.address
        self.start, self.end = end - RANGE, end

    def _get(self, path, **parameters):
        url = f"http://{self._address}/api/v1/{path}?" + urllib.parse.urlencode(parameters)
        try:
            with urllib.request.urlopen(url, timeout=30) as response:
                return json.load(response)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from None

    def label_values(self, query):
        """What label_values(series, label), a query of Grafana's, finds."""
        series, label = re.fullmatch(r"label_values\((.+), (\w+)\)", query).groups()
        return self._get(f"label/{label}/values", **{"match[]": series, "start": self.start, "end": self.end})

    def series(self, board, target):
        """The series of one query of a panel: name, and points of seconds and value; NaN is no point, as in Grafana."""
        expression = board.filled(target["expr"])
        if target["instant"]:
            result = self._get("query", query=expression, time=self.end)["result"]
        else:
            result = self._get("query_range", query=expression, start=self.start, end=self.end, step=1)["result"]
        return [{"name": legend(target["legendFormat"], one["metric"]),
                 "points": [(at, float(value)) for at, value in one.get("values", [one.get("value")])
                            if math.isfinite(float(value))]}
                for one in result]

    def of_panel(self, board, panel):
        return [one for target in panel["targets"] for one in self.series(board, target)]

    def without_numbers(self, board):
        """Titles and expressions of the queries to which there is no number."""
        return [f"{panel['title']}: {board.filled(target['expr'])}" for panel in board.panels
                for target in panel["targets"] if not has_numbers(self.series(board, target))]
