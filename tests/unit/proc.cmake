sdt_unit_test(proc
  proc/parse_test.cpp
  proc/procfs_test.cpp)
