sdt_unit_test(kernel
  kernel/program_config_test.cpp)
