sdt_unit_test(spec
  spec/buckets_test.cpp
  spec/budget_test.cpp
  spec/conditions_test.cpp
  spec/config_test.cpp
  spec/documents_test.cpp
  spec/expression_test.cpp
  spec/families_test.cpp
  spec/files_test.cpp
  spec/labels_test.cpp
  spec/load_test.cpp
  spec/metric_test.cpp
  spec/names_test.cpp
  spec/rewrite_test.cpp
  spec/target_test.cpp
  spec/units_test.cpp
  spec/yaml_test.cpp)
target_compile_definitions(unit_spec PRIVATE SDT_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
target_include_directories(unit_spec PRIVATE ${PROJECT_SOURCE_DIR}/tests)
