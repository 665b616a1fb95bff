#include "base/samples.h"

namespace sdt {
namespace {

template <class T>
T read_at(std::span<const std::byte> bytes, std::size_t offset) {
  T value{};
  std::memcpy(&value, bytes.subspan(offset, sizeof value).data(), sizeof value);
  return value;
}

std::string read_string(std::span<const std::byte> bytes) {
  while (!bytes.empty() && bytes.back() == std::byte{0}) bytes = bytes.first(bytes.size() - 1);
  std::string text(bytes.size(), '\0');
  if (!bytes.empty()) std::memcpy(text.data(), bytes.data(), bytes.size());
  return text;
}

}  // namespace

bool is_spilled(std::span<const std::byte> key) {
  return (read_at<std::uint32_t>(key, 4) & spilled_bit) != 0;
}

ImageKey image_of(std::span<const std::byte> key) {
  return {read_at<std::uint32_t>(key, 0), read_at<std::uint64_t>(key, 8)};
}

std::vector<RawLabel> Samples::labels(std::size_t i) const {
  const std::span<const std::byte> bytes = key(i);
  const auto sign_mask = read_at<std::uint32_t>(bytes, 4);
  std::vector<RawLabel> values;
  values.reserve(layout.fields.size());
  for (const KeyField& field : layout.fields) {
    if (field.kind == KeyField::Kind::string) {
      values.emplace_back(read_string(bytes.subspan(field.offset, field.size)));
      continue;
    }
    const auto number = read_at<std::uint64_t>(bytes, field.offset);
    if (field.kind == KeyField::Kind::probe) {
      values.emplace_back(probes.at(number).name);
    } else if (field.kind == KeyField::Kind::provider) {
      values.emplace_back(probes.at(number).provider);
    } else if ((sign_mask >> field.sign_bit & 1U) != 0) {
      values.emplace_back(Int128{static_cast<std::int64_t>(number)});
    } else {
      values.emplace_back(Int128{number});
    }
  }
  return values;
}

std::string_view to_string(LossReason reason) {
  switch (reason) {
    case LossReason::map_full:
      return "map_full";
    case LossReason::no_start:
      return "no_start";
    case LossReason::start_replaced:
      return "start_replaced";
    case LossReason::start_expired:
      return "start_expired";
    case LossReason::fault:
      return "fault";
    case LossReason::recursion:
      return "recursion";
    case LossReason::unclassified:
      return "unclassified";
    case LossReason::out_of_range:
      return "out_of_range";
  }
  return "fault";
}

}  // namespace sdt
