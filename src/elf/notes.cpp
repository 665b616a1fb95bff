#include "elf/notes.h"

#include <elf.h>

namespace sdt::elf {
namespace {

std::uint64_t padded(std::uint64_t size) {
  return (size + 3) / 4 * 4;
}

}  // namespace

std::optional<Note> NoteWalk::next() {
  const auto header = section_.read<Elf64_Nhdr>(offset_);
  if (!header) return std::nullopt;
  const std::uint64_t owner_at = offset_ + sizeof(Elf64_Nhdr);
  const std::uint64_t descriptor_at = owner_at + padded(header->n_namesz);
  const auto owner = section_.slice(owner_at, header->n_namesz);
  const auto descriptor = section_.slice(descriptor_at, header->n_descsz);
  if (!owner || !descriptor) return std::nullopt;

  std::string_view name = owner->as_text();
  if (name.ends_with('\0')) name.remove_suffix(1);
  const Note note{offset_, header->n_type, name, *descriptor};
  offset_ = descriptor_at + padded(header->n_descsz);
  return note;
}

}  // namespace sdt::elf
