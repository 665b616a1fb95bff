// Engine: whose events are whose.
//
// A running process is judged by what the records and /proc say of it; an image that fired, by what
// was known of it at its first event, also when it is gone by now.
#include <algorithm>
#include <functional>
#include <utility>

#include "daemon/engine.h"

namespace sdt::daemon {

using proc::ImagePtr;

Engine::Belongs Engine::judge(const TargetState& target, const ImagePtr& image) {
  const bool has_program = !image->facts->exe.empty();
  const plan::Match match =
      has_program ? plan::matches_program(target.target, *image->facts) : plan::Match::depends;
  if (match == plan::Match::no) return Belongs::no;
  if (match == plan::Match::yes) return Belongs::yes;
  if (!image->is_complete && !complete(image)) return Belongs::unknown;
  return plan::belongs(target.target, *image->facts) ? Belongs::yes : Belongs::no;
}

/// The same of an image at a moment: it may have taken another name since, and place() will then
/// see to it.
Engine::Belongs Engine::judge_at(const TargetState& target, const ImagePtr& image,
                                 std::uint64_t when) {
  if (image->facts_before && when < image->renamed && !image->facts_before->exe.empty()) {
    const plan::Match match = plan::matches_program(target.target, *image->facts_before);
    if (match == plan::Match::no) return Belongs::no;
    if (match == plan::Match::yes) return Belongs::yes;
  }
  return judge(target, image);
}

/// Asks /proc for what the records do not tell. False: it is too late.
bool Engine::complete(const ImagePtr& image) {
  if (image->ended || table_.current(image->pid) != image) return false;
  auto process = procfs_.read(image->pid);
  if (!process) return false;
  if (image->awaits_exe) return false;
  // The program is mapped a moment before its arguments are in place.
  const std::uint64_t age = to_nanoseconds(std::chrono::steady_clock::now()) - image->began;
  if (process->cmdline.empty() && age < 1'000'000'000) return false;
  const std::string& exe = image->facts->exe;
  if (!exe.empty() && exe != process->exe) {
    // An exec whose record is on its way; or a chroot, where the record has the process's own view.
    if (process->comm != image->facts->comm) return false;
    process->exe = exe;
  }
  image->facts = std::make_shared<const proc::Process>(std::move(*process));
  image->is_complete = true;
  image->is_inherited = false;
  return true;
}

/// Lets a process in or out whose facts have changed while it ran.
void Engine::place(TargetState& target, const ImagePtr& image, Time now) {
  const bool is_member = target.roster.is_member(image);
  const Belongs belongs = judge(target, image);
  if (belongs == Belongs::unknown || is_member == (belongs == Belongs::yes)) return;
  // What it did so far is added up while it is known as what it was.
  introduce(target, image);
  const auto keys = target.roster.keys_of(image);
  if (!keys.empty()) drain(target, now);
  for (const ImageKey& key : keys) {
    target.roster.bind(key, image, !is_member);
    const Status judged = backend_.judge(
        target.number, key, is_member ? plan::Verdict::foreign : plan::Verdict::member);
    if (!judged)
      log_.warn("process not announced to the kernel", {{"error", judged.error().message}});
  }
  if (is_member) {
    target.roster.leave(image->pid);
    attacher_.left(target, image->pid);
  } else {
    target.roster.join(image);
    look_at_maps(target, image);
  }
}

/* ---- images that fired ----------------------------------------------------------------------- */

/// Finds out who has fired for the first time since the previous drain.
void Engine::introduce(Time now) {
  auto newcomers = backend_.newcomers();
  if (!newcomers) {
    log_.error("cannot read who has fired", {{"error", newcomers.error().message}});
    return;
  }
  take_records(now);
  // The youngest of a pid is what /proc shows; what came before it is what was known.
  std::ranges::sort(*newcomers, std::greater<>(), &plan::Newcomer::first_event);
  for (const plan::Newcomer& newcomer : *newcomers) {
    const auto found = std::ranges::find(targets_, newcomer.target, &TargetState::number);
    if (found == targets_.end()) {  // of a target that is no more
      backend_.dismiss(newcomer.target, newcomer.image);
      continue;
    }
    TargetState& target = *found;
    if (target.roster.is_bound(newcomer.image)) {
      // Its judgement and its first event crossed each other.
      backend_.dismiss(newcomer.target, newcomer.image);
    } else {
      bind(target, newcomer.image, newcomer.first_event, &newcomer);
    }
  }
}

/// The same of one image alone.
void Engine::introduce(TargetState& target, const ImagePtr& image) {
  const auto newcomers = backend_.newcomers();
  if (!newcomers) return;  // the next drain says so
  for (const plan::Newcomer& newcomer : *newcomers) {
    if (newcomer.target != target.number || target.roster.is_bound(newcomer.image)) continue;
    if (table_.at(newcomer.image.pid, newcomer.first_event) != image) continue;
    bind(target, newcomer.image, newcomer.first_event, &newcomer);
  }
}

/// Decides about the image that ran as this pid at a moment, if that can be told.
void Engine::bind(TargetState& target, const ImageKey& key, std::uint64_t when,
                  const plan::Newcomer* noted) {
  ImagePtr image = table_.at(key.pid, when);
  const bool is_reported = records_ != nullptr || image != table_.current(key.pid);
  if (!image || !is_reported) {
    const auto process = procfs_.read(key.pid);
    if (process) image = saw(*process, when);
  }
  if (!image) return;
  // clone3() may have put a child elsewhere than its parent.
  const bool needs_own_place = image->is_inherited && plan::asks_for_placement(target.target);
  if (needs_own_place && !complete(image) && noted != nullptr) take_note(image, *noted);
  Belongs belongs = judge_at(target, image, when);
  const bool needs_facts = belongs == Belongs::unknown ||
                           (belongs == Belongs::yes && plan::asks_for_facts(target.target));
  if (needs_facts && !image->is_complete && !complete(image) && noted != nullptr) {
    const Belongs by_note = judge_by_note(target, image, *noted);
    if (belongs == Belongs::unknown) belongs = by_note;
  }
  if (belongs == Belongs::unknown) return;
  const bool is_member = belongs == Belongs::yes;
  target.roster.bind(key, image, is_member);
  if (is_member && !image->ended) target.roster.join(image);
  if (!is_member && target.roster.is_member(image)) {  // it was taken for what its parent is
    target.roster.leave(image->pid);
    attacher_.left(target, image->pid);
  }
  image->maps_traced_file = true;
  if (image->ended) return;  // it fires no more
  const Status judged = backend_.judge(target.number, key,
                                       is_member ? plan::Verdict::member : plan::Verdict::foreign);
  // Not fatal: its events go on being recorded under the image and are classified at each drain.
  if (!judged) {
    log_.warn("process not announced to the kernel", {{"error", judged.error().message}});
  }
}

/// What the kernel noted of an image that was gone before anybody could look. False: not where it
/// ran, because its control group is of a legacy hierarchy, or was gone before we could know it.
bool Engine::take_note(const ImagePtr& image, const plan::Newcomer& noted) {
  auto facts = std::make_shared<proc::Process>(*image->facts);
  facts->uid = noted.uid;
  facts->user = proc::Procfs::user_name(noted.uid);
  const auto group = cgroups_.path_of(noted.cgroup);
  // Without a group a forked child is taken to be where its parent is.
  if (group) facts->placement = procfs_.placement_of(*group);
  image->facts = std::move(facts);
  return group || image->is_inherited;
}

/// What cannot be told is not foreign: its events are lost, and counted as such.
Engine::Belongs Engine::judge_by_note(const TargetState& target, const ImagePtr& image,
                                      const plan::Newcomer& noted) {
  const bool is_placed = take_note(image, noted);
  if (image->facts->exe.empty() || plan::asks_for_arguments(target.target)) return Belongs::unknown;
  if (plan::belongs(target.target, *image->facts)) return Belongs::yes;
  return is_placed || !plan::selects_by_placement(target.target) ? Belongs::no : Belongs::unknown;
}

metrics::ProcessView Engine::classify(TargetState& target, const ImageKey& key, Time now) {
  using Standing = metrics::ProcessView::Standing;
  if (auto known = target.roster.view(key)) return std::move(*known);
  // Nobody introduced it (there was no room): it is taken for the one that runs now.
  if (table_.current(key.pid)) bind(target, key, to_nanoseconds(now), nullptr);
  if (auto known = target.roster.view(key)) return std::move(*known);
  const auto process = procfs_.read(key.pid);
  const bool may_still_tell =
      process || (process.error().code != Errc::gone && process.error().code != Errc::permission &&
                  process.error().code != Errc::unsupported);
  return {may_still_tell ? Standing::unknown : Standing::gone, {}, std::nullopt};
}

}  // namespace sdt::daemon
