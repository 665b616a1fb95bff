#include "daemon/memory.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace sdt::daemon {
namespace {

/// Two names, so that a larger map can take a smaller one's place.
constexpr const char* state_names[] = {"sdt-state-0", "sdt-state-1"};
constexpr const char* link_prefix = "sdt-link-";
constexpr std::size_t smallest_capacity = std::size_t{1} << 18;

}  // namespace

std::optional<Inheritance> Memory::recall() {
  auto descriptors = keeper_->left_behind();
  if (!descriptors) {
    log_.warn("what an earlier run left cannot be had", {{"error", descriptors.error().message}});
    return std::nullopt;
  }
  Inheritance inheritance{std::move(*descriptors), {}};
  if (inheritance.descriptors.empty()) return std::nullopt;
  std::set<std::string> found;
  for (const char* const name : state_names) {
    UniqueFd fd = inheritance.take(name);
    if (!fd.valid()) continue;
    found.insert(name);
    auto map = kernel::StateMap::open(std::move(fd));
    if (!map) {
      log_.warn("what an earlier run left cannot be read", {{"error", map.error().message}});
    } else if (!map_ || map->number() > map_->number()) {
      map_.emplace(std::move(*map));
      map_name_ = name;
    }
  }
  // A death while a larger map took a smaller one's place leaves both.
  found.erase(map_name_);
  for (const std::string& name : found) {
    if (auto status = keeper_->let_go(name); !status) complain(status.error());
  }
  auto state = map_ ? to_state(map_->latest()) : std::nullopt;
  if (!state) {
    log_.info("an earlier run left nothing that this version can go on with: counting anew");
    let_go_of_rest(std::move(inheritance));
    return std::nullopt;
  }
  inheritance.state = std::move(*state);
  return inheritance;
}

void Memory::let_go_of_rest(Inheritance inheritance) {
  std::vector<std::string> others;
  for (auto& [name, fd] : inheritance.descriptors) {
    if (!name.starts_with(link_prefix)) {
      others.push_back(name);
      continue;
    }
    fd = UniqueFd();
    // With the copy still open the file would be traced twice once it is attached to again.
    if (auto status = keeper_->drop(name); !status) complain(status.error());
  }
  for (const std::string& name : others) {
    if (auto status = keeper_->let_go(name); !status) complain(status.error());
  }
}

void Memory::remember(const SavedState& state) {
  const std::string bytes = to_bytes(state);
  Status written = map_ ? map_->write(bytes) : fail(Errc::exhausted, "there is no map yet");
  if (!written && written.error().code == Errc::exhausted) {
    auto larger = kernel::StateMap::create(std::max(smallest_capacity, 2 * bytes.size()));
    if (!larger) return complain(larger.error());
    if (map_) larger->follow(*map_);
    written = larger->write(bytes);
    const std::string name =
        map_name_ == state_names[0] ? std::string(state_names[1]) : std::string(state_names[0]);
    keep(name, larger->fd());
    if (!map_name_.empty()) {
      if (auto status = keeper_->let_go(map_name_); !status) complain(status.error());
    }
    map_.emplace(std::move(*larger));
    map_name_ = name;
  }
  if (!written) complain(written.error());
}

void Memory::keep(const std::string& name, int fd) {
  if (auto status = keeper_->put(name, fd); !status) complain(status.error());
}

void Memory::complain(const Error& error) {
  if (std::exchange(has_complained_, true)) return;
  log_.warn("the next start will not go on where this one ends", {{"error", error.message}});
}

}  // namespace sdt::daemon
