// Messages to a service manager, which is a socket of the test's own.
#include "daemon/notify.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "fakes/service_manager.h"

namespace sdt::daemon {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

class NotifyTest : public ::testing::Test {
 protected:
  NotifyTest() {
    auto opened = Notifier::open(manager_.address().c_str());
    EXPECT_TRUE(opened) << opened.error().message;
    if (opened) notifier_ = std::move(*opened);
  }

  fakes::ServiceManager manager_{
      fakes::abstract_address(::testing::UnitTest::GetInstance()->current_test_info()->name())};
  Notifier notifier_;
};

TEST_F(NotifyTest, SaysWhatItDoesInTheWordsOfTheProtocol) {
  EXPECT_TRUE(notifier_.is_heard());
  ASSERT_TRUE(notifier_.ready());
  EXPECT_EQ(manager_.receive().text, "READY=1");
  ASSERT_TRUE(notifier_.watchdog());
  EXPECT_EQ(manager_.receive().text, "WATCHDOG=1");
  ASSERT_TRUE(notifier_.stopping());
  EXPECT_EQ(manager_.receive().text, "STOPPING=1");
}

TEST_F(NotifyTest, AStatusIsOneLine) {
  ASSERT_TRUE(notifier_.status("2 targets\nREADY=1"));
  EXPECT_EQ(manager_.receive().text, "STATUS=2 targets READY=1");
}

TEST_F(NotifyTest, AReloadSaysWhenInMicroseconds) {
  ASSERT_TRUE(notifier_.reloading(steady_clock::time_point(12'345'678'999ns)));
  EXPECT_EQ(manager_.receive().text, "RELOADING=1\nMONOTONIC_USEC=12345678");
}

TEST_F(NotifyTest, MoreTimeIsAskedForInMicroseconds) {
  ASSERT_TRUE(notifier_.extend_timeout(1min));
  EXPECT_EQ(manager_.receive().text, "EXTEND_TIMEOUT_USEC=60000000");
}

TEST_F(NotifyTest, StoredDescriptorsAreCopiesUnderAName) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  ASSERT_TRUE(notifier_.store("link", std::array{write_end.get()}));
  write_end.reset();
  const fakes::NotifyMessage message = manager_.receive();
  EXPECT_EQ(message.text, "FDSTORE=1\nFDNAME=link\nFDPOLL=0");
  ASSERT_EQ(message.descriptors.size(), 1U);
  ASSERT_EQ(write(message.descriptors[0].get(), "x", 1), 1);
  char byte = 0;
  EXPECT_EQ(read(read_end.get(), &byte, 1), 1);
  EXPECT_EQ(byte, 'x');
}

TEST_F(NotifyTest, MoreDescriptorsThanAMessageHoldsGoInSeveral) {
  const std::vector<int> descriptors(Notifier::max_descriptors * 2 + 1, STDIN_FILENO);
  ASSERT_TRUE(notifier_.store("maps", descriptors));
  for (const std::size_t count : {253U, 253U, 1U}) {
    const fakes::NotifyMessage message = manager_.receive();
    EXPECT_EQ(message.text, "FDSTORE=1\nFDNAME=maps\nFDPOLL=0");
    EXPECT_EQ(message.descriptors.size(), count);
  }
  EXPECT_TRUE(manager_.is_quiet());
}

TEST_F(NotifyTest, StoringNothingSaysNothing) {
  ASSERT_TRUE(notifier_.store("maps", {}));
  EXPECT_TRUE(manager_.is_quiet());
}

TEST_F(NotifyTest, RemovalNamesWhatIsStored) {
  ASSERT_TRUE(notifier_.remove("link"));
  EXPECT_EQ(manager_.receive().text, "FDSTOREREMOVE=1\nFDNAME=link");
}

TEST_F(NotifyTest, NamesThatTheManagerWouldIgnoreAreRefused) {
  for (const std::string& name :
       {std::string(), std::string("a:b"), std::string("a\nREADY=1"), std::string(256, 'a')}) {
    const Status stored = notifier_.store(name, std::array{STDIN_FILENO});
    ASSERT_FALSE(stored) << name;
    EXPECT_EQ(stored.error().code, Errc::invalid);
    EXPECT_FALSE(notifier_.remove(name)) << name;
  }
  EXPECT_TRUE(notifier_.remove(std::string(255, 'a')));
}

TEST_F(NotifyTest, BarrierEndsOnceTheManagerHasClosedItsDescriptor) {
  std::optional<fakes::NotifyMessage> message;
  std::jthread manager([&] {
    message = manager_.await();
    message->descriptors.clear();
  });
  const Status done = notifier_.barrier(10s);
  manager.join();
  EXPECT_TRUE(done) << done.error().message;
  EXPECT_EQ(message->text, "BARRIER=1");
}

TEST_F(NotifyTest, BarrierGivesUpOnAManagerThatDoesNotAnswer) {
  const Status done = notifier_.barrier(20ms);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::busy);
  EXPECT_EQ(done.error().message, "the service manager has not come to our messages in 20 ms");
}

TEST_F(NotifyTest, AManagerThatReadsNothingHoldsNobodyUpForLong) {
  Status sent;
  // As many as the kernel queues (net.unix.max_dgram_qlen) and one more.
  for (int i = 0; i < 100'000 && sent; ++i) sent = notifier_.watchdog();
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, Errc::busy);
  EXPECT_EQ(sent.error().message,
            "tell the service manager WATCHDOG=1: it has not read its socket for 1 s");
}

TEST(NotifyAddress, MayBeAPath) {
  std::string pattern = "/tmp/sdt-notify-XXXXXX";
  const std::filesystem::path directory = mkdtemp(pattern.data());
  {
    const fakes::ServiceManager manager((directory / "notify").string());
    auto notifier = Notifier::open(manager.address().c_str());
    ASSERT_TRUE(notifier) << notifier.error().message;
    ASSERT_TRUE(notifier->ready());
    EXPECT_EQ(manager.receive().text, "READY=1");
  }
  std::filesystem::remove_all(directory);
}

TEST(NotifyAddress, WithoutOneNobodyIsTold) {
  for (const char* address : {static_cast<const char*>(nullptr), ""}) {
    auto notifier = Notifier::open(address);
    ASSERT_TRUE(notifier);
    EXPECT_FALSE(notifier->is_heard());
    EXPECT_TRUE(notifier->ready());
    EXPECT_TRUE(notifier->store("link", std::array{STDIN_FILENO}));
    EXPECT_TRUE(notifier->barrier(10s));
  }
}

TEST(NotifyAddress, OtherKindsAreRefused) {
  for (const std::string& address :
       {std::string("vsock:2:1234"), std::string("run/notify"), "/" + std::string(200, 'x')}) {
    const auto notifier = Notifier::open(address.c_str());
    ASSERT_FALSE(notifier) << address;
    EXPECT_EQ(notifier.error().code, Errc::unsupported);
  }
}

TEST(NotifyAddress, NobodyBehindItIsAnError) {
  auto notifier = Notifier::open(fakes::abstract_address("nobody").c_str());
  ASSERT_TRUE(notifier);
  const Status sent = notifier->ready();
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().message, "tell the service manager READY=1: Connection refused");
}

TEST(WatchdogInterval, IsWhatTheManagerAsksThisProcessFor) {
  EXPECT_EQ(watchdog_interval("30000000", "42", 42), 30s);
  EXPECT_EQ(watchdog_interval("30000000", nullptr, 42), 30s);
  EXPECT_EQ(watchdog_interval("30000000", "41", 42), std::nullopt);
  EXPECT_EQ(watchdog_interval(nullptr, "42", 42), std::nullopt);
  EXPECT_EQ(watchdog_interval("0", "42", 42), std::nullopt);
  EXPECT_EQ(watchdog_interval("30s", "42", 42), std::nullopt);
  EXPECT_EQ(watchdog_interval("99999999999999999999", "42", 42), std::nullopt);
}

}  // namespace
}  // namespace sdt::daemon
