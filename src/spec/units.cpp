#include "spec/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "spec/words.h"

namespace sdt::spec {
namespace {

struct Unit {
  std::string_view name;
  bool is_duration;
  std::int64_t whole;  ///< nanoseconds or bytes
  int ten_to_the;      ///< exported number = decimal * 10^this …
  int times;           ///< … * this
};

constexpr std::array units = {
    Unit{"ns", true, 1, -9, 1},
    Unit{"us", true, 1'000, -6, 1},
    Unit{"ms", true, 1'000'000, -3, 1},
    Unit{"s", true, 1'000'000'000, 0, 1},
    Unit{"m", true, 60'000'000'000, 0, 60},
    Unit{"h", true, 3'600'000'000'000, 0, 3600},
    Unit{"B", false, 1, 0, 1},
    Unit{"KiB", false, 1 << 10, 0, 1 << 10},
    Unit{"MiB", false, 1 << 20, 0, 1 << 20},
    Unit{"GiB", false, 1 << 30, 0, 1 << 30},
    Unit{"kB", false, 1'000, 3, 1},
    Unit{"MB", false, 1'000'000, 6, 1},
    Unit{"GB", false, 1'000'000'000, 9, 1},
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// 12.5ms cut into its parts.
struct Parts {
  std::string_view number;  // digits, fraction and exponent, without the sign
  std::string_view fraction;
  bool negative = false;
  bool has_exponent = false;
  const Unit* unit = nullptr;
};

std::size_t digits_from(std::string_view text, std::size_t i) {
  while (i < text.size() && is_digit(text[i])) ++i;
  return i;
}

tl::unexpected<std::string> not_a_number(std::string_view text, std::string_view why) {
  return tl::unexpected(fmt::format("{} is not a number: {}", in_quotes(text), why));
}

Reading<Parts> split(std::string_view text) {
  Parts parts;
  std::string_view rest = text;
  if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) {
    parts.negative = rest[0] == '-';
    rest.remove_prefix(1);
  }
  std::size_t end = digits_from(rest, 0);
  if (end == 0) {
    return not_a_number(text, "it must start with a digit, as in 10, 0.5, 100us or 4KiB");
  }
  if (end < rest.size() && rest[end] == '.') {
    const std::size_t stop = digits_from(rest, end + 1);
    parts.fraction = rest.substr(end + 1, stop - end - 1);
    if (parts.fraction.empty()) return not_a_number(text, "digits must follow the point");
    end = stop;
  }
  if (end < rest.size() && (rest[end] == 'e' || rest[end] == 'E')) {
    const bool sign = end + 1 < rest.size() && (rest[end + 1] == '-' || rest[end + 1] == '+');
    const std::size_t stop = digits_from(rest, end + (sign ? 2 : 1));
    if (!is_digit(rest[stop - 1])) return not_a_number(text, "digits must follow the exponent's e");
    parts.has_exponent = true;
    end = stop;
  }
  parts.number = rest.substr(0, end);
  const std::string_view suffix = rest.substr(end);
  if (suffix.empty()) return parts;
  for (const Unit& unit : units) {
    if (unit.name == suffix) parts.unit = &unit;
  }
  if (parts.unit == nullptr) {
    return not_a_number(text, fmt::format("{} is no unit (durations: {}; sizes: {})",
                                          in_quotes(suffix), duration_units, size_units));
  }
  if (parts.has_exponent) return not_a_number(text, "an exponent and a unit do not go together");
  return parts;
}

template <class Float>
std::optional<Float> to_float(const std::string& decimal) {
  Float value = 0;
  const auto [end, error] = std::from_chars(decimal.data(), decimal.data() + decimal.size(), value);
  if (error != std::errc() || end != decimal.data() + decimal.size()) return std::nullopt;
  return value;
}

Reading<Int128> parse_hexadecimal(std::string_view text) {
  std::uint64_t value = 0;
  const char* first = text.data() + 2;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(first, last, value, 16);
  if (error == std::errc::result_out_of_range) {
    return tl::unexpected(fmt::format("{} does not fit into 64 bits", text));
  }
  if (error != std::errc() || end != last) {
    return not_a_number(text, "hexadecimal digits (0-9, a-f) must follow 0x");
  }
  return Int128{value};
}

// The number without its sign and point, times what one unit holds, divided by the point's power of
// ten.
Reading<Int128> whole_of(const Parts& parts, std::string_view text) {
  // 25 digits times the nanoseconds of an hour stay below 2^127.
  constexpr std::size_t most_digits = 25;
  if (parts.has_exponent) return not_a_number(text, "whole numbers are written without exponent");
  if (parts.number.size() > most_digits) {
    return tl::unexpected(fmt::format("{} has too many digits", in_quotes(text)));
  }
  Int128 value = 0;
  for (const char c : parts.number) {
    if (c != '.') value = value * 10 + (c - '0');
  }
  if (parts.unit != nullptr) value *= parts.unit->whole;
  for (std::size_t i = 0; i < parts.fraction.size(); ++i) {
    if (value % 10 != 0) {
      return tl::unexpected(fmt::format("{} is not a whole number{}", text,
                                        parts.unit == nullptr     ? ""
                                        : parts.unit->is_duration ? " of nanoseconds"
                                                                  : " of bytes"));
    }
    value /= 10;
  }
  if (value > Int128{std::numeric_limits<std::uint64_t>::max()}) {
    return tl::unexpected(fmt::format("{} does not fit into 64 bits", text));
  }
  return value;
}

}  // namespace

Reading<Int128> parse_whole(std::string_view text) {
  if (!text.empty() && !is_digit(text[0])) {
    return not_a_number(text, "it must start with a digit, as in 16, 0x10, 10ms or 4KiB");
  }
  if (text.starts_with("0x") || text.starts_with("0X")) return parse_hexadecimal(text);
  return split(text).and_then([&](const Parts& parts) { return whole_of(parts, text); });
}

Reading<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  const auto parts = split(text);
  if (!parts) {
    return tl::unexpected(
        fmt::format("{} is not a duration: write a number and one of {}, as in 5s", in_quotes(text),
                    duration_units));
  }
  if (parts->negative) return tl::unexpected(fmt::format("{} is negative", text));
  if (parts->unit == nullptr || !parts->unit->is_duration) {
    return tl::unexpected(fmt::format("{} is not a duration: its unit must be one of {}, as in {}s",
                                      in_quotes(text), duration_units, parts->number));
  }
  const auto whole = whole_of(*parts, text);
  if (!whole) return tl::unexpected(whole.error());
  if (*whole > std::numeric_limits<std::int64_t>::max()) {
    return tl::unexpected(fmt::format("{} is too long: more than 292 years", text));
  }
  return std::chrono::nanoseconds(static_cast<std::int64_t>(*whole));
}

Reading<long double> parse_quantity(std::string_view text) {
  const auto parts = split(text);
  if (!parts) return tl::unexpected(parts.error());
  std::string decimal(parts->number);
  if (parts->unit != nullptr && parts->unit->ten_to_the != 0) {
    decimal += fmt::format("e{}", parts->unit->ten_to_the);
  }
  auto value = to_float<long double>(decimal);
  if (!value || !std::isfinite(static_cast<double>(*value))) {
    return tl::unexpected(fmt::format("{} is outside the range of numbers", text));
  }
  if (parts->unit != nullptr) *value *= parts->unit->times;
  return parts->negative ? -*value : *value;
}

double nearest_double(long double value) {
  // Every double keeps a decimal of 15 digits apart from its neighbours; 1e-17 is well above what
  // a few operations on long doubles lose and well below the distance of two such decimals.
  constexpr long double precision = 1e-17L;
  std::array<char, 64> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                          std::chars_format::scientific, 14);
  if (error != std::errc()) return static_cast<double>(value);
  const std::string decimal(digits.data(), end);
  const auto exact = to_float<long double>(decimal);
  const auto rounded = to_float<double>(decimal);
  if (exact && rounded && std::fabs(*exact - value) <= precision * std::fabs(value)) {
    return *rounded;
  }
  return static_cast<double>(value);
}

std::int64_t parse_count(std::string_view text, std::int64_t largest) {
  std::int64_t value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && is_digit(text[0]) && value <= largest ? value : -1;
}

}  // namespace sdt::spec
