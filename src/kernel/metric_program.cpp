#include "kernel/metric_program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/bpf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <probe.skel.h>

#include "kernel/bpf_call.h"
#include "kernel/map_reader.h"
#include "kernel/uprobe_link.h"

namespace sdt::kernel {
namespace {

/// Sets what map creation is told; libbpf fails these only on a map that exists already.
struct MapShape {
  bpf_map_type type;
  std::uint32_t entries;
  std::uint32_t key_size;
  std::uint32_t value_size;
};
void shape(bpf_map* map, const MapShape& to) {
  bpf_map__set_type(map, to.type);
  bpf_map__set_max_entries(map, to.entries);
  bpf_map__set_key_size(map, to.key_size);
  bpf_map__set_value_size(map, to.value_size);
}

void shape_maps(const struct probe& skeleton, const ProgramConfig& config) {
  const MapSizes& sizes = config.maps;
  shape(skeleton.maps.series, {sizes.series_per_cpu ? BPF_MAP_TYPE_PERCPU_HASH : BPF_MAP_TYPE_HASH,
                               sizes.series_entries, config.program.key_size, sizes.cell_size});
  shape(skeleton.maps.other, {BPF_MAP_TYPE_ARRAY, 1, sizeof(std::uint32_t), sizes.cell_size});
  shape(skeleton.maps.spills,
        {BPF_MAP_TYPE_HASH, SDT_MAX_SPILLS, sizeof(sdt_process_key), sizes.cell_size});
  shape(skeleton.maps.hits, {BPF_MAP_TYPE_PERCPU_ARRAY, sizes.probe_entries, sizeof(std::uint32_t),
                             sizeof(std::uint64_t)});
  shape(skeleton.maps.pairs,
        {BPF_MAP_TYPE_HASH, sizes.pair_entries, sizeof(sdt_pair_key), sizes.pair_size});
  // Maps the program never reaches are not made; the verifier removes the code that names them.
  const bool stack = config.program.nesting == SDT_NESTING_STACK;
  const bool in_tasks = config.program.task_storage != 0;
  const bool in_hash = config.program.source == SDT_SOURCE_INTERVAL && !in_tasks;
  bpf_map__set_autocreate(skeleton.maps.pairs, in_hash);
  bpf_map__set_autocreate(skeleton.maps.thread_starts, in_tasks && !stack);
  bpf_map__set_autocreate(skeleton.maps.thread_stacks, in_tasks && stack);
}

Status share_maps(const struct probe& skeleton, const SharedMaps& shared) {
  for (const auto& [map, fd] : {std::pair{skeleton.maps.sites, shared.sites},
                                std::pair{skeleton.maps.verdicts, shared.verdicts},
                                std::pair{skeleton.maps.newcomers, shared.newcomers},
                                std::pair{skeleton.maps.scratch, shared.scratch},
                                std::pair{skeleton.maps.scratch_in_use, shared.scratch_in_use}}) {
    if (const int error = bpf_map__reuse_fd(map, fd); error != 0)
      return fail_errno(-error, "sharing a BPF map");
  }
  return {};
}

std::uint64_t word_at(std::span<const std::uint64_t> words, std::size_t index) {
  return index < words.size() ? words[index] : 0;
}

}  // namespace

void MetricProgramImpl::SkeletonDeleter::operator()(struct probe* skeleton) const {
  probe__destroy(skeleton);
}

MetricProgramImpl::MetricProgramImpl(ProgramConfig config, Descriptors descriptors,
                                     const Features& features, std::shared_ptr<SiteTable> sites)
    : config_(std::move(config)),
      descriptors_(std::move(descriptors)),
      features_(features),
      sites_(std::move(sites)) {}

MetricProgramImpl::~MetricProgramImpl() = default;

Result<std::unique_ptr<MetricProgramImpl>> MetricProgramImpl::load(
    const spec::Metric& metric, std::uint32_t target, const Features& features,
    const SharedMaps& shared, std::shared_ptr<SiteTable> sites) {
  auto config = configure(metric, options_for(target, features));
  if (!config) return tl::unexpected(std::move(config).error());

  Skeleton skeleton(probe__open());
  if (!skeleton) return fail_errno(errno, "opening the BPF object");
  std::memcpy(&skeleton->rodata->program, &config->program, sizeof config->program);
  shape_maps(*skeleton, *config);
  if (auto status = share_maps(*skeleton, shared); !status)
    return tl::unexpected(std::move(status).error());

  bpf_program* program = skeleton->progs.sdt_probe;
  if (features.uprobe_multi) {
    bpf_program__set_expected_attach_type(program,
                                          static_cast<bpf_attach_type>(attach_type_uprobe_multi));
  }
  if (features.sleepable) bpf_program__set_flags(program, BPF_F_SLEEPABLE);
  if (const int error = probe__load(skeleton.get()); error != 0) {
    return fail_errno(
        -error,
        fmt::format(
            "loading the BPF program of {} (the kernel's verifier log is at log level debug)",
            metric.name));
  }
  auto descriptors = descriptors_of(*skeleton);
  if (!descriptors) return tl::unexpected(std::move(descriptors).error());
  std::unique_ptr<MetricProgramImpl> loaded(new MetricProgramImpl(
      std::move(*config), std::move(*descriptors), features, std::move(sites)));
  if (!features.uprobe_multi) loaded->skeleton_ = std::move(skeleton);
  return loaded;
}

/// The skeleton holds far more than descriptors (the object file, libbpf's view of it) and need not
/// stay for them.
Result<MetricProgramImpl::Descriptors> MetricProgramImpl::descriptors_of(
    const struct probe& skeleton) {
  Descriptors descriptors;
  const auto& maps = skeleton.maps;
  for (const auto& [to, fd] :
       {std::pair{&descriptors.program, bpf_program__fd(skeleton.progs.sdt_probe)},
        std::pair{&descriptors.series, bpf_map__fd(maps.series)},
        std::pair{&descriptors.other, bpf_map__fd(maps.other)},
        std::pair{&descriptors.spills, bpf_map__fd(maps.spills)},
        std::pair{&descriptors.tally, bpf_map__fd(maps.tally)},
        std::pair{&descriptors.hits, bpf_map__fd(maps.hits)},
        std::pair{&descriptors.pairs, bpf_map__fd(maps.pairs)},
        std::pair{&descriptors.thread_starts, bpf_map__fd(maps.thread_starts)},
        std::pair{&descriptors.thread_stacks, bpf_map__fd(maps.thread_stacks)}}) {
    if (fd < 0) continue;  // not made: nothing would use it
    *to = UniqueFd(fcntl(fd, F_DUPFD_CLOEXEC, 3));
    if (!to->valid()) return fail_errno(errno, "keeping a BPF object's descriptor");
  }
  return descriptors;
}

std::uint64_t MetricProgramImpl::probe_number(const ProbeName& probe) {
  const auto known = std::find(probes_.begin(), probes_.end(), probe);
  if (known != probes_.end()) return static_cast<std::uint64_t>(known - probes_.begin());
  // The last number stands for every name past the ones that can be told apart.
  const std::size_t last = config_.maps.probe_entries - 1;
  if (probes_.size() < last) {
    probes_.push_back(probe);
  } else if (probes_.size() == last) {
    probes_.push_back({"other", "other"});
  }
  return probes_.size() - 1;
}

Result<std::unique_ptr<plan::Link>> MetricProgramImpl::attach(
    int fd, const std::string& name, std::span<const plan::SelectedSite> sites) {
  if (!features_.uprobe_multi) {
    if (auto status = allow_perf_sites(sites_->sites(), sites.size()); !status)
      return fail_within(fmt::format("attach {}", name), std::move(status).error());
  }
  SiteEntries entries(sites_);
  AttachPoints points;
  for (const plan::SelectedSite& site : sites) {
    auto entry = entries.acquire(site_layout(site.arguments));
    if (!entry) return fail_within(fmt::format("attach {}", name), std::move(entry).error());
    points.offsets.push_back(site.offset);
    points.semaphore_offsets.push_back(site.semaphore_offset);
    points.cookies.push_back(*entry | probe_number(site.probe) << SDT_COOKIE_SITE_BITS |
                             std::uint64_t{site.roles}
                                 << (SDT_COOKIE_SITE_BITS + SDT_COOKIE_PROBE_BITS));
  }
  const std::string path = fmt::format("/proc/self/fd/{}", fd);
  if (features_.uprobe_multi) {
    return attach_multi(descriptors_.program.get(), path, name, points, std::move(entries));
  }
  return attach_perf(skeleton_->progs.sdt_probe, path, name, points, std::move(entries));
}

Result<Samples> MetricProgramImpl::drain() {
  Samples samples;
  samples.kind = config_.cell;
  samples.has_fraction = config_.program.keeps_fraction != 0;
  samples.words_per_cell = config_.maps.cell_size / sizeof(std::uint64_t);
  samples.layout = config_.layout;
  samples.probes = probes_;
  const HashShape shape{config_.layout.size, config_.maps.cell_size,
                        config_.maps.series_per_cpu ? features_.possible_cpus : 1,
                        added_words(samples.kind, samples.words_per_cell)};
  auto status = read_hash(descriptors_.series.get(), shape, [&](auto key, auto words) {
    samples.keys.insert(samples.keys.end(), key.begin(), key.end());
    samples.words.insert(samples.words.end(), words.begin(), words.end());
  });
  if (!status) return tl::unexpected(std::move(status).error());

  const HashShape spill_shape{sizeof(sdt_process_key), config_.maps.cell_size, 1};
  status = read_hash(descriptors_.spills.get(), spill_shape, [&](auto bytes, auto words) {
    sdt_process_key image{};
    std::memcpy(&image, bytes.data(), sizeof image);
    const sdt_key_header header{image.pid, spilled_bit, image.image};
    const std::size_t at = samples.keys.size();
    samples.keys.resize(at + config_.layout.size);
    std::memcpy(samples.keys.data() + at, &header, sizeof header);
    samples.words.insert(samples.words.end(), words.begin(), words.end());
  });
  if (!status) return tl::unexpected(std::move(status).error());

  const std::uint32_t zero = 0;
  samples.other.resize(samples.words_per_cell);
  if (bpf_map_lookup_elem(descriptors_.other.get(), &zero, samples.other.data()) != 0) {
    return fail_errno(errno, "reading the `other` cell");
  }
  return samples;
}

Result<Tally> MetricProgramImpl::tally() {
  Tally tally;
  auto hits =
      read_per_cpu_counters(descriptors_.hits.get(), probes_.size(), features_.possible_cpus);
  if (!hits) return tl::unexpected(std::move(hits).error());
  tally.hits = std::move(*hits);
  auto counters =
      read_per_cpu_counters(descriptors_.tally.get(), SDT_TALLY_COUNT, features_.possible_cpus);
  if (!counters) return tl::unexpected(std::move(counters).error());
  tally.filtered = word_at(*counters, SDT_TALLY_FILTERED);
  tally.foreign = word_at(*counters, SDT_TALLY_FOREIGN);
  tally.strings_cut = word_at(*counters, SDT_TALLY_STRINGS_CUT);
  for (std::size_t i = 0; i < loss_reason_count; ++i)
    tally.lost[i] = word_at(*counters, SDT_TALLY_LOST + i);

  bpf_prog_info info{};
  std::uint32_t size = sizeof info;
  if (bpf_obj_get_info_by_fd(descriptors_.program.get(), &info, &size) == 0) {
    tally.run_nanoseconds = info.run_time_ns;
    tally.runs = info.run_cnt;
    tally.lost[static_cast<std::size_t>(LossReason::recursion)] += info.recursion_misses;
  }
  return tally;
}

void MetricProgramImpl::forget_keys(std::span<const std::string> keys) {
  // A key that is already gone is what we want; nothing else can go wrong with a valid descriptor.
  for (const std::string& key : keys) {
    const auto bytes = std::as_bytes(std::span(key));
    if (is_spilled(bytes)) {
      const ImageKey image = image_of(bytes);
      const sdt_process_key spilled{image.pid, config_.program.target, image.image};
      bpf_map_delete_elem(descriptors_.spills.get(), &spilled);
    } else {
      bpf_map_delete_elem(descriptors_.series.get(), key.data());
    }
  }
}

std::uint64_t MetricProgramImpl::expire_starts(
    const std::function<bool(const ImageKey&)>& has_ended) {
  if (!descriptors_.pairs.valid()) return 0;
  const int map_fd = descriptors_.pairs.get();
  std::map<ImageKey, bool> ended;
  std::vector<sdt_pair_key> stale;
  const auto status =
      read_hash(map_fd, {sizeof(sdt_pair_key), config_.maps.pair_size, 1}, [&](auto bytes, auto) {
        sdt_pair_key key{};
        std::memcpy(&key, bytes.data(), sizeof key);
        const auto [known, is_new] = ended.try_emplace(ImageKey{key.pid, key.image}, false);
        if (is_new) known->second = has_ended(known->first);
        if (known->second) stale.push_back(key);
      });
  std::uint64_t expired = 0;
  for (const sdt_pair_key& key : stale) {
    if (bpf_map_delete_elem(map_fd, &key) == 0) ++expired;
  }
  // What could not be read stays in the map and is found the next time.
  static_cast<void>(status);
  return expired;
}

std::uint64_t MetricProgramImpl::map_bytes() const {
  return kernel::map_bytes(config_, features_.possible_cpus);
}

}  // namespace sdt::kernel
