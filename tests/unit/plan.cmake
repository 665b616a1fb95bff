sdt_unit_test(plan
  plan/breaker_test.cpp
  plan/hit_meter_test.cpp
  plan/match_test.cpp
  plan/reconcile_test.cpp
  plan/select_test.cpp)
