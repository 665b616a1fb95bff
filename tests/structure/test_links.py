#!/usr/bin/python3
"""The check of the documents finds what it is there to find."""

import pathlib
import tempfile
import unittest

import links


class Links(unittest.TestCase):
    def complaints(self, files):
        with tempfile.TemporaryDirectory() as directory:
            top = pathlib.Path(directory)
            for name, text in files.items():
                path = top / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return list(links.complaints(top))

    def test_links_to_files_headings_and_the_web_pass(self):
        found = self.complaints({
            "README.md": "# Top\n[a](docs/a.md) [b](docs/a.md#two-words) [c](#top) [d](https://example.org/x)\n",
            "docs/a.md": "## Two words\n[up](../README.md)\n",
        })
        self.assertEqual(found, [])

    def test_a_link_to_a_missing_file_is_found(self):
        self.assertEqual(self.complaints({"README.md": "[a](docs/none.md)\n"}),
                         ["README.md: links to docs/none.md, which is not there"])

    def test_a_link_to_a_missing_heading_is_found(self):
        found = self.complaints({"README.md": "[a](a.md#nowhere)\n", "a.md": "# Here\n"})
        self.assertEqual(found, ["README.md: links to a.md#nowhere, but a.md has no such heading"])

    def test_a_link_in_a_code_block_is_no_link(self):
        self.assertEqual(self.complaints({"README.md": "```\n[a](none.md)\n```\n"}), [])

    def test_a_path_of_one_machine_is_found_with_its_line(self):
        found = self.complaints({"run.sh": "true\ncd /" + "work/project\n"})
        self.assertEqual(len(found), 1)
        self.assertTrue(found[0].startswith("run.sh:2: "), found[0])

    def test_a_longer_path_that_only_contains_the_word_passes(self):
        self.assertEqual(self.complaints({"run.sh": "cd /srv/" + "work/main\n"}), [])


if __name__ == "__main__":
    unittest.main()
