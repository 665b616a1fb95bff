#include "expose/web_config_file.h"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sdt::expose {
namespace {

using namespace std::chrono_literals;
using std::chrono::system_clock;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string hash = "$2b$04$sKKXOwaXiwHD0Zop4MltkuCWgouFqvysEawn7kBZfWnQ34//1Fnnm";

std::string users(const std::string& name) {
  return "basic_auth_users: {" + name + ": " + hash + "}\n";
}

class WebConfigFileTest : public ::testing::Test {
 protected:
  WebConfigFileTest() {
    std::string folder = (std::filesystem::temp_directory_path() / "sdt-web-XXXXXX").string();
    folder_ = mkdtemp(folder.data());
  }
  ~WebConfigFileTest() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string path() const { return folder_ / "web.yml"; }
  void write(const std::string& text) const { std::ofstream(path()) << text; }

  std::shared_ptr<WebConfigFile> open(const std::string& text) {
    write(text);
    auto file = WebConfigFile::open(path(), diagnostics_);
    if (file) {
      file->notify([this](bool is_taken, const WebConfigFile::Diagnostics& diagnostics) {
        taken_ += is_taken ? "yes " : "no ";
        diagnostics_ = diagnostics;
      });
    }
    return file;
  }
  static std::string first_user(const WebPolicy& policy) { return policy.users.at(0).name; }
  /// When what was just written has settled.
  static system_clock::time_point later() { return system_clock::now() + 2s; }

  std::filesystem::path folder_;
  WebConfigFile::Diagnostics diagnostics_;
  std::string taken_;
};

TEST_F(WebConfigFileTest, IsReadAtOnceHoweverYoung) {
  const auto file = open(users("alice"));
  ASSERT_TRUE(file);
  EXPECT_EQ(first_user(*file->current(system_clock::now())), "alice");
  EXPECT_EQ(taken_, "");
}

TEST_F(WebConfigFileTest, ChangeIsTakenOnce) {
  const auto file = open(users("alice"));
  write(users("bob"));
  EXPECT_EQ(first_user(*file->current(later())), "bob");
  EXPECT_EQ(first_user(*file->current(later())), "bob");
  EXPECT_EQ(taken_, "yes ");
}

TEST_F(WebConfigFileTest, ChangeThatIsYoungMayBeHalfOfOne) {
  const auto file = open(users("alice"));
  write("");  // what an editor leaves for a moment
  EXPECT_EQ(first_user(*file->current(system_clock::now())), "alice");
  EXPECT_EQ(taken_, "");
}

TEST_F(WebConfigFileTest, FileOfTheSameSizeInItsPlaceIsAChange) {
  const auto file = open(users("alice"));
  std::ofstream(folder_ / "new") << users("clara");
  std::filesystem::rename(folder_ / "new", path());
  EXPECT_EQ(first_user(*file->current(later())), "clara");
}

TEST_F(WebConfigFileTest, BrokenFileKeepsTheOldSettingsAndIsToldOnce) {
  const auto file = open(users("alice"));
  write("basic_auth_users: {bob: secret}\n");
  EXPECT_EQ(first_user(*file->current(later())), "alice");
  EXPECT_EQ(first_user(*file->current(later())), "alice");
  EXPECT_EQ(taken_, "no ");
  ASSERT_EQ(diagnostics_.size(), 1U);
  EXPECT_THAT(diagnostics_[0].text(), HasSubstr("web.yml:1:25: the password of \"bob\""));
}

TEST_F(WebConfigFileTest, MissingFileKeepsTheOldSettingsUntilItIsBack) {
  const auto file = open(users("alice"));
  std::filesystem::remove(path());
  EXPECT_EQ(first_user(*file->current(later())), "alice");
  EXPECT_EQ(taken_, "no ");
  EXPECT_THAT(diagnostics_[0].text(), HasSubstr("cannot read: No such file"));
  write(users("bob"));
  EXPECT_EQ(first_user(*file->current(later())), "bob");
}

TEST_F(WebConfigFileTest, WarningsDoNotKeepAChangeOut) {
  const auto file = open(users("alice"));
  write("basic_auth_users: {}\n");
  EXPECT_THAT(file->current(later())->users, IsEmpty());
  EXPECT_EQ(taken_, "yes ");
  EXPECT_EQ(diagnostics_.size(), 1U);
}

TEST_F(WebConfigFileTest, BrokenAtTheStartIsNone) {
  EXPECT_FALSE(open("tls_server_config: {cert_file: absent.crt, key_file: absent.key}\n"));
  std::vector<std::string> messages;
  for (const auto& diagnostic : diagnostics_) messages.push_back(diagnostic.text());
  EXPECT_THAT(messages,
              ElementsAre(path() + ":1:32: cert_file " + (folder_ / "absent.crt").string() +
                              ": cannot read: No such file or directory",
                          path() + ":1:54: key_file " + (folder_ / "absent.key").string() +
                              ": cannot read: No such file or directory"));
}

TEST_F(WebConfigFileTest, FileThatIsNoCertificateIsSaidToBe) {
  EXPECT_FALSE(open("tls_server_config: {cert_file: web.yml, key_file: web.yml}\n"));
  ASSERT_EQ(diagnostics_.size(), 1U);
  EXPECT_THAT(diagnostics_[0].text(), HasSubstr("web.yml holds no PEM certificate"));
}

TEST_F(WebConfigFileTest, WhatIsNoFileIsRefused) {
  EXPECT_FALSE(WebConfigFile::open(folder_, diagnostics_));
  EXPECT_THAT(diagnostics_[0].text(), HasSubstr("not a file"));
  EXPECT_FALSE(WebConfigFile::open("/dev/zero", diagnostics_));
  EXPECT_THAT(diagnostics_[0].text(), HasSubstr("not a file"));
}

}  // namespace
}  // namespace sdt::expose
