sdt_unit_test(daemon
  daemon/file_guard_test.cpp
  daemon/log_test.cpp
  daemon/notify_test.cpp
  daemon/roster_test.cpp
  daemon/totals_test.cpp)
