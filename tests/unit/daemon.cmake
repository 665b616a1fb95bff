sdt_unit_test(daemon
  daemon/log_test.cpp
  daemon/members_test.cpp)
