#include "expose/process_metrics.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "expose/exposition.h"

namespace sdt::expose {
namespace {

// A command with blanks and parentheses, as a hostile name would have them.
constexpr const char* stat =
    "42 (a) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 150 75 0 0 20 0 1 0 12345 67108864 2048 "
    "18446744073709551615 1 1 0 0 0 0 0 4096 0 0 0 0 17 1 0 0 0 0 0\n";

ProcessFacts facts() {
  ProcessFacts facts;
  facts.stat = stat;
  facts.boot_time = 1'700'000'000;
  facts.ticks_per_second = 100;
  facts.page_size = 4096;
  facts.open_fds = 12;
  facts.max_fds = 1024;
  return facts;
}

double value_of(const std::vector<metrics::MetricSnapshot>& all, const std::string& name) {
  const auto found = std::ranges::find(all, name, &metrics::MetricSnapshot::name);
  if (found == all.end()) return -1;
  return scaled(std::get<Int128>(found->series.at(0).value), found->scale);
}

TEST(ProcessMetrics, AreReadOffTheKernelsText) {
  const auto all = process_metrics(facts()).value();
  EXPECT_EQ(value_of(all, "process_cpu_seconds_total"), 2.25);
  EXPECT_EQ(value_of(all, "process_start_time_seconds"), 1'700'000'123.45);
  EXPECT_EQ(value_of(all, "process_virtual_memory_bytes"), 67108864);
  EXPECT_EQ(value_of(all, "process_resident_memory_bytes"), 2048 * 4096);
  EXPECT_EQ(value_of(all, "process_open_fds"), 12);
  EXPECT_EQ(value_of(all, "process_max_fds"), 1024);
}

TEST(ProcessMetrics, NoLimitOfDescriptorsIsLeftOut) {
  ProcessFacts unlimited = facts();
  unlimited.max_fds.reset();
  EXPECT_EQ(value_of(process_metrics(unlimited).value(), "process_max_fds"), -1);
}

TEST(ProcessMetrics, TextOfAnotherFormIsRefused) {
  ProcessFacts cut = facts();
  cut.stat = "42 (a) S 1 2 3";
  EXPECT_EQ(process_metrics(cut).error().code, Errc::invalid);
  cut.stat = "";
  EXPECT_EQ(process_metrics(cut).error().code, Errc::invalid);
}

TEST(ProcessMetrics, BootTimeIsALineOfItsOwn) {
  EXPECT_EQ(parse_boot_time("cpu  1 2 3\nctxt 5\nbtime 1700000000\nprocesses 9\n").value(),
            1'700'000'000U);
  EXPECT_EQ(parse_boot_time("cpu  1 2 3\n").error().code, Errc::invalid);
}

TEST(ProcessMetrics, OfThisProcessArePlausible) {
  const auto all = read_process_metrics().value();
  EXPECT_GE(value_of(all, "process_open_fds"), 3);
  EXPECT_GT(value_of(all, "process_resident_memory_bytes"), 0);
  EXPECT_GT(value_of(all, "process_start_time_seconds"), 1.6e9);
}

}  // namespace
}  // namespace sdt::expose
