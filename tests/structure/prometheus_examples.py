#!/usr/bin/python3
"""What the documents and packaging/prometheus say to Prometheus and Alertmanager is accepted by their own tools.

Usage: prometheus_examples.py TOP. A block of docs/*.md whose first line is "# prometheus.yml", "# alertmanager.yml" or
"# targets/….yml" is such a file.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

# Debian builds Prometheus without the discovery of Kubernetes: what asks the cluster is left out, the rest is checked.
_KUBERNETES = re.compile(r"^( *)kubernetes_sd_configs:\n(?:\1 +.*\n|\1-.*\n)*", re.MULTILINE)
_BLOCK = re.compile(r"^```yaml\n(# ([\w.-][\w./-]*\.yml)\n.*?)^```$", re.MULTILINE | re.DOTALL)


def examples(page):
    """(line, file name, text) of every file that a page shows."""
    text = page.read_text(encoding="utf-8")
    for match in _BLOCK.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match.group(2), match.group(1)


def run(where, *command, cwd=None):
    """What a tool has against a file; nothing where it is right."""
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        yield f"{where}: {' '.join(command)}\n{result.stdout}{result.stderr}"


def page_complaints(page, rules):
    with tempfile.TemporaryDirectory() as directory:
        top = pathlib.Path(directory)
        found = list(examples(page))
        for rule in rules:
            (top / rule.name).write_text(rule.read_text(encoding="utf-8"))
        # Files of targets first: what names them is then checked together with them.
        for line, name, text in sorted(found, key=lambda example: not example[1].startswith("targets/")):
            where = f"{page.name}:{line}: {name}"
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            (top / name).write_text(_KUBERNETES.sub("", text))
            if name == "prometheus.yml":
                yield from run(where, "promtool", "check", "config", name, cwd=top)
            elif name == "alertmanager.yml":
                yield from run(where, "amtool", "check-config", name, cwd=top)
            elif not name.startswith("targets/"):
                yield f"{where}: no tool is known for this file"


def complaints(top):
    packaged = top / "packaging/prometheus"
    rules = sorted(packaged.glob("*.rules.yml"))
    for page in sorted((top / "docs").glob("*.md")):
        yield from page_complaints(page, rules)
    yield from run("scrape.yml", "promtool", "check", "config", str(packaged / "scrape.yml"))
    for rule in rules:
        yield from run(rule.name, "promtool", "check", "rules", str(rule))
        yield from run(rule.name, "promtool", "test", "rules", str(rule.with_suffix(".test.yml")))


def main():
    found = list(complaints(pathlib.Path(sys.argv[1]).resolve()))
    print("\n".join(found))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
