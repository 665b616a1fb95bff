// Closing many links, and how far it is.
#include "daemon/closers.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <vector>

namespace sdt::daemon {
namespace {

/// Three sites; closing it takes until it is let.
class SlowLink final : public plan::Link {
 public:
  explicit SlowLink(std::shared_future<void> let) : let_(std::move(let)) {}
  [[nodiscard]] std::vector<plan::Handle> handles() const override { return {}; }
  [[nodiscard]] std::string notes() const override { return {}; }
  void close() override {
    left_ = 1;
    let_.wait();
    left_ = 0;
  }
  [[nodiscard]] std::size_t sites_left() const override { return left_; }

 private:
  std::shared_future<void> let_;
  std::atomic<std::size_t> left_{3};
};

TEST(CloseAll, TellsHowManySitesAreLeftUntilAllAreClosed) {
  std::promise<void> let;
  const std::shared_future<void> future = let.get_future().share();
  SlowLink one(future);
  SlowLink other(future);
  std::vector<std::size_t> heard;
  close_all({&one, &other}, [&](std::size_t left) {
    heard.push_back(left);
    if (heard.size() == 1) let.set_value();
  });
  ASSERT_FALSE(heard.empty());
  EXPECT_EQ(heard.front(), 2U);
  EXPECT_EQ(one.sites_left() + other.sites_left(), 0U);
}

TEST(CloseAll, SaysNothingWhereThereIsNothingToClose) {
  close_all({}, [](std::size_t) { FAIL(); });
}

}  // namespace
}  // namespace sdt::daemon
