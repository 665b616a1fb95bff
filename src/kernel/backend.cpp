#include "kernel/backend.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "kernel/map_reader.h"
#include "kernel/metric_program.h"

namespace sdt::kernel {
namespace {

/// Processes that can be judged at one time, over all targets.
constexpr std::uint32_t verdict_entries = 32768;

/// libbpf's hook takes a plain function, so that what it calls has to be reachable from one.
LogSink& log_sink() {
  static LogSink sink;
  return sink;
}

[[gnu::format(printf, 2, 0)]] int print_libbpf(libbpf_print_level level, const char* format,
                                               va_list arguments) {
  if (!log_sink()) return 0;
  std::array<char, 2048> line{};
  const int length = std::vsnprintf(line.data(), line.size(), format, arguments);
  std::string_view text(line.data());
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  log_sink()(level == LIBBPF_WARN, text);
  return length;
}

Result<UniqueFd> make_map(bpf_map_type type, const char* name, std::uint32_t key_size,
                          std::uint32_t value_size, std::uint32_t entries) {
  const int fd = bpf_map_create(type, name, key_size, value_size, entries, nullptr);
  if (fd < 0) return fail_errno(-fd, fmt::format("creating the BPF map {}", name));
  return UniqueFd(fd);
}

}  // namespace

void KernelBackend::set_log(LogSink sink) {
  log_sink() = std::move(sink);
  libbpf_set_print(print_libbpf);
}

Status KernelBackend::make_maps() {
  constexpr std::uint32_t index = sizeof(std::uint32_t);
  struct Shape {
    UniqueFd* to;
    bpf_map_type type;
    const char* name;
    std::uint32_t key_size;
    std::uint32_t value_size;
    std::uint32_t entries;
  };
  const std::array shapes{
      Shape{&sites_map_, BPF_MAP_TYPE_ARRAY, "sdt_sites", index, sizeof(sdt_site), SDT_MAX_SITES},
      Shape{&verdicts_, BPF_MAP_TYPE_HASH, "sdt_verdicts", sizeof(sdt_process_key),
            sizeof(std::uint32_t), verdict_entries},
      Shape{&newcomers_, BPF_MAP_TYPE_HASH, "sdt_newcomers", sizeof(sdt_process_key),
            sizeof(sdt_newcomer), SDT_MAX_NEWCOMERS},
      Shape{&scratch_, BPF_MAP_TYPE_PERCPU_ARRAY, "sdt_scratch", index,
            SDT_MAX_KEY + SDT_STRING_BUFFER, SDT_SCRATCH_SLOTS},
      Shape{&scratch_in_use_, BPF_MAP_TYPE_PERCPU_ARRAY, "sdt_scratch_use", index,
            sizeof(std::uint64_t), 1},
  };
  for (const Shape& shape : shapes) {
    auto map = make_map(shape.type, shape.name, shape.key_size, shape.value_size, shape.entries);
    if (!map) return tl::unexpected(std::move(map).error());
    *shape.to = std::move(*map);
  }
  return {};
}

Result<std::unique_ptr<KernelBackend>> KernelBackend::create(const Features& features,
                                                             plan::Adopted adopted) {
  std::unique_ptr<KernelBackend> backend(new KernelBackend(features));
  if (!backend->adopt_maps(std::move(adopted))) {
    if (auto status = backend->make_maps(); !status) {
      return tl::unexpected(std::move(status).error());
    }
  }
  backend->sites_ = std::make_shared<SiteTable>(backend->sites_map_.get(), SDT_MAX_SITES);
  return backend;
}

Result<std::unique_ptr<plan::MetricProgram>> KernelBackend::load(std::uint32_t target,
                                                                 const spec::Metric& metric) {
  const SharedMaps shared{sites_map_.get(), verdicts_.get(), newcomers_.get(), scratch_.get(),
                          scratch_in_use_.get()};
  auto program = MetricProgramImpl::load(metric, target, features_, shared, sites_);
  if (!program) return tl::unexpected(std::move(program).error());
  return std::move(*program);
}

Result<std::unique_ptr<plan::MetricProgram>> KernelBackend::adopt(std::uint32_t target,
                                                                  const spec::Metric& metric,
                                                                  plan::Adopted adopted) {
  if (!is_adopted_) return fail(Errc::unsupported, "the maps that it shares with others are new");
  auto program = MetricProgramImpl::adopt(metric, target, features_, sites_, std::move(adopted));
  if (!program) return tl::unexpected(std::move(program).error());
  return std::move(*program);
}

Result<UniqueFd> KernelBackend::measure_runs() {
  const int fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
  if (fd < 0) return fail_errno(-fd, "having the kernel measure how long BPF programs run");
  return UniqueFd(fd);
}

bool KernelBackend::are_runs_measured() const {
  char value = '0';
  const UniqueFd file(open("/proc/sys/kernel/bpf_stats_enabled", O_RDONLY | O_CLOEXEC));
  return file.valid() && read(file.get(), &value, 1) == 1 && value == '1';
}

Result<std::vector<plan::Judgement>> KernelBackend::judgements() {
  // Read one by one: the values are half a word, which batches of whole words cannot hold.
  std::vector<plan::Judgement> found;
  sdt_process_key key{};
  const sdt_process_key* previous = nullptr;
  sdt_process_key next{};
  while (bpf_map_get_next_key(verdicts_.get(), previous, &next) == 0) {
    key = next;
    previous = &key;
    std::uint32_t value = 0;
    if (bpf_map_lookup_elem(verdicts_.get(), &key, &value) != 0) continue;
    found.push_back({key.target,
                     {key.pid, key.image},
                     value == SDT_MEMBER ? plan::Verdict::member : plan::Verdict::foreign});
  }
  if (errno != ENOENT) return fail_errno(errno, "reading which processes were judged");
  return found;
}

Result<std::vector<plan::Newcomer>> KernelBackend::newcomers() {
  std::vector<plan::Newcomer> found;
  const HashShape shape{sizeof(sdt_process_key), sizeof(sdt_newcomer), 1};
  auto status = read_hash(newcomers_.get(), shape, [&](auto key_bytes, auto words) {
    sdt_process_key key{};
    sdt_newcomer noted{};
    std::memcpy(&key, key_bytes.data(), sizeof key);
    std::memcpy(&noted, words.data(), sizeof noted);
    const std::size_t length = strnlen(noted.comm, sizeof noted.comm);
    found.push_back({key.target,
                     {key.pid, key.image},
                     noted.first_nsecs,
                     noted.cgroup,
                     noted.uid,
                     std::string(noted.comm, length)});
  });
  if (!status) return tl::unexpected(std::move(status).error());
  return found;
}

Status KernelBackend::judge(std::uint32_t target, const ImageKey& image, plan::Verdict verdict) {
  const sdt_process_key key{image.pid, target, image.image};
  const std::uint32_t value = verdict == plan::Verdict::member ? SDT_MEMBER : SDT_FOREIGN;
  if (bpf_map_update_elem(verdicts_.get(), &key, &value, BPF_ANY) != 0) {
    return fail_errno(
        errno, fmt::format("telling the kernel which target process {} belongs to", image.pid));
  }
  dismiss(target, image);
  return {};
}

void KernelBackend::dismiss(std::uint32_t target, const ImageKey& image) {
  const sdt_process_key key{image.pid, target, image.image};
  // ENOENT is the state wanted.
  bpf_map_delete_elem(newcomers_.get(), &key);
}

void KernelBackend::forget(std::uint32_t target, const ImageKey& image) {
  dismiss(target, image);
  const sdt_process_key key{image.pid, target, image.image};
  bpf_map_delete_elem(verdicts_.get(), &key);
}

}  // namespace sdt::kernel
