// Label values, as they are printed.
//
// Purpose:   from the labels that a key recorded, and the process it belongs to, to the values of
//            the spec's labels.
// Ownership: refers to the metric, which must outlive it.
// Thread:    any; pure.
#pragma once

#include <string>
#include <vector>

#include "base/placement.h"
#include "base/samples.h"
#include "spec/config.h"

namespace sdt::metrics {

/// One value a label, in the order of Metric::labels.
using LabelValues = std::vector<std::string>;

/// `recorded` has the values of those labels that a key carries, in the order of Metric::labels;
/// `facts` are those of the key's process. Always valid UTF-8: two strings that print the
/// same are the same series.
[[nodiscard]] LabelValues label_values(const spec::Metric& metric,
                                       const std::vector<RawLabel>& recorded,
                                       const ProcessFacts& facts);

/// The values of the series that takes what is past the cap: every label reads `other`.
[[nodiscard]] LabelValues other_values(const spec::Metric& metric);

/// Whether the conditions on process facts in `where` hold; the BPF program has decided all others.
[[nodiscard]] bool admits(const spec::Metric& metric, const ProcessFacts& facts);

}  // namespace sdt::metrics
