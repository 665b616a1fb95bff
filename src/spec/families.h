// What must hold between metrics: one name, one family, and no series twice.
//
// Purpose:   the checks that need every file.
// Ownership: refers to the drafts and reports of the caller.
// Thread:    any, one at a time.
#pragma once

#include <span>

#include "spec/draft.h"
#include "spec/report.h"

namespace sdt::spec {

struct DeclaredTarget {
  const TargetDraft* draft = nullptr;
  Report* report = nullptr;  ///< of its file
};

/// Reports: a target name used twice; a family declared again with another type, help, bounds or
/// label names; two metrics that would produce the same series; a name that a histogram's own
/// series already have.
///
/// Two metrics of one name never share a series when some label is a constant in both (a literal, a
/// number, `probe` of a probe named in full) and the constants differ. Within a target that is
/// required; across targets only what is sure to coincide is refused, because which processes a
/// target has is not known here.
void check_families(std::span<const DeclaredTarget> targets);

}  // namespace sdt::spec
