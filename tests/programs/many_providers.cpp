// many_providers: three hundred providers with a probe each, many1000:tick … many1299:tick.
//
// Fires every probe once for each line it reads, and answers "done".
#include <sys/sdt.h>

#include <iostream>
#include <string>

#define PROVIDER(n) DTRACE_PROBE(many##n, tick);
#define TEN(n)   \
  PROVIDER(n##0) \
  PROVIDER(n##1) \
  PROVIDER(n##2) \
  PROVIDER(n##3) \
  PROVIDER(n##4) PROVIDER(n##5) PROVIDER(n##6) PROVIDER(n##7) PROVIDER(n##8) PROVIDER(n##9)
#define HUNDRED(n) \
  TEN(n##0)        \
  TEN(n##1) TEN(n##2) TEN(n##3) TEN(n##4) TEN(n##5) TEN(n##6) TEN(n##7) TEN(n##8) TEN(n##9)

namespace {

void fire_all() {
  HUNDRED(10)
  HUNDRED(11)
  HUNDRED(12)
}

}  // namespace

int main() {
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    fire_all();
    std::cout << "done" << std::endl;
  }
}
