#include "kernel/state_map.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "base/digest.h"

namespace sdt::kernel {
namespace {

constexpr std::uint32_t slots = 2;
constexpr std::uint64_t magic = 0x31657461'74736473;  // "sdstate1"

struct Header {
  std::uint64_t magic = 0;
  std::uint64_t number = 0;
  std::uint64_t size = 0;
  std::uint64_t digest = 0;
};

std::uint64_t digest_of(const Header& header, const char* bytes) {
  Digest digest;
  digest.add(&header.number, sizeof header.number);
  digest.add(&header.size, sizeof header.size);
  digest.add(bytes, header.size);
  return digest.value();
}

}  // namespace

Result<StateMap> StateMap::create(std::size_t capacity) {
  const auto size = static_cast<std::uint32_t>((sizeof(Header) + capacity + 7) / 8 * 8);
  const int fd =
      bpf_map_create(BPF_MAP_TYPE_ARRAY, "sdt_state", sizeof(std::uint32_t), size, slots, nullptr);
  if (fd < 0) return fail_errno(-fd, "creating the BPF map for the daemon's state");
  return StateMap(UniqueFd(fd), size - sizeof(Header));
}

Result<StateMap> StateMap::open(UniqueFd map) {
  bpf_map_info info{};
  std::uint32_t info_size = sizeof info;
  if (bpf_obj_get_info_by_fd(map.get(), &info, &info_size) != 0) {
    return fail_errno(errno, "looking at the map with an earlier daemon's state");
  }
  if (info.type != BPF_MAP_TYPE_ARRAY || info.max_entries != slots ||
      info.value_size <= sizeof(Header)) {
    return fail(Errc::invalid, "the map with an earlier daemon's state is something else");
  }
  StateMap state(std::move(map), info.value_size - sizeof(Header));
  std::string value(info.value_size, '\0');
  bool is_found = false;
  for (std::uint32_t slot = 0; slot < slots; ++slot) {
    if (bpf_map_lookup_elem(state.fd(), &slot, value.data()) != 0) continue;
    Header header;
    std::memcpy(&header, value.data(), sizeof header);
    const char* const bytes = value.data() + sizeof header;
    const bool is_whole = header.magic == magic && header.size <= state.capacity_ &&
                          header.digest == digest_of(header, bytes);
    if (!is_whole || (is_found && header.number < state.number_)) continue;
    is_found = true;
    state.number_ = header.number;
    state.latest_.assign(bytes, header.size);
  }
  if (!is_found) return fail(Errc::invalid, "an earlier daemon's state is empty or damaged");
  return state;
}

Status StateMap::write(const std::string& bytes) {
  if (bytes.size() > capacity_) {
    return fail(Errc::exhausted,
                fmt::format("{} bytes of state do not fit into {}", bytes.size(), capacity_));
  }
  Header header{magic, number_ + 1, bytes.size(), 0};
  header.digest = digest_of(header, bytes.data());
  std::string value(sizeof header + capacity_, '\0');
  std::memcpy(value.data(), &header, sizeof header);
  std::memcpy(value.data() + sizeof header, bytes.data(), bytes.size());
  const auto slot = static_cast<std::uint32_t>(header.number % slots);
  if (bpf_map_update_elem(fd(), &slot, value.data(), BPF_ANY) != 0) {
    return fail_errno(errno, "writing the daemon's state to its BPF map");
  }
  ++number_;
  return {};
}

}  // namespace sdt::kernel
