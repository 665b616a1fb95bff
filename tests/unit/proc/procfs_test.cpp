#include "proc/procfs.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace sdt::proc {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

/// A folder that looks like /proc as far as the readers look.
class FakeProcfs : public testing::Test {
 public:
  ~FakeProcfs() override { fs::remove_all(root_); }

 protected:
  FakeProcfs() {
    std::string name = testing::TempDir() + "procfs_XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
  }

  void write(std::uint32_t pid, const std::string& name, std::string_view content) {
    const fs::path path = root_ / std::to_string(pid) / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
  }

  void write_stat(std::uint32_t pid, std::string_view state = "S", std::string_view flags = "0") {
    write(pid, "stat",
          std::to_string(pid) + " (shop) " + std::string(state) + " 17 1 1 0 -1 " +
              std::string(flags) + " 0 0 0 0 0 0 0 0 20 0 1 0 5000 0 0\n");
  }

  void write_process(std::uint32_t pid, const std::string& exe) {
    using namespace std::string_view_literals;
    write_stat(pid);
    write(pid, "cmdline", "shop\0--open\0"sv);
    write(pid, "status", "Name:\tshop\nUid:\t4000000001\t4000000002\t0\t0\n");
    fs::create_symlink(exe, root_ / std::to_string(pid) / "exe");
  }

  [[nodiscard]] Procfs procfs() const { return Procfs(root_.string()); }
  [[nodiscard]] const fs::path& root() const { return root_; }

 private:
  fs::path root_;
};

std::uint64_t inode_of(const fs::path& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  return status.st_ino;
}

FileId file_id_of(const fs::path& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  return {major(status.st_dev), minor(status.st_dev), status.st_ino};
}

TEST_F(FakeProcfs, ListsPidsAscending) {
  for (const std::uint32_t pid : {100U, 9U, 4194303U}) write_stat(pid);
  fs::create_directories(root() / "sys");
  fs::create_directories(root() / "12x");
  const auto pids = procfs().pids();
  ASSERT_TRUE(pids) << pids.error().message;
  EXPECT_THAT(*pids, ElementsAre(9U, 100U, 4194303U));
}

TEST_F(FakeProcfs, ThatIsMissingIsNamed) {
  const auto pids = Procfs("/nowhere/proc").pids();
  ASSERT_FALSE(pids);
  EXPECT_THAT(pids.error().message, HasSubstr("/nowhere/proc"));
}

TEST_F(FakeProcfs, ReadsAProcess) {
  write_process(42, "/srv/shop");
  const auto process = procfs().read(42);
  ASSERT_TRUE(process) << process.error().message;
  EXPECT_EQ(process->id, (ProcessId{42, 5000}));
  EXPECT_EQ(process->parent, 17U);
  EXPECT_EQ(process->comm, "shop");
  EXPECT_EQ(process->exe, "/srv/shop");
  EXPECT_EQ(process->cmdline, "shop --open");
  EXPECT_EQ(process->uid, 4000000002U);
  EXPECT_EQ(process->user, "");
}

TEST_F(FakeProcfs, CallsAReplacedProgramByTheNameItHad) {
  write_process(42, "/srv/shop (deleted)");
  const auto process = procfs().read(42);
  ASSERT_TRUE(process) << process.error().message;
  EXPECT_EQ(process->exe, "/srv/shop");
}

TEST_F(FakeProcfs, IdentifiesByPidAndStart) {
  write_stat(42);
  const auto identity = procfs().identify(42);
  ASSERT_TRUE(identity) << identity.error().message;
  EXPECT_EQ(*identity, (ProcessId{42, 5000}));
}

TEST_F(FakeProcfs, AProcessThatIsNotThereIsGone) {
  for (const Error& error : {procfs().identify(42).error(), procfs().read(42).error(),
                             procfs().mapped_files(42).error()}) {
    EXPECT_EQ(error.code, Errc::gone);
    EXPECT_EQ(error.message, "process 42 has ended");
  }
}

TEST_F(FakeProcfs, AZombieIsGone) {
  write_process(42, "/srv/shop");
  write_stat(42, "Z");
  EXPECT_EQ(procfs().identify(42).error().code, Errc::gone);
  EXPECT_EQ(procfs().read(42).error().code, Errc::gone);
}

TEST_F(FakeProcfs, AProcessThatEndsHalfWayIsGone) {
  write_process(42, "/srv/shop");
  fs::remove(root() / "42" / "status");
  EXPECT_EQ(procfs().read(42).error().code, Errc::gone);
}

TEST_F(FakeProcfs, AKernelThreadIsUnsupported) {
  write_stat(2, "S", "2097152");
  const auto process = procfs().read(2);
  ASSERT_FALSE(process);
  EXPECT_EQ(process.error().code, Errc::unsupported);
  EXPECT_EQ(process.error().message, "process 2 is a kernel thread");
}

TEST_F(FakeProcfs, AStatOfAnotherFormatIsInvalid) {
  write(42, "stat", "nonsense\n");
  const auto identity = procfs().identify(42);
  ASSERT_FALSE(identity);
  EXPECT_EQ(identity.error().code, Errc::invalid);
  EXPECT_THAT(identity.error().message, HasSubstr("/42/stat"));
}

TEST_F(FakeProcfs, ListsEachMappedFileOnce) {
  write(42, "maps",
        "1000-2000 r--p 00000000 08:01 7 /srv/shop\n"
        "2000-3000 r-xp 00001000 08:01 7 /srv/shop\n"
        "3000-4000 r-xp 00002000 08:01 7 /srv/shop\n"
        "5000-6000 r-xp 00000000 08:02 7 /srv/other\n");
  const auto files = procfs().mapped_files(42);
  ASSERT_TRUE(files) << files.error().message;
  ASSERT_THAT(*files, SizeIs(2));
  EXPECT_EQ((*files)[0].start, 0x2000U);
  EXPECT_EQ((*files)[1].path, "/srv/other");
}

TEST_F(FakeProcfs, OpensAMappedFileThroughMapFiles) {
  write(42, "map_files/400000-40a000", "mapped");
  const FileId file{8, 1, inode_of(root() / "42/map_files/400000-40a000")};
  const Mapping mapping{0x400000, 0x40a000, 0, file, "/srv/shop", true};
  const auto fd = procfs().open_mapping(42, mapping);
  ASSERT_TRUE(fd) << fd.error().message;
  char content[6];
  EXPECT_EQ(::read(fd->get(), content, sizeof(content)), 6);
  EXPECT_EQ(std::string_view(content, 6), "mapped");
  EXPECT_NE(::fcntl(fd->get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(FakeProcfs, OpensAFileWhoseMappingWasCutSinceItWasSeen) {
  write(42, "map_files/401000-404000", "the middle");
  const FileId file{8, 1, inode_of(root() / "42/map_files/401000-404000")};
  write(42, "maps",
        "1000-2000 r-xp 00000000 08:01 7 /srv/other\n" +
            fmt::format("401000-404000 r-xp 00001000 08:01 {} /srv/shop\n", file.inode));
  const auto fd = procfs().open_mapping(42, {0x400000, 0x40a000, 0, file, "/srv/shop", true});
  ASSERT_TRUE(fd) << fd.error().message;
  char content[10];
  EXPECT_EQ(::read(fd->get(), content, sizeof(content)), 10);
  EXPECT_EQ(std::string_view(content, 10), "the middle");
}

TEST_F(FakeProcfs, OpensAMappedFileThroughTheRootOfItsProcess) {
  write(42, "root/srv/shop", "by path");
  const Mapping mapping{0x400000,    0x40a000, 0, file_id_of(root() / "42/root/srv/shop"),
                        "/srv/shop", false};
  const auto fd = procfs().open_mapping(42, mapping);
  ASSERT_TRUE(fd) << fd.error().message;
  char content[7];
  EXPECT_EQ(::read(fd->get(), content, sizeof(content)), 7);
  EXPECT_EQ(std::string_view(content, 7), "by path");
}

TEST_F(FakeProcfs, DoesNotTakeAnotherFileForTheMappedOne) {
  write(42, "map_files/400000-40a000", "a library loaded since");
  write(42, "root/srv/shop", "the next version");
  FileId file = file_id_of(root() / "42/root/srv/shop");
  file.inode += 1'000'000;
  const auto fd = procfs().open_mapping(42, {0x400000, 0x40a000, 0, file, "/srv/shop", false});
  ASSERT_FALSE(fd);
  EXPECT_EQ(fd.error().code, Errc::gone);
  EXPECT_THAT(fd.error().message, HasSubstr("/srv/shop as process 42 maps it"));
}

TEST_F(FakeProcfs, DoesNotOpenADeletedFileByItsPath) {
  write(42, "root/srv/shop", "another of that name");
  const FileId file = file_id_of(root() / "42/root/srv/shop");
  const auto fd = procfs().open_mapping(42, {0x400000, 0x40a000, 0, file, "/srv/shop", true});
  ASSERT_FALSE(fd);
  EXPECT_EQ(fd.error().code, Errc::gone);
}

// The test's own process: what the kernel itself says.

TEST(ThisProcess, IsAmongThePids) {
  const auto pids = Procfs().pids();
  ASSERT_TRUE(pids) << pids.error().message;
  EXPECT_THAT(*pids, testing::Contains(static_cast<std::uint32_t>(::getpid())));
  EXPECT_TRUE(std::is_sorted(pids->begin(), pids->end()));
}

TEST(ThisProcess, IsReadAsItKnowsItself) {
  const auto pid = static_cast<std::uint32_t>(::getpid());
  const auto process = Procfs().read(pid);
  ASSERT_TRUE(process) << process.error().message;
  EXPECT_EQ(process->id.pid, pid);
  EXPECT_EQ(process->id, Procfs().identify(pid));
  EXPECT_EQ(process->parent, static_cast<std::uint32_t>(::getppid()));
  EXPECT_EQ(process->exe, fs::read_symlink("/proc/self/exe").string());
  EXPECT_THAT(process->cmdline, HasSubstr("unit_proc"));
  EXPECT_EQ(process->uid, ::geteuid());
  const struct passwd* user = ::getpwuid(::geteuid());
  EXPECT_EQ(process->user, user == nullptr ? "" : user->pw_name);
}

TEST(ThisProcess, MapsItsProgram) {
  const auto pid = static_cast<std::uint32_t>(::getpid());
  const auto files = Procfs().mapped_files(pid);
  ASSERT_TRUE(files) << files.error().message;
  const std::string exe = fs::read_symlink("/proc/self/exe").string();
  const auto own = std::find_if(files->begin(), files->end(),
                                [&](const Mapping& mapping) { return mapping.path == exe; });
  ASSERT_NE(own, files->end());
  EXPECT_EQ(own->file.inode, inode_of("/proc/self/exe"));

  const auto fd = Procfs().open_mapping(pid, *own);
  ASSERT_TRUE(fd) << fd.error().message;
  struct stat status {};
  ASSERT_EQ(::fstat(fd->get(), &status), 0);
  EXPECT_EQ(status.st_ino, own->file.inode);
}

TEST(ThisProcess, AChildThatHasEndedIsGoneThoughNobodyWaitedForIt) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ASSERT_GT(child, 0);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(Procfs().identify(static_cast<std::uint32_t>(child)).error().code, Errc::gone);
  EXPECT_EQ(Procfs().read(static_cast<std::uint32_t>(child)).error().code, Errc::gone);
  EXPECT_EQ(Procfs().mapped_files(static_cast<std::uint32_t>(child)).error().code, Errc::gone);
  EXPECT_EQ(::waitpid(child, nullptr, 0), child);
}

TEST(ThisProcess, MemoryFilesItMapsAreListed) {
  const UniqueFd memory(::memfd_create("probes", MFD_CLOEXEC));
  ASSERT_TRUE(memory.valid());
  ASSERT_EQ(::ftruncate(memory.get(), 4096), 0);
  void* mapped = ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, memory.get(), 0);
  ASSERT_NE(mapped, MAP_FAILED);
  const auto files = Procfs().mapped_files(static_cast<std::uint32_t>(::getpid()));
  ::munmap(mapped, 4096);
  ASSERT_TRUE(files) << files.error().message;
  const auto found = std::find_if(files->begin(), files->end(), [](const Mapping& mapping) {
    return mapping.path == "/memfd:probes";
  });
  ASSERT_NE(found, files->end());
  EXPECT_TRUE(found->deleted);
}

}  // namespace
}  // namespace sdt::proc
