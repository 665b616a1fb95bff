"""Grafana's own types and components, out of npm, in a folder below the build directory."""

import hashlib
import json
import os
import shutil
import subprocess

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "web")


class Node:
    """Scripts of web/, run where the packages of its lock file are installed."""

    def __init__(self, folder):
        self.folder = folder
        shutil.copytree(SOURCE, folder, dirs_exist_ok=True)
        self._install()

    def _install(self):
        """Only when the lock file is another than last time."""
        with open(os.path.join(self.folder, "package-lock.json"), "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        stamp = os.path.join(self.folder, "node_modules", ".installed")
        if os.path.exists(stamp):
            with open(stamp, encoding="ascii") as file:
                if file.read() == digest:
                    return
        # No script of a package is run.
        self._run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], 400)
        with open(stamp, "w", encoding="ascii") as file:
            file.write(digest)

    def _run(self, command, seconds):
        result = subprocess.run(command, cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                timeout=seconds)
        if result.returncode != 0:
            raise AssertionError(f"{' '.join(command[:3])} failed:\n{result.stdout[-2000:]}\n{result.stderr[-4000:]}")
        return result.stdout

    def json_of(self, script, *arguments, seconds=120):
        return json.loads(self._run(["node", script, *arguments], seconds))
