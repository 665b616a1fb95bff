sdt_unit_test(dashboard
  dashboard/grafana_test.cpp
  dashboard/of_config_test.cpp
  dashboard/shipped_test.cpp
  dashboard/units_test.cpp)
target_link_libraries(unit_dashboard PRIVATE nlohmann_json::nlohmann_json)
target_compile_definitions(unit_dashboard PRIVATE SDT_TOP="${PROJECT_SOURCE_DIR}")
