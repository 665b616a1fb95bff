// throws: throws exceptions of several types from several threads and says how many of each.
//
// Prints "ready", waits for a line, throws, prints one line of JSON {"TYPE NAME": COUNT, …} with
// the names that std::type_info has for them, and stays until standard input ends.
#include <cstdint>
#include <iostream>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <typeinfo>
#include <vector>

namespace shop {
struct OutOfStock {
  int article;
};
template <class Reason>
struct Refused : std::runtime_error {
  Refused() : std::runtime_error("refused") {}
};
struct Fraud {};
}  // namespace shop

namespace {

using Counts = std::map<std::string, std::uint64_t>;

template <class Exception>
void throw_and_catch(Counts& counts, const Exception& exception, unsigned times) {
  for (unsigned i = 0; i < times; ++i) {
    try {
      throw exception;
    } catch (const Exception&) {
      ++counts[typeid(Exception).name()];
    }
  }
}

Counts throw_all(unsigned thread) {
  Counts counts;
  throw_and_catch(counts, std::runtime_error("runtime"), 100 + thread);
  throw_and_catch(counts, std::out_of_range("range"), 50);
  throw_and_catch(counts, 42, 10 * thread);
  throw_and_catch(counts, std::string("text"), 7);
  throw_and_catch(counts, shop::OutOfStock{3}, 20 + thread);
  throw_and_catch(counts, shop::Refused<shop::Fraud>(), 5);
  return counts;
}

}  // namespace

int main() {
  std::cout << "ready" << std::endl;
  std::string line;
  std::getline(std::cin, line);

  Counts total;
  std::mutex mutex;
  std::vector<std::thread> threads;
  for (unsigned number = 0; number < 8; ++number) {
    threads.emplace_back([&, number] {
      const Counts counts = throw_all(number);
      const std::lock_guard lock(mutex);
      for (const auto& [type, count] : counts) total[type] += count;
    });
  }
  for (std::thread& thread : threads) thread.join();

  const char* separator = "{";
  for (const auto& [type, count] : total) {
    std::cout << separator << '"' << type << "\": " << count;
    separator = ", ";
  }
  std::cout << "}" << std::endl;
  while (std::getline(std::cin, line)) {
  }
}
