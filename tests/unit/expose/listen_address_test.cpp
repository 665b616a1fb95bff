#include "expose/listen_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sdt::expose {
namespace {

using ::testing::HasSubstr;

TEST(ListenAddress, HostAndPort) {
  EXPECT_EQ(parse_listen_address("127.0.0.1:9100").value(), (ListenAddress{"127.0.0.1", 9100}));
  EXPECT_EQ(parse_listen_address("localhost:65535").value(), (ListenAddress{"localhost", 65535}));
}

TEST(ListenAddress, PortAloneMeansEveryAddress) {
  EXPECT_EQ(parse_listen_address(":10738").value(), (ListenAddress{"", 10738}));
}

TEST(ListenAddress, Ipv6StandsInBrackets) {
  EXPECT_EQ(parse_listen_address("[::1]:80").value(), (ListenAddress{"::1", 80}));
}

TEST(ListenAddress, MistakesSayWhatWouldBeRight) {
  for (const char* text : {"10738", "host", "host:", ":http", ":65536", ":-1", ":80 ", "::1:80",
                           "[::1:80", "[]:80", ""}) {
    const auto address = parse_listen_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code, Errc::invalid) << text;
    EXPECT_THAT(address.error().message, HasSubstr('"' + std::string(text) + '"'));
    EXPECT_THAT(address.error().message, HasSubstr("write host:port"));
  }
}

}  // namespace
}  // namespace sdt::expose
