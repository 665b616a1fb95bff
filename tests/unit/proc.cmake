sdt_unit_test(proc
  proc/cgroup_ids_test.cpp
  proc/cgroup_test.cpp
  proc/parse_test.cpp
  proc/perf_record_test.cpp
  proc/pods_test.cpp
  proc/process_table_test.cpp
  proc/procfs_test.cpp)

# The kernel's records are those of the whole machine: what one test does is in the other's rings.
add_executable(unit_watcher proc/watcher_test.cpp)
target_link_libraries(unit_watcher PRIVATE sdt_proc GTest::gmock_main)
gtest_discover_tests(unit_watcher TEST_PREFIX proc. PROPERTIES LABELS unit RUN_SERIAL TRUE DISCOVERY_TIMEOUT 60)
add_dependencies(unit_tests unit_watcher)
