// many_sites: a thousand probe sites, many:site(1000) … many:site(1999), each a place of its own.
//
// Fires every site once for each line it reads, and answers "done".
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

namespace {

// Numbers are put together from digits; they start at 1000 because 0… would be octal.
void fire_all() {
  HUNDRED(10)
  HUNDRED(11)
  HUNDRED(12) HUNDRED(13) HUNDRED(14) HUNDRED(15) HUNDRED(16) HUNDRED(17) HUNDRED(18) HUNDRED(19)
}

}  // namespace

int main() {
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    fire_all();
    std::cout << "done" << std::endl;
  }
}
