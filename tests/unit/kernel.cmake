sdt_unit_test(kernel
  kernel/capabilities_test.cpp
  kernel/program_config_test.cpp
  kernel/uprobe_link_test.cpp)
