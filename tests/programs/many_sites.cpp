// many_sites: probe sites by the thousand, each a place of its own.
//
//   all    fire many:site(1000) … many:site(1999), a thousand sites that deliver their argument
//   each
//          in a way of its own
//   bare   fire the ten thousand sites of many:bare, which has no argument
//
// Answers each line with "done".
#include <sys/sdt.h>

#include <iostream>
#include <string>

#define SITE(n) DTRACE_PROBE1(many, site, n);
#define TEN(n) \
  SITE(n##0)   \
  SITE(n##1) SITE(n##2) SITE(n##3) SITE(n##4) SITE(n##5) SITE(n##6) SITE(n##7) SITE(n##8) SITE(n##9)
#define HUNDRED(n) \
  TEN(n##0)        \
  TEN(n##1) TEN(n##2) TEN(n##3) TEN(n##4) TEN(n##5) TEN(n##6) TEN(n##7) TEN(n##8) TEN(n##9)

#define BARE DTRACE_PROBE(many, bare);
#define TEN_OF(what) what what what what what what what what what what

namespace {

// Numbers are put together from digits; they start at 1000 because 0… would be octal.
void fire_all() {
  HUNDRED(10)
  HUNDRED(11)
  HUNDRED(12) HUNDRED(13) HUNDRED(14) HUNDRED(15) HUNDRED(16) HUNDRED(17) HUNDRED(18) HUNDRED(19)
}

void fire_bare() {
  TEN_OF(TEN_OF(TEN_OF(TEN_OF(BARE))))
}

}  // namespace

int main() {
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    line == "bare" ? fire_bare() : fire_all();
    std::cout << "done" << std::endl;
  }
}
