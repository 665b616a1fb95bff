// On the running kernel: takes root, as the whole suite does.
#include "proc/watcher.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "proc/perf_ring.h"

namespace sdt::proc {
namespace {

pid_t run_true() {
  const pid_t child = fork();
  if (child == 0) {
    execl("/bin/true", "true", nullptr);
    _exit(127);
  }
  waitpid(child, nullptr, 0);
  return child;
}

std::vector<Record> of_process(const std::vector<Record>& records, pid_t process) {
  const auto pid = static_cast<std::uint32_t>(process);
  std::vector<Record> found;
  for (const Record& record : records) {
    const auto* fork = std::get_if<Fork>(&record.what);
    const auto* comm = std::get_if<Comm>(&record.what);
    const auto* mapped = std::get_if<Mapped>(&record.what);
    const auto* exit = std::get_if<Exit>(&record.what);
    // Not those of threads: a sanitizer has some of its own.
    const bool is_birth = fork && fork->pid == pid && fork->parent_pid != pid;
    const bool is_end = exit && exit->pid == pid && exit->tid == pid;
    if (is_birth || is_end || (comm && comm->pid == pid && comm->is_exec) ||
        (mapped && mapped->pid == pid)) {
      found.push_back(record);
    }
  }
  return found;
}

TEST(Watcher, TellsTheLifeOfAProcessInItsOrder) {
  boost::asio::io_context loop;
  auto watcher = Watcher::open(loop);
  ASSERT_TRUE(watcher) << watcher.error().message;
  const pid_t child = run_true();
  const auto batch = (*watcher)->take();
  EXPECT_FALSE(batch.lost);
  const auto life = of_process(batch.records, child);
  ASSERT_GE(life.size(), 4U);
  EXPECT_TRUE(std::holds_alternative<Fork>(life[0].what));
  ASSERT_TRUE(std::holds_alternative<Comm>(life[1].what)) << "kind " << life[1].what.index();
  EXPECT_EQ(std::get<Comm>(life[1].what).comm, "true");
  ASSERT_TRUE(std::holds_alternative<Mapped>(life[2].what)) << "kind " << life[2].what.index();
  EXPECT_TRUE(std::get<Mapped>(life[2].what).mapping.path.ends_with("/true"));
  EXPECT_TRUE(std::holds_alternative<Exit>(life.back().what));
  for (std::size_t i = 1; i < life.size(); ++i) EXPECT_LE(life[i - 1].time, life[i].time);
}

TEST(Watcher, CallsOnceThereAreRecords) {
  boost::asio::io_context loop;
  auto watcher = Watcher::open(loop);
  ASSERT_TRUE(watcher) << watcher.error().message;
  pid_t child = 0;
  bool seen = false;
  (*watcher)->notify([&] {
    const auto batch = (*watcher)->take();
    seen = seen || (child != 0 && !of_process(batch.records, child).empty());
    if (seen) loop.stop();
  });
  child = run_true();
  loop.run_for(std::chrono::seconds(20));
  EXPECT_TRUE(seen);
}

TEST(Watcher, HundredProcessesComeAndGoWithoutALoss) {
  boost::asio::io_context loop;
  auto watcher = Watcher::open(loop);
  ASSERT_TRUE(watcher) << watcher.error().message;
  std::vector<pid_t> children;
  for (int i = 0; i < 100; ++i) children.push_back(run_true());
  const auto batch = (*watcher)->take();
  EXPECT_FALSE(batch.lost);
  for (const pid_t child : children) EXPECT_GE(of_process(batch.records, child).size(), 4U);
}

TEST(Watcher, MemfdThatIsMappedIsADeletedFile) {
  boost::asio::io_context loop;
  auto watcher = Watcher::open(loop);
  ASSERT_TRUE(watcher) << watcher.error().message;
  const int fd = memfd_create("watched", MFD_CLOEXEC);
  ASSERT_EQ(ftruncate(fd, 4096), 0);
  void* memory = mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
  ASSERT_NE(memory, MAP_FAILED);
  bool found = false;
  for (const Record& record : (*watcher)->take().records) {
    const auto* mapped = std::get_if<Mapped>(&record.what);
    if (mapped == nullptr || mapped->mapping.path != "/memfd:watched") continue;
    found = true;
    EXPECT_TRUE(mapped->mapping.deleted);
    EXPECT_EQ(mapped->mapping.start, reinterpret_cast<std::uintptr_t>(memory));
  }
  EXPECT_TRUE(found);
  munmap(memory, 4096);
  close(fd);
}

TEST(Watcher, LossIsSeenWithoutWaitingForTheNextRecordAndToldOnce) {
  boost::asio::io_context loop;
  auto watcher = Watcher::open(loop);
  ASSERT_TRUE(watcher) << watcher.error().message;
  for (int i = 0; i < 10; ++i) run_true();
  const auto before = (*watcher)->take();
  EXPECT_FALSE(before.lost);
  ASSERT_FALSE(before.records.empty());
  const int fd = open("/bin/true", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  for (unsigned i = 0; i < 4'000 * std::thread::hardware_concurrency(); ++i) {
    void* memory = mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    ASSERT_NE(memory, MAP_FAILED);
    munmap(memory, 4096);
  }
  close(fd);
  const auto full = (*watcher)->take();
  EXPECT_TRUE(full.lost);
  ASSERT_FALSE(full.records.empty());
  EXPECT_GT(full.lost_since, before.records.back().time);
  EXPECT_LE(full.lost_since, full.records.back().time);
  for (int i = 0; i < 10; ++i) run_true();  // now the kernel says so too
  EXPECT_FALSE((*watcher)->take().lost);
}

TEST(PerfRing, FullOneSaysThatItLostSome) {
  std::vector<PerfRing> rings;
  for (unsigned cpu = 0; cpu < std::thread::hardware_concurrency(); ++cpu) {
    auto ring = PerfRing::open(cpu, 1);
    ASSERT_TRUE(ring) << ring.error().message;
    rings.push_back(std::move(*ring));
  }
  for (int i = 0; i < 100; ++i) run_true();
  for (PerfRing& ring : rings) EXPECT_TRUE(ring.read([](std::span<const std::byte>) {}));
  for (int i = 0; i < 4; ++i) run_true();  // the loss is told with the next record
  std::size_t lost = 0;
  for (PerfRing& ring : rings) {
    ring.read([&](std::span<const std::byte> bytes) {
      lost += bytes[0] == std::byte{2} ? 1U : 0U;  // PERF_RECORD_LOST
    });
  }
  EXPECT_GT(lost, 0U);
}

}  // namespace
}  // namespace sdt::proc
