#!/usr/bin/python3
"""The check of the #include edges finds what it is there to find."""

import pathlib
import tempfile
import unittest

import include_edges


class IncludeEdges(unittest.TestCase):
    def complaints(self, files):
        with tempfile.TemporaryDirectory() as top:
            for name, text in files.items():
                path = pathlib.Path(top) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return list(include_edges.forbidden_edges(top))

    def test_an_edge_in_the_direction_of_the_layers_passes(self):
        self.assertEqual(self.complaints({"src/plan/match.cpp": '#include "spec/config.h"\n'}), [])

    def test_own_folder_and_standard_headers_pass(self):
        text = '#include "spec/config.h"\n#include <vector>\n#include <sys/types.h>\n'
        self.assertEqual(self.complaints({"src/spec/load.cpp": text}), [])

    def test_an_edge_against_the_layers_is_named_with_its_line(self):
        found = self.complaints({"src/spec/load.cpp": '#include <string>\n#include "kernel/maps.h"\n'})
        self.assertEqual(found, ["src/spec/load.cpp:2: includes kernel/maps.h: spec/ may include from: base"])

    def test_a_nested_file_belongs_to_its_folder(self):
        self.assertEqual(len(self.complaints({"src/base/deep/a.h": '#include "elf/probes.h"\n'})), 1)

    def test_a_library_outside_its_folder_is_found(self):
        self.assertEqual(len(self.complaints({"src/metrics/store.cpp": "#include <bpf/libbpf.h>\n"})), 1)
        self.assertEqual(len(self.complaints({"src/plan/match.h": "#include <yaml-cpp/yaml.h>\n"})), 1)
        self.assertEqual(self.complaints({"src/kernel/maps.cpp": "#include <bpf/bpf.h>\n"}), [])

    def test_the_bpf_abi_is_the_kernel_folders_alone(self):
        self.assertEqual(self.complaints({"src/kernel/maps.cpp": '#include "../../bpf/abi.h"\n'}), [])
        self.assertEqual(len(self.complaints({"src/daemon/engine.cpp": '#include "abi.h"\n'})), 1)

    def test_a_folder_nobody_put_into_the_table_is_found(self):
        self.assertEqual(len(self.complaints({"src/helpers/misc.h": "#pragma once\n"})), 1)


if __name__ == "__main__":
    unittest.main()
