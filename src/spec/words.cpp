#include "spec/words.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace sdt::spec {
namespace {

// The optimal-string-alignment distance: insertions, deletions, substitutions and swaps of
// neighbours.
std::size_t slips_between(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t other = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, other});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::string join(std::span<const std::string_view> words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string_view closest(std::string_view text, std::span<const std::string_view> words) {
  constexpr std::size_t longest_word = 32;  // no word of the language is longer
  if (text.size() > longest_word) return {};
  std::string_view best;
  std::size_t fewest = std::min<std::size_t>(2, text.size() / 3) + 1;
  for (const std::string_view word : words) {
    const std::size_t slips = slips_between(text, word);
    if (slips < fewest) {
      fewest = slips;
      best = word;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view text, std::span<const std::string_view> words) {
  const std::string_view word = closest(text, words);
  return word.empty() ? std::string() : fmt::format("; did you mean \"{}\"?", word);
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 80;
  std::string shown = "\"";
  for (const char c : text.substr(0, longest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      shown += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      shown += fmt::format("\\x{:02x}", byte);
    } else {
      shown += c;
    }
  }
  if (text.size() > longest) shown += "…";
  return shown + '"';
}

}  // namespace sdt::spec
