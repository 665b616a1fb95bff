sdt_unit_test(elf
  elf/argument_test.cpp
  elf/code_test.cpp
  elf/elf_builder.cpp
  elf/hostile_file_test.cpp
  elf/mapped_file_test.cpp
  elf/probes_test.cpp
  elf/real_declarations_test.cpp)
