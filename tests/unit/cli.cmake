sdt_unit_test(cli
  cli/check_output_test.cpp
  cli/list_output_test.cpp
  cli/printable_test.cpp
  cli/progress_test.cpp
  cli/quantity_test.cpp
  cli/table_test.cpp
  cli/terminal_test.cpp
  cli/watch_view_test.cpp)
target_link_libraries(unit_cli PRIVATE nlohmann_json::nlohmann_json)
