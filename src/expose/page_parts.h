// Small pieces of the HTML pages.
//
// Purpose:   a fact, a state, a "12 more": written once, so that the pages speak alike.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "expose/targets_view.h"

namespace sdt::expose {

/// An entry of a list of facts; `html` is escaped already.
[[nodiscard]] std::string fact(std::string_view name, std::string_view html);
/// What a metric's or a target's state is called, with a colour that says the same.
[[nodiscard]] std::string state_badge(AttachState state);
[[nodiscard]] std::string state_badge(const TargetView& target);
/// "1 process", "12 processes"
[[nodiscard]] std::string counted(std::uint64_t count, std::string_view one, std::string_view many);
/// A closing line for what an excerpt leaves out; empty when that is nothing.
[[nodiscard]] std::string and_more(std::uint64_t left_out, std::string_view one,
                                   std::string_view many);
/// "12.3/s"; "not known yet" for nothing.
[[nodiscard]] std::string per_second(std::optional<double> rate);
/// "0.03 %"; "not known yet" for nothing.
[[nodiscard]] std::string share_of_cpu(std::optional<double> share);

[[nodiscard]] std::uint64_t attached_metrics(const TargetView& target);
[[nodiscard]] std::uint64_t lost_events(const TargetView& target);

}  // namespace sdt::expose
