sdt_unit_test(cli
  cli/list_output_test.cpp)
target_link_libraries(unit_cli PRIVATE nlohmann_json::nlohmann_json)
