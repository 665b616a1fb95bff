sdt_unit_test(plan
  plan/match_test.cpp
  plan/reconcile_test.cpp
  plan/select_test.cpp)
