// provider: registers probes while it runs, the way programs with libstapsdt do.
//
// Reads one command a line from standard input and answers each with one line, once it is done:
//
//   load PROVIDER PROBE[:SIZE,…]…   make a library with these probes in a memfd and dlopen it; the
//                                   descriptor is closed then. SIZE as in a declaration: -8, 4
//   fire PROBE N [ARGUMENT…]        call the probe's stub N times. An argument that is not a number
//                                   is passed as the address of that text
//   enabled PROBE                   answers whether somebody traces it: 1 or 0
//   unload                          dlclose it
//
// Leaves when standard input ends.
#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <iostream>
#include <list>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "provider/library.h"

namespace {

using provider::most_arguments;
using provider::Probe;

using Stub = void (*)(std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t,
                      std::uint64_t);

void* library = nullptr;

Probe read_probe(const std::string& word) {
  const std::size_t colon = word.find(':');
  Probe probe{word.substr(0, colon), {}};
  if (colon == std::string::npos) return probe;
  std::istringstream sizes(word.substr(colon + 1));
  for (std::string size; std::getline(sizes, size, ',');) probe.sizes.push_back(size);
  return probe;
}

std::string load(std::istream& words) {
  if (library != nullptr) return "loaded already";
  std::string name;
  words >> name;
  std::vector<Probe> probes;
  for (std::string word; words >> word;) probes.push_back(read_probe(word));
  const std::string bytes = provider::make_library(name, probes);
  const int fd = memfd_create(name.c_str(), MFD_CLOEXEC);
  if (write(fd, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) return "write";
  library = dlopen(("/proc/self/fd/" + std::to_string(fd)).c_str(), RTLD_LAZY);
  close(fd);
  return library != nullptr ? "done" : dlerror();
}

std::optional<std::uint64_t> read_number(const std::string& word) {
  const char* const end = word.data() + word.size();
  if (std::int64_t number = 0; std::from_chars(word.data(), end, number).ptr == end) {
    return static_cast<std::uint64_t>(number);
  }
  std::uint64_t number = 0;
  if (std::from_chars(word.data(), end, number).ptr != end) return std::nullopt;
  return number;
}

std::string fire(Stub stub, std::istream& words) {
  std::uint64_t count = 0;
  words >> count;
  std::list<std::string> texts;
  std::array<std::uint64_t, most_arguments> arguments{};
  std::size_t given = 0;
  for (std::string word; given < most_arguments && words >> word; ++given) {
    const auto number = read_number(word);
    arguments[given] =
        number ? *number : reinterpret_cast<std::uintptr_t>(texts.emplace_back(word).c_str());
  }
  const auto& [a, b, c, d, e, f] = arguments;
  for (std::uint64_t i = 0; i < count; ++i) stub(a, b, c, d, e, f);
  return "done";
}

std::string obey(const std::string& command, std::istream& words) {
  if (command == "load") return load(words);
  if (library == nullptr) return "nothing is loaded";
  if (command == "unload") {
    dlclose(library);
    library = nullptr;
    return "done";
  }
  std::string probe;
  words >> probe;
  void* const stub = dlsym(library, probe.c_str());
  if (stub == nullptr) return dlerror();
  if (command == "fire") return fire(reinterpret_cast<Stub>(stub), words);
  if (command == "enabled") {
    constexpr unsigned char nop = 0x90;  // what a breakpoint takes the place of
    return *static_cast<const volatile unsigned char*>(stub) == nop ? "0" : "1";
  }
  return "unknown command: " + command;
}

}  // namespace

int main() {
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command;
    words >> command;
    std::cout << obey(command, words) << std::endl;
  }
}
