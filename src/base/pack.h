// Values as bytes and back, for what one run of the daemon leaves to the next.
//
// Purpose:   pack() and unpack() of whatever has a serialize() member or function (cereal,
//            https://uscilab.github.io/cereal/). Bytes are only read by the kind of machine that
//            wrote them.
// Ownership: plain values. Heavy to compile: for .cpp files.
// Thread:    any; pure.
#pragma once

#include <exception>
#include <optional>
#include <sstream>
#include <string>

#include <cereal/archives/binary.hpp>
#include <cereal/types/array.hpp>
#include <cereal/types/chrono.hpp>
#include <cereal/types/map.hpp>
#include <cereal/types/optional.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/utility.hpp>
#include <cereal/types/variant.hpp>
#include <cereal/types/vector.hpp>

#include "base/placement.h"
#include "base/samples.h"

namespace sdt {

template <class Archive>
void serialize(Archive& archive, ProbeName& probe) {
  archive(probe.provider, probe.name);
}

template <class Archive>
void serialize(Archive& archive, ImageKey& key) {
  archive(key.pid, key.image);
}

template <class Archive>
void serialize(Archive& archive, Placement& placement) {
  archive(placement.cgroup, placement.unit, placement.container, placement.pod_uid, placement.pod,
          placement.pod_namespace, placement.container_name);
}

template <class Archive>
void serialize(Archive& archive, ProcessFacts& facts) {
  archive(facts.exe, facts.placement);
}

template <class T>
[[nodiscard]] std::string pack(const T& value) {
  std::ostringstream stream;
  cereal::BinaryOutputArchive archive(stream);
  archive(value);
  return std::move(stream).str();
}

/// Nothing when the bytes are not those of a T. They are trusted to be whole: a checksum is for
/// whoever keeps them.
template <class T>
[[nodiscard]] std::optional<T> unpack(const std::string& bytes) {
  try {
    std::istringstream stream(bytes);
    T value;
    cereal::BinaryInputArchive archive(stream);
    archive(value);
    return value;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace sdt
