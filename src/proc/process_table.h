// Every process on the machine and the programs it runs, as the kernel's records tell it.
//
// Purpose:   say which program a pid stood for at a given moment, also after it is gone: a process
//            may live for less than it takes to read its record.
// Ownership: shares its images with whoever still has to account for them.
// Thread:    the loop; pure.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proc/process.h"
#include "proc/record.h"

namespace sdt::proc {

/// A process image: one program in one process, from a fork or an exec to the next exec or the end.
struct Image {
  std::uint32_t pid = 0;
  std::uint64_t began = 0;             ///< ns, CLOCK_MONOTONIC; 0: before anybody looked
  std::optional<std::uint64_t> ended;  ///< by an exec or by the end of the process
  /// Never null. What the records say: comm and exe, and of a forked child what its parent was.
  std::shared_ptr<const Process> facts;
  bool awaits_exe = false;    ///< an exec whose first mapping, the program, has not been reported
  bool is_complete = false;   ///< `facts` was read from /proc while the image ran
  bool is_inherited = false;  ///< … while its parent ran, and a fork has taken it over
  /// When it last took another name, and what it was until then.
  std::uint64_t renamed = 0;
  std::shared_ptr<const Process> facts_before;
  bool has_left_main = false;     ///< the main thread has ended; others may live
  bool maps_traced_file = false;  ///< its events are worth a drain
};
using ImagePtr = std::shared_ptr<Image>;

class ProcessTable {
 public:
  struct Change {
    enum class Kind : std::uint8_t {
      forked,     ///< `image` began as a copy of `other`, its parent (null: not known)
      executed,   ///< `image` took the place of `other`; its exe is known with the first mapping
      mapped,     ///< `image` maps a file
      renamed,    ///< `image` has another comm
      left_main,  ///< the main thread of `image` ended, or a thread after it: is it over?
    };
    Kind kind = Kind::forked;
    ImagePtr image;
    ImagePtr other;
    Mapping mapping;
    std::uint64_t time = 0;
  };

  /// What a record changes; nullopt: nothing that matters. An unknown pid gets an image without
  /// facts, which only /proc can give.
  std::optional<Change> apply(const Record& record);

  /// A process that /proc shows: replaces what the records said where that is less or other.
  /// Returns its image, a new one if this process or program was not known: that then began at
  /// `since` or after, for all that is known.
  ImagePtr saw(const Process& process, std::uint64_t since);

  /// The process is over.
  void end(std::uint32_t pid, std::uint64_t time);

  /// The image that runs; null: none known.
  [[nodiscard]] ImagePtr current(std::uint32_t pid) const;
  /// The image that ran at that moment; null: none known.
  [[nodiscard]] ImagePtr at(std::uint32_t pid, std::uint64_t time) const;
  /// Pids whose process runs, as far as is known.
  [[nodiscard]] std::vector<std::uint32_t> running() const;

  /// Forgets the images that ended before this.
  void forget_ended_before(std::uint64_t time);

 private:
  ImagePtr begin(std::uint32_t pid, std::uint64_t time, std::shared_ptr<const Process> facts);

  /// Of each pid the images that are remembered, oldest first; only the last may still run.
  std::map<std::uint32_t, std::vector<ImagePtr>> images_;
  std::vector<std::uint32_t> ended_;  ///< pids with images to forget
};

}  // namespace sdt::proc
