// Joining two integer expressions with an operator.
//
// Purpose:   the rules of `x OP constant` and `x - y`: what may stand on the right, which constants
//            make sense, and the arithmetic of constants among themselves.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "spec/expression.h"

namespace sdt::spec {

using Op = Arithmetic::Op;

[[nodiscard]] std::optional<Op> arithmetic_operator(std::string_view symbol);
[[nodiscard]] std::string_view symbol_of(Op op);

/// How tightly C binds it; only used to warn where left to right differs.
[[nodiscard]] int precedence_in_c(Op op);

/// The steps of `left op right`, or a phrase that says why there are none.
[[nodiscard]] tl::expected<std::vector<Step>, std::string> combine(std::vector<Step> left, Op op,
                                                                   const std::vector<Step>& right);

}  // namespace sdt::spec
