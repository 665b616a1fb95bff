// The names of pods and their containers on a Kubernetes node.
//
// Purpose:   from the uid that a control group's path holds to the names that people use, by the
//            kubelet's own layout of log directories, without a question to the API server:
//            /var/log/pods/NAMESPACE_POD_UID/CONTAINER/ and
//            /var/log/containers/POD_NAMESPACE_CONTAINER-ID.log.
// Ownership: plain values; remembers what it found.
// Thread:    one at a time.
#pragma once

#include <map>
#include <string>

#include "base/placement.h"

namespace sdt::proc {

class Pods {
 public:
  /// `logs` is "/var/log" but for tests, or where the node's is mounted elsewhere.
  explicit Pods(std::string logs = "/var/log") : logs_(std::move(logs)) {}

  /// Adds the names to a placement that has a pod_uid. What the files do not tell (yet) stays
  /// empty.
  void name(Placement& placement);

 private:
  struct Pod {
    std::string name;
    std::string name_space;
    std::string directory;
  };
  [[nodiscard]] const Pod* find(const std::string& uid);
  [[nodiscard]] std::string container_of(const Pod& pod, const std::string& container) const;

  std::string logs_;
  std::map<std::string, Pod> pods_;                ///< by uid
  std::map<std::string, std::string> containers_;  ///< names by id
};

}  // namespace sdt::proc
