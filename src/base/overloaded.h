// One visitor out of several lambdas.
//
// Purpose:   std::visit(Overloaded{[](A) {…}, [](B) {…}}, variant).
// Ownership: plain values.
// Thread:    any.
#pragma once

namespace sdt {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

}  // namespace sdt
