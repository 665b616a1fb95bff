// Numbers with units.
#include "spec/units.h"

#include <limits>

#include <gmock/gmock.h>

namespace sdt::spec {
namespace {

using std::chrono::nanoseconds;
using testing::HasSubstr;

TEST(Durations, EveryUnit) {
  EXPECT_EQ(parse_duration("7ns"), nanoseconds(7));
  EXPECT_EQ(parse_duration("7us"), nanoseconds(7'000));
  EXPECT_EQ(parse_duration("7ms"), nanoseconds(7'000'000));
  EXPECT_EQ(parse_duration("7s"), std::chrono::seconds(7));
  EXPECT_EQ(parse_duration("7m"), std::chrono::minutes(7));
  EXPECT_EQ(parse_duration("7h"), std::chrono::hours(7));
  EXPECT_EQ(parse_duration("0.25s"), std::chrono::milliseconds(250));
}

TEST(Durations, NeedAUnitAndAreNotNegative) {
  EXPECT_EQ(parse_duration("5").error(),
            "\"5\" is not a duration: its unit must be one of ns, us, ms, s, m, h, as in 5s");
  EXPECT_THAT(parse_duration("5KiB").error(), HasSubstr("its unit must be one of"));
  EXPECT_EQ(parse_duration("-5s").error(), "-5s is negative");
  EXPECT_THAT(parse_duration("soon").error(), HasSubstr("write a number and one of ns, us"));
  EXPECT_THAT(parse_duration("2600000h").error(), HasSubstr("more than 292 years"));
  EXPECT_THAT(parse_duration("").error(), HasSubstr("is not a duration"));
}

TEST(Quantities, AreInSecondsBytesOrPlain) {
  EXPECT_EQ(nearest_double(*parse_quantity("100us")), 0.0001);
  EXPECT_EQ(nearest_double(*parse_quantity("1.5m")), 90.0);
  EXPECT_EQ(nearest_double(*parse_quantity("2h")), 7200.0);
  EXPECT_EQ(nearest_double(*parse_quantity("4KiB")), 4096.0);
  EXPECT_EQ(nearest_double(*parse_quantity("1.5MiB")), 1572864.0);
  EXPECT_EQ(nearest_double(*parse_quantity("1GiB")), 1073741824.0);
  EXPECT_EQ(nearest_double(*parse_quantity("4kB")), 4000.0);
  EXPECT_EQ(nearest_double(*parse_quantity("3MB")), 3e6);
  EXPECT_EQ(nearest_double(*parse_quantity("3GB")), 3e9);
  EXPECT_EQ(nearest_double(*parse_quantity("8B")), 8.0);
  EXPECT_EQ(nearest_double(*parse_quantity("1e-9")), 1e-9);
  EXPECT_EQ(nearest_double(*parse_quantity("-2.5E+3")), -2500.0);
  EXPECT_EQ(nearest_double(*parse_quantity("+0.3")), 0.3);
}

TEST(Quantities, RefuseWhatIsNoNumber) {
  for (const std::string text : {"", "x", ".5", "5.", "1e", "1e+", "1 s", "1sec", "1e3ms", "nan",
                                 "0x10", "1_000", "--1", "5kb"}) {
    EXPECT_FALSE(parse_quantity(text)) << text;
  }
  EXPECT_THAT(parse_quantity("1e400").error(), HasSubstr("outside the range"));
  EXPECT_THAT(parse_quantity("5kb").error(),
              HasSubstr("\"kb\" is no unit (durations: ns, us, ms, s, m, h; sizes: B, KiB"));
}

TEST(WholeNumbers, AreExactToTheLastBit) {
  EXPECT_EQ(parse_whole("18446744073709551615"), Int128{std::numeric_limits<std::uint64_t>::max()});
  EXPECT_EQ(parse_whole("0xffffffffffffffff"), Int128{std::numeric_limits<std::uint64_t>::max()});
  EXPECT_EQ(parse_whole("9007199254740993"), Int128{9007199254740993});
  EXPECT_EQ(parse_whole("0.000000001s"), Int128{1});
}

TEST(WholeNumbers, RefuseWhatIsNotWholeOrTooLarge) {
  EXPECT_EQ(parse_whole("1.5").error(), "1.5 is not a whole number");
  EXPECT_EQ(parse_whole("0.3B").error(), "0.3B is not a whole number of bytes");
  EXPECT_THAT(parse_whole("18446744073709551616").error(), HasSubstr("64 bits"));
  EXPECT_THAT(parse_whole("99999999999999999999999999").error(), HasSubstr("too many digits"));
  EXPECT_THAT(parse_whole("1e3").error(), HasSubstr("without exponent"));
  EXPECT_THAT(parse_whole("0x").error(), HasSubstr("hexadecimal digits"));
  EXPECT_THAT(parse_whole("0x1g").error(), HasSubstr("hexadecimal digits"));
  EXPECT_FALSE(parse_whole("-1"));
  EXPECT_FALSE(parse_whole(""));
}

TEST(NearestDouble, IsTheDecimalThatWasMeant) {
  EXPECT_EQ(nearest_double(0.1L + 0.2L), 0.3);
  EXPECT_EQ(nearest_double(1000.0L * 1e-9L), 1e-6);
  EXPECT_EQ(nearest_double(0x1p60L), 0x1p60);
  EXPECT_EQ(nearest_double(1.0L / 3), 1.0 / 3);
  EXPECT_EQ(nearest_double(0), 0.0);
}

TEST(Counts, AreDigitsWithinALimit) {
  EXPECT_EQ(parse_count("0", 10), 0);
  EXPECT_EQ(parse_count("10", 10), 10);
  for (const std::string text : {"11", "-1", "+1", "", "1x", "0x1", "99999999999999999999"}) {
    EXPECT_EQ(parse_count(text, 10), -1) << text;
  }
}

}  // namespace
}  // namespace sdt::spec
