#include "daemon/catalog.h"

#include <iterator>
#include <utility>

#include "elf/mapped_file.h"

namespace sdt::daemon {

const CatalogEntry& Catalog::get(const MappedBy& where) {
  const auto known = entries_.find(where.mapping.file);
  if (known != entries_.end()) return known->second;
  return entries_.emplace(where.mapping.file, read(where)).first->second;
}

void Catalog::retain(const std::set<proc::FileId>& files) {
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    entry = files.contains(entry->first) ? std::next(entry) : entries_.erase(entry);
  }
}

CatalogEntry Catalog::read(const MappedBy& where) const {
  CatalogEntry entry{where.mapping.path, nullptr, {}};
  const auto probes = [&]() -> Result<elf::ProbeFile> {
    auto fd = procfs_.open_mapping(where.pid, where.mapping);
    if (!fd) return tl::unexpected(std::move(fd).error());
    auto file = elf::MappedFile::of(fd->get(), where.mapping.path);
    if (!file) return tl::unexpected(std::move(file).error());
    return elf::read_probes(file->bytes());
  }();
  if (probes) {
    entry.probes = std::make_shared<const elf::ProbeFile>(*probes);
  } else if (probes.error().code != Errc::unsupported) {
    entry.problem = probes.error().message;
  }
  return entry;
}

}  // namespace sdt::daemon
