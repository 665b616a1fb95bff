sdt_unit_test(metrics
  metrics/cell_test.cpp
  metrics/labels_test.cpp
  metrics/pace_test.cpp
  metrics/self_test.cpp
  metrics/series_cap_test.cpp
  metrics/series_counting_test.cpp
  metrics/series_expiry_test.cpp
  metrics/series_process_test.cpp
  metrics/series_state_test.cpp
  metrics/utf8_test.cpp)
target_include_directories(unit_metrics PRIVATE ${PROJECT_SOURCE_DIR}/tests)
