// Where a process runs: its control group, and what that says of the service manager, the container
// runtime and Kubernetes.
//
// Purpose:   the facts of a process that selectors and labels ask for besides its program.
// Ownership: plain values.
// Thread:    any.
#pragma once

#include <string>

namespace sdt {

/// What is not known, or does not apply, is empty.
struct Placement {
  std::string cgroup;     ///< the path in the hierarchy, from its root as we see it
  std::string unit;       ///< systemd's: the service, scope, … that the process belongs to
  std::string container;  ///< the runtime's id: 64 hex digits as a rule
  std::string pod_uid;
  std::string pod;
  std::string pod_namespace;
  std::string container_name;
  friend bool operator==(const Placement&, const Placement&) = default;
};

struct ProcessFacts {
  std::string exe;
  Placement placement;
  friend bool operator==(const ProcessFacts&, const ProcessFacts&) = default;
};

}  // namespace sdt
