#include "base/result.h"

#include <cerrno>

#include <gtest/gtest.h>

namespace sdt {
namespace {

TEST(FailErrno, SaysWhatWasDoneAndTheReason) {
  Error error = fail_errno(ENOENT, "opening /bin/shop").value();
  EXPECT_EQ(error.code, Errc::not_found);
  EXPECT_EQ(error.message, "opening /bin/shop: No such file or directory");
}

TEST(FailErrno, TooManyOpenFilesSaysWhichLimitToRaise) {
  Error error = fail_errno(EMFILE, "attaching").value();
  EXPECT_EQ(error.code, Errc::exhausted);
  EXPECT_EQ(error.message,
            "attaching: Too many open files; raise LimitNOFILE= of the service, or ulimit -n");
}

TEST(Error, WithinPutsWhatWasBeingDoneInFront) {
  Error error = Error{Errc::gone, "no such process"}.within("attach metric x");
  EXPECT_EQ(error.code, Errc::gone);
  EXPECT_EQ(error.message, "attach metric x: no such process");
}

}  // namespace
}  // namespace sdt
