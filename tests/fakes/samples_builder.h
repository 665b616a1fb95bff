// Handmade drains, in the very bytes the kernel side would deliver.
//
// Purpose:   tests say "process 7, labels (read, -1), words …" and get Samples.
// Ownership: plain values.
// Thread:    any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/samples.h"

namespace sdt::fakes {

class SamplesBuilder {
 public:
  SamplesBuilder(CellKind kind, std::size_t words_per_cell) {
    samples_.kind = kind;
    samples_.words_per_cell = words_per_cell;
  }

  SamplesBuilder& with_integer() { return with_field(KeyField::Kind::integer, 8); }
  SamplesBuilder& with_string(std::uint16_t size) {
    return with_field(KeyField::Kind::string, size);
  }
  SamplesBuilder& with_probe() { return with_field(KeyField::Kind::probe, 8); }
  SamplesBuilder& with_probes(std::vector<ProbeName> probes) {
    samples_.probes = std::move(probes);
    return *this;
  }

  /// One key with its cumulative words. Labels come in the order of the fields; a probe is its
  /// number.
  SamplesBuilder& cell(std::uint32_t pid, const std::vector<RawLabel>& labels,
                       const std::vector<std::uint64_t>& words) {
    const std::string key = key_of(pid, labels);
    const auto* bytes = reinterpret_cast<const std::byte*>(key.data());
    samples_.keys.insert(samples_.keys.end(), bytes, bytes + key.size());
    samples_.words.insert(samples_.words.end(), words.begin(), words.end());
    return *this;
  }

  SamplesBuilder& other(std::vector<std::uint64_t> words) {
    samples_.other = std::move(words);
    return *this;
  }

  /// The raw bytes of a key.
  [[nodiscard]] std::string key_of(std::uint32_t pid, const std::vector<RawLabel>& labels) const {
    std::string key(samples_.layout.size, '\0');
    std::uint32_t signs = 0;
    constexpr std::uint64_t image = 0xfeed;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const KeyField& field = samples_.layout.fields[i];
      if (const auto* text = std::get_if<std::string>(&labels[i])) {
        std::memcpy(key.data() + field.offset, text->data(), text->size());
        continue;
      }
      const Int128 number = std::get<Int128>(labels[i]);
      if (number < 0) signs |= 1U << field.sign_bit;
      const auto bits = static_cast<std::uint64_t>(number);
      std::memcpy(key.data() + field.offset, &bits, sizeof bits);
    }
    std::memcpy(key.data(), &pid, sizeof pid);
    std::memcpy(key.data() + sizeof pid, &signs, sizeof signs);
    if (pid != 0) std::memcpy(key.data() + 8, &image, sizeof image);
    return key;
  }

  [[nodiscard]] operator const Samples&() const { return samples_; }

 private:
  SamplesBuilder& with_field(KeyField::Kind kind, std::uint16_t size) {
    KeyLayout& layout = samples_.layout;
    layout.fields.push_back({kind, static_cast<std::uint16_t>(layout.size), size,
                             static_cast<std::uint8_t>(layout.fields.size())});
    layout.size += size;
    return *this;
  }

  Samples samples_;
};

}  // namespace sdt::fakes
