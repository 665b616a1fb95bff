// rethrows: throws exceptions whose handlers throw them again.
//
// Prints "ready"; for each line throws a few, and answers "done"; ends with standard input.
#include <iostream>
#include <stdexcept>
#include <string>

namespace {

template <class Exception>
void throw_twice(const Exception& exception) {
  try {
    try {
      throw exception;
    } catch (...) {
      throw;
    }
  } catch (const Exception&) {
  }
}

}  // namespace

int main() {
  std::cout << "ready" << std::endl;
  std::string line;
  while (std::getline(std::cin, line)) {
    throw_twice(std::runtime_error("runtime"));
    throw_twice(std::out_of_range("range"));
    throw_twice(42);
    std::cout << "done" << std::endl;
  }
}
