#include "daemon/inheritance.h"

#include "base/pack.h"

namespace sdt::proc {

template <class Archive>
void serialize(Archive& archive, ProcessId& id) {
  archive(id.pid, id.start_ticks);
}

template <class Archive>
void serialize(Archive& archive, FileId& file) {
  archive(file.major, file.minor, file.inode);
}

}  // namespace sdt::proc

namespace sdt::plan {

template <class Archive>
void serialize(Archive& archive, Trip& trip) {
  archive(trip.reason, trip.retry_at);
}

template <class Archive>
void serialize(Archive& archive, Fuse& fuse) {
  archive(fuse.trip, fuse.trips, fuse.on_probation);
}

}  // namespace sdt::plan

namespace sdt::daemon {

template <class Archive>
void serialize(Archive& archive, Totals& totals) {
  archive(totals.hits, totals.filtered, totals.foreign, totals.strings_cut, totals.lost,
          totals.run_nanoseconds);
}

template <class Archive>
void serialize(Archive& archive, SavedImage& image) {
  archive(image.key, image.is_member, image.id, image.exe, image.comm, image.uid, image.user,
          image.placement);
}

template <class Archive>
void serialize(Archive& archive, SavedLink& link) {
  archive(link.file, link.path, link.kept_as, link.notes, link.roles, link.sites);
}

template <class Archive>
void serialize(Archive& archive, SavedMetric& metric) {
  archive(metric.number, metric.fingerprint, metric.notes, metric.series, metric.forgotten,
          metric.links, metric.attaches, metric.detaches, metric.starts_expired, metric.before,
          metric.totals, metric.fuse, metric.meter, metric.trips, metric.problem,
          metric.attach_errors);
}

template <class Archive>
void serialize(Archive& archive, SavedTarget& target) {
  archive(target.number, target.name, target.images, target.metrics);
}

template <class Archive>
void serialize(Archive& archive, SavedGuard& guard) {
  archive(guard.file, guard.path, guard.kept_as, guard.is_lease, guard.size, guard.seconds,
          guard.nanoseconds);
}

template <class Archive>
void serialize(Archive& archive, SavedState& state) {
  archive(state.version);
  if (state.version != SavedState::current_version) return;
  archive(state.next_number, state.next_kept, state.shared_notes, state.targets, state.guards,
          state.records_lost);
}

std::string to_bytes(const SavedState& state) {
  return pack(state);
}

std::optional<SavedState> to_state(const std::string& bytes) {
  auto state = unpack<SavedState>(bytes);
  if (!state || state->version != SavedState::current_version) return std::nullopt;
  return state;
}

UniqueFd Inheritance::take(const std::string& name) {
  const auto found = descriptors.find(name);
  if (found == descriptors.end()) return {};
  UniqueFd fd = std::move(found->second);
  descriptors.erase(found);
  return fd;
}

std::map<std::string, UniqueFd> Inheritance::take_all(const std::string& prefix) {
  std::map<std::string, UniqueFd> taken;
  auto entry = descriptors.lower_bound(prefix);
  while (entry != descriptors.end() && entry->first.starts_with(prefix)) {
    taken.emplace(entry->first.substr(prefix.size()), std::move(entry->second));
    entry = descriptors.erase(entry);
  }
  return taken;
}

}  // namespace sdt::daemon
