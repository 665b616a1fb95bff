sdt_unit_test(proc
  proc/cgroup_test.cpp
  proc/parse_test.cpp
  proc/perf_record_test.cpp
  proc/pods_test.cpp
  proc/process_table_test.cpp
  proc/procfs_test.cpp
  proc/watcher_test.cpp)
