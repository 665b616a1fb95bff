sdt_unit_test(base
  base/passed_descriptors_test.cpp
  base/result_test.cpp)
