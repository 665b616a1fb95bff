// A histogram as a picture.
//
// Purpose:   buckets to inline SVG with a table of what it says: the shape of everything so far,
// and
//            in front of it the shape of the last seconds.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sdt::expose {

struct HistogramFigure {
  std::string_view name;                  ///< of the metric: also says the unit of the bounds
  const std::vector<double>& bounds;      ///< without +Inf
  const std::vector<std::uint64_t>& all;  ///< events, not cumulative; one more than bounds
  std::optional<std::chrono::nanoseconds> length{};  ///< of the last seconds, where known
  std::vector<std::uint64_t> lately{};               ///< events of them
};

/// A <figure>. Buckets at the ends without events are left out, and neighbours are put together
/// where there are more than 64.
[[nodiscard]] std::string to_html(const HistogramFigure& figure);

/// The bucket that holds the event below which `percent` of all are, the first one at that. There
/// are events.
[[nodiscard]] std::size_t percentile_bucket(const std::vector<std::uint64_t>& buckets,
                                            unsigned percent);

}  // namespace sdt::expose
