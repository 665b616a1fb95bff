#include "daemon/metric_state.h"

namespace sdt::daemon {

bool MetricState::is_attached() const {
  unsigned roles = 0;
  for (const auto& [file, attached] : files) roles |= attached.roles;
  const unsigned needed = plan::needed_roles(metric);
  return (roles & needed) == needed;
}

}  // namespace sdt::daemon
