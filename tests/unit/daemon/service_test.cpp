// What a service manager hears of the daemon, and when its watchdog is fed.
#include "daemon/service.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <stdexcept>
#include <string>

#include "fakes/service_manager.h"

namespace sdt::daemon {
namespace {

using namespace std::chrono_literals;

class ServiceTest : public ::testing::Test {
 protected:
  [[nodiscard]] Service with_watchdog(const char* usec) {
    return Service(loop_, {manager_.address().c_str(), usec, nullptr}, log_);
  }

  boost::asio::io_context loop_;
  Log log_{LogLevel::error, LogFormat::logfmt};
  fakes::ServiceManager manager_{
      fakes::abstract_address(::testing::UnitTest::GetInstance()->current_test_info()->name())};
};

TEST_F(ServiceTest, AStatusIsSaidOnceUntilItIsAnother) {
  Service service = with_watchdog(nullptr);
  for (const char* text : {"one", "one", "two"}) service.status(text);
  EXPECT_EQ(manager_.receive().text, "STATUS=one");
  EXPECT_EQ(manager_.receive().text, "STATUS=two");
  EXPECT_TRUE(manager_.is_quiet());
}

TEST_F(ServiceTest, DetachingAsksForTimeForAsLongAsItGoesOn) {
  Service service = with_watchdog(nullptr);
  for (const std::size_t left : {20U, 20U, 3U}) service.detaching(left);
  for (const char* text : {"STATUS=detaching, 20 sites left", "EXTEND_TIMEOUT_USEC=60000000",
                           "STATUS=detaching, 3 sites left", "EXTEND_TIMEOUT_USEC=60000000"}) {
    EXPECT_EQ(manager_.receive().text, text);
  }
  EXPECT_TRUE(manager_.is_quiet());
}

TEST_F(ServiceTest, TheWatchdogIsFedTwiceInItsInterval) {
  Service service = with_watchdog("40000");
  const auto began = std::chrono::steady_clock::now();
  int asked = 0;
  service.keep_alive_while([&] {
    if (++asked == 3) loop_.stop();
    return true;
  });
  loop_.run();
  EXPECT_GE(std::chrono::steady_clock::now() - began, 40ms);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(manager_.receive().text, "WATCHDOG=1");
  EXPECT_TRUE(manager_.is_quiet());
}

TEST_F(ServiceTest, TheWatchdogGoesHungryWhileThingsAreNotWell) {
  Service service = with_watchdog("2000");
  int asked = 0;
  service.keep_alive_while([&] {
    if (++asked == 5) loop_.stop();
    return asked == 1 || asked == 5;
  });
  loop_.run();
  for (int i = 0; i < 2; ++i) EXPECT_EQ(manager_.receive().text, "WATCHDOG=1");
  EXPECT_TRUE(manager_.is_quiet());
}

TEST_F(ServiceTest, WithoutAWatchdogNobodyIsAsked) {
  Service service = with_watchdog(nullptr);
  service.keep_alive_while([]() -> bool { throw std::logic_error("asked"); });
  loop_.run();
  EXPECT_TRUE(manager_.is_quiet());
}

TEST_F(ServiceTest, StoppingEndsTheWatchdog) {
  Service service = with_watchdog("60000000");
  service.keep_alive_while([] { return true; });
  service.stopping();
  loop_.run();
  EXPECT_EQ(manager_.receive().text, "WATCHDOG=1");
  EXPECT_EQ(manager_.receive().text, "STOPPING=1");
  EXPECT_TRUE(manager_.is_quiet());
}

TEST(ServiceStatus, CountsWhatIsAttachedOfWhatIsAskedFor) {
  metrics::SelfMetrics self;
  metrics::SelfMetrics::Metric attached;
  attached.attached = true;
  attached.series = 7;
  metrics::SelfMetrics::Target busy;
  busy.processes = 3;
  busy.metrics = {attached, attached, {}};
  self.targets = {busy, {}};
  EXPECT_EQ(status_text(self), "2 of 3 metrics attached, 3 processes of 2 targets, 14 series");
}

}  // namespace
}  // namespace sdt::daemon
