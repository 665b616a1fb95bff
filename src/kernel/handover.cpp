// Handing programs over: what goes out with the descriptors, and what must hold when they come
// back.
#include "kernel/metric_program.h"

#include <bpf/libbpf.h>

#include <cstring>
#include <type_traits>
#include <utility>

#include <probe.skel.h>

#include "base/digest.h"
#include "base/pack.h"
#include "kernel/backend.h"
#include "kernel/uprobe_link.h"

namespace sdt::kernel {
namespace {

/// The BPF object that this version was built with.
std::uint64_t digest_of_object() {
  Digest digest;
  std::size_t size = 0;
  const void* object = probe__elf_bytes(&size);
  digest.add(object, size);
  return digest.value();
}

/// Equal for programs that are the same in every bit and have maps of the same shapes.
std::uint64_t digest_of(const ProgramConfig& config, const Features& features) {
  Digest digest;
  static_assert(std::has_unique_object_representations_v<sdt_program>, "padding would be digested");
  digest.add(&config.program, sizeof config.program);
  for (const std::uint64_t number :
       {digest_of_object(), std::uint64_t{config.maps.series_entries},
        std::uint64_t{config.maps.cell_size}, std::uint64_t{config.maps.series_per_cpu},
        std::uint64_t{config.maps.pair_entries}, std::uint64_t{config.maps.pair_size},
        std::uint64_t{config.maps.probe_entries}, std::uint64_t{features.possible_cpus},
        std::uint64_t{features.uprobe_multi}}) {
    digest.add(&number, sizeof number);
  }
  return digest.value();
}

struct Notes {
  std::uint64_t digest = 0;
  std::vector<ProbeName> probes;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(digest, probes);
  }
};

}  // namespace

std::vector<plan::Handle> KernelBackend::handles() const {
  return {{"sites", sites_map_.get()},
          {"verdicts", verdicts_.get()},
          {"newcomers", newcomers_.get()},
          {"scratch", scratch_.get()},
          {"scratch-in-use", scratch_in_use_.get()}};
}

std::string KernelBackend::notes() const {
  return pack(digest_of_object());
}

bool KernelBackend::adopt_maps(plan::Adopted adopted) {
  if (unpack<std::uint64_t>(adopted.notes) != digest_of_object()) return false;
  for (const auto& [name, to] :
       {std::pair{"sites", &sites_map_}, std::pair{"verdicts", &verdicts_},
        std::pair{"newcomers", &newcomers_}, std::pair{"scratch", &scratch_},
        std::pair{"scratch-in-use", &scratch_in_use_}}) {
    const auto found = adopted.handles.find(name);
    if (found == adopted.handles.end()) return false;  // what was taken is made anew
    *to = std::move(found->second);
  }
  is_adopted_ = true;
  return true;
}

std::vector<plan::Handle> MetricProgramImpl::handles() const {
  std::vector<plan::Handle> handles;
  if (!features_.uprobe_multi) return handles;  // its links could not come along
  for (const auto& [name, fd] : Descriptors::named(descriptors_)) {
    if (fd->valid()) handles.push_back({name, fd->get()});
  }
  return handles;
}

/// The digest, and the names behind the probe numbers in cookies and keys.
std::string MetricProgramImpl::notes() const {
  return pack(Notes{digest_of(config_, features_), probes_});
}

Result<std::unique_ptr<MetricProgramImpl>> MetricProgramImpl::adopt(
    const spec::Metric& metric, std::uint32_t target, const Features& features,
    std::shared_ptr<SiteTable> sites, plan::Adopted adopted) {
  auto config = configure(metric, options_for(target, features));
  if (!config) return tl::unexpected(std::move(config).error());
  auto notes = unpack<Notes>(adopted.notes);
  if (!notes || notes->digest != digest_of(*config, features)) {
    return fail(Errc::unsupported, "it was made by another version, or for another kernel");
  }
  Descriptors descriptors;
  for (const auto& [name, fd] : Descriptors::named(descriptors)) {
    const auto found = adopted.handles.find(name);
    if (found != adopted.handles.end()) *fd = std::move(found->second);
  }
  const bool is_whole = descriptors.program.valid() && descriptors.series.valid() &&
                        descriptors.other.valid() && descriptors.spills.valid() &&
                        descriptors.tally.valid() && descriptors.hits.valid();
  if (!is_whole) return fail(Errc::unsupported, "some of its descriptors are missing");
  std::unique_ptr<MetricProgramImpl> program(new MetricProgramImpl(
      std::move(*config), std::move(descriptors), features, std::move(sites)));
  program->probes_ = std::move(notes->probes);
  return program;
}

Result<std::unique_ptr<plan::Link>> MetricProgramImpl::adopt(plan::Adopted adopted) {
  const auto link = adopted.handles.find("link");
  if (link == adopted.handles.end() || !link->second.valid()) {
    return fail(Errc::unsupported, "its descriptor is missing");
  }
  SiteEntries entries(sites_);
  const auto numbers = unpack<std::vector<std::uint32_t>>(adopted.notes);
  if (!numbers) return fail(Errc::unsupported, "its notes cannot be read");
  for (const std::uint32_t entry : *numbers) {
    if (auto status = entries.adopt(entry); !status) {
      return tl::unexpected(std::move(status).error());
    }
  }
  return multi_link(std::move(link->second), std::move(entries));
}

}  // namespace sdt::kernel
