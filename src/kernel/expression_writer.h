// Expressions as the BPF program reads them.
//
// Purpose:   write a metric's expressions into the program's pool of steps.
// Ownership: refers to the program, which must outlive it.
// Thread:    any; pure.
#pragma once

#include <cstdint>
#include <string>

#include "bpf/abi.h"
#include "spec/expression.h"

namespace sdt::kernel {

/// The first thing that does not fit is remembered and reported at the end.
class ExpressionWriter {
 public:
  explicit ExpressionWriter(sdt_program& program) : program_(program) {}

  [[nodiscard]] sdt_expr expr(const spec::IntExpr& from);
  [[nodiscard]] sdt_string string(const spec::ReadString& from);
  [[nodiscard]] static sdt_string comm();

  void complain(std::string why);
  /// Empty: everything fits.
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  [[nodiscard]] sdt_step step(const spec::Step& from);
  [[nodiscard]] std::uint8_t captured(std::uint8_t argument);

  sdt_program& program_;
  std::uint16_t used_ = 0;
  std::string problem_;
};

}  // namespace sdt::kernel
