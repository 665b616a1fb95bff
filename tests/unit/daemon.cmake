sdt_unit_test(daemon
  daemon/closers_test.cpp
  daemon/directory_watches_test.cpp
  daemon/file_guard_test.cpp
  daemon/inheritance_test.cpp
  daemon/log_test.cpp
  daemon/metric_state_test.cpp
  daemon/notify_test.cpp
  daemon/roster_test.cpp
  daemon/service_test.cpp
  daemon/totals_test.cpp)
target_include_directories(unit_daemon PRIVATE ${PROJECT_SOURCE_DIR}/tests)
