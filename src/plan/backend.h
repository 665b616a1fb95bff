// What the plan asks of the kernel.
//
// Purpose:   the interface that kernel/ implements, so that supervising logic is testable without a
//            kernel.
// Ownership: a MetricProgram owns its program and maps, a Link its attachments; destroying them
//            gives everything back.
// Thread:    the loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/samples.h"
#include "base/unique_fd.h"
#include "plan/select.h"
#include "spec/config.h"

namespace sdt::plan {

/// What the kernel noted of an image at its first event that no verdict was there for.
struct Newcomer {
  std::uint32_t target = 0;
  ImageKey image;
  std::uint64_t first_event = 0;  ///< ns, CLOCK_MONOTONIC
  std::uint64_t cgroup = 0;       ///< id in the unified hierarchy
  std::uint32_t uid = 0;
  std::string comm;
};

/// Whether a process that maps a traced file belongs to the target.
enum class Verdict : std::uint8_t { member, foreign };

struct Judgement {
  std::uint32_t target = 0;
  ImageKey image;
  Verdict verdict = Verdict::foreign;
};

/// A kernel object by a name that is its own among those of its owner: what a later run of the
/// daemon needs to go on with it. The descriptor stays its owner's.
struct Handle {
  std::string name;
  int fd = -1;
};

/// The same on its way back.
struct Adopted {
  std::map<std::string, UniqueFd> handles;
  std::string notes;  ///< what notes() said
};

/// A metric's program attached to the sites of one file. Destroying it detaches.
class Link {
 public:
  virtual ~Link() = default;

  /// Empty when it cannot be handed over.
  [[nodiscard]] virtual std::vector<Handle> handles() const = 0;
  /// What the handles do not tell: to be kept with them.
  [[nodiscard]] virtual std::string notes() const = 0;

  /// Detaches. The kernel may take 0.1 s for it, so that this may be called on another thread than
  /// the loop's; destroying the link afterwards takes no time.
  virtual void close() = 0;
  /// How many sites the link still holds. Any thread may ask while another one closes it.
  [[nodiscard]] virtual std::size_t sites_left() const = 0;
};

/// The BPF program and maps of one metric.
class MetricProgram {
 public:
  virtual ~MetricProgram() = default;

  /// Attaches to every site or to none. `fd` is the open file, `name` its path for messages.
  [[nodiscard]] virtual Result<std::unique_ptr<Link>> attach(
      int fd, const std::string& name, std::span<const SelectedSite> sites) = 0;

  /// The link that `adopted` was; attached to this program, whichever daemon did it.
  [[nodiscard]] virtual Result<std::unique_ptr<Link>> adopt(Adopted adopted) = 0;

  /// As those of Link.
  [[nodiscard]] virtual std::vector<Handle> handles() const = 0;
  [[nodiscard]] virtual std::string notes() const = 0;

  /// Cumulative cells of all series.
  [[nodiscard]] virtual Result<Samples> drain() = 0;
  [[nodiscard]] virtual Result<Tally> tally() = 0;

  /// Frees the map entries of these raw keys. Their processes are gone or they were idle for long.
  virtual void forget_keys(std::span<const std::string> keys) = 0;

  /// Frees starts in flight of processes that ended, and returns how many there were: they are
  /// lost. Starts in task-local storage go with their thread, uncounted.
  [[nodiscard]] virtual std::uint64_t expire_starts(
      const std::function<bool(const ImageKey&)>& has_ended) = 0;

  /// Kernel memory of the metric's own maps, in bytes, as sized (an estimate from above of what is
  /// touched).
  [[nodiscard]] virtual std::uint64_t map_bytes() const = 0;
};

class Backend {
 public:
  virtual ~Backend() = default;

  /// Whether a probe on a 5-byte nop leaves the program's stack alone on this kernel.
  [[nodiscard]] virtual bool may_use_five_byte_nops() const = 0;

  /// Loads program and maps for a metric. `target` is the number under which judge() speaks of its
  /// target; `metric` must outlive what is returned.
  [[nodiscard]] virtual Result<std::unique_ptr<MetricProgram>> load(std::uint32_t target,
                                                                    const spec::Metric& metric) = 0;

  /// The program that `adopted` was, as long as load() would make one that is the same in every
  /// bit: else Errc::unsupported.
  [[nodiscard]] virtual Result<std::unique_ptr<MetricProgram>> adopt(std::uint32_t target,
                                                                     const spec::Metric& metric,
                                                                     Adopted adopted) = 0;
  /// What all programs share; see Link.
  [[nodiscard]] virtual std::vector<Handle> handles() const = 0;
  [[nodiscard]] virtual std::string notes() const = 0;

  /// What a hit takes apart from the metric's program.
  [[nodiscard]] virtual std::chrono::nanoseconds trap_cost() const = 0;
  /// Has the kernel measure how long programs run, until the descriptor is closed. It takes
  /// CAP_SYS_ADMIN.
  [[nodiscard]] virtual Result<UniqueFd> measure_runs() = 0;
  /// True while the kernel does so anyway, because the administrator asked for it.
  [[nodiscard]] virtual bool are_runs_measured() const = 0;

  /// Images that fired and wait for a judgement.
  [[nodiscard]] virtual Result<std::vector<Newcomer>> newcomers() = 0;

  /// From now on events of this image are counted (member) or passed over (foreign), and it is no
  /// newcomer any more. Before a judgement they are recorded under the image.
  [[nodiscard]] virtual Status judge(std::uint32_t target, const ImageKey& image,
                                     Verdict verdict) = 0;
  /// Everything that was judged and not forgotten.
  [[nodiscard]] virtual Result<std::vector<Judgement>> judgements() = 0;
  /// Takes word back of an image that was judged meanwhile.
  virtual void dismiss(std::uint32_t target, const ImageKey& image) = 0;
  /// Takes word and judgement back; for images that have ended.
  virtual void forget(std::uint32_t target, const ImageKey& image) = 0;
};

}  // namespace sdt::plan
