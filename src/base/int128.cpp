#include "base/int128.h"

#include <algorithm>

namespace sdt {

std::string to_decimal(Int128 value) {
  // Digits are taken from the negative side, which holds one value more than the positive one.
  const bool negative = value < 0;
  if (!negative) value = -value;
  std::string digits;
  do {
    digits.push_back(static_cast<char>('0' - static_cast<int>(value % 10)));
    value /= 10;
  } while (value != 0);
  if (negative) digits.push_back('-');
  std::reverse(digits.begin(), digits.end());
  return digits;
}

}  // namespace sdt
