#include "expose/basic_auth.h"

#include <future>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "expose/password_cache.h"
#include "expose/password_worker.h"

namespace sdt::expose {
namespace {

// "correct horse" and "battery staple", at the lowest cost.
const std::string horse = "$2b$04$sKKXOwaXiwHD0Zop4MltkuCWgouFqvysEawn7kBZfWnQ34//1Fnnm";
const std::string staple = "$2b$04$vUnckUkgh9sisuZOw9gmcukEWHoUOPR2xQ.krBvdOBM2M6HEjcH5e";

TEST(Authorization, IsNameAndPasswordInBase64) {
  const Credentials expected{"prometheus", "correct horse"};
  EXPECT_EQ(parse_authorization("Basic cHJvbWV0aGV1czpjb3JyZWN0IGhvcnNl"), expected);
  EXPECT_EQ(parse_authorization("bASIC  cHJvbWV0aGV1czpjb3JyZWN0IGhvcnNl"), expected);
}

TEST(Authorization, FirstColonEndsTheName) {
  EXPECT_EQ(parse_authorization("Basic YTpiOmM="), (Credentials{"a", "b:c"}));
  EXPECT_EQ(parse_authorization("Basic Ojo="), (Credentials{"", ":"}));
  EXPECT_EQ(parse_authorization("Basic YTo="), (Credentials{"a", ""}));
}

TEST(Authorization, BytesAreTakenAsTheyAre) {
  EXPECT_EQ(parse_authorization("Basic YTr//gA="),
            (Credentials{"a", std::string("\xff\xfe\0", 3)}));
}

TEST(Authorization, AnythingElseIsNone) {
  for (const char* header :
       {"", "Basic", "Basic ", "Bearer YTpi", "Basic YTp", "Basic YT!i",
        "Basic YTpi=", "Basic ====", "Basic YQ==", "BasicYTpi", "Basic YT=pi==="}) {
    EXPECT_EQ(parse_authorization(header), std::nullopt) << header;
  }
}

TEST(Bcrypt, CostStandsInTheHash) {
  EXPECT_EQ(bcrypt_cost(horse), 4);
  EXPECT_EQ(bcrypt_cost("$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"), 10);
  EXPECT_EQ(bcrypt_cost("$2a$12$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"), 12);
}

TEST(Bcrypt, WhatIsNoHashHasNoCost) {
  for (std::string text :
       {std::string(), std::string("secret"), horse + "x", horse.substr(0, 59),
        "$6$04" + horse.substr(5), "$2x" + horse.substr(3), "$2b$03" + horse.substr(6),
        "$2b$32" + horse.substr(6), "$2b$0x" + horse.substr(6), horse.substr(0, 59) + ":"}) {
    EXPECT_EQ(bcrypt_cost(text), std::nullopt) << text;
  }
}

TEST(Bcrypt, OnlyTheRightPasswordMatches) {
  EXPECT_TRUE(bcrypt_matches(horse, "correct horse"));
  EXPECT_FALSE(bcrypt_matches(horse, "Correct horse"));
  EXPECT_FALSE(bcrypt_matches(horse, ""));
  EXPECT_FALSE(bcrypt_matches(staple, "correct horse"));
}

TEST(Bcrypt, WhatStandsBehindAZeroByteCounts) {
  EXPECT_FALSE(bcrypt_matches(horse, std::string("correct horse\0", 14)));
}

TEST(Bcrypt, PasswordLongerThanCryptTakesIsWrong) {
  EXPECT_FALSE(bcrypt_matches(horse, std::string(6000, 'x')));
}

TEST(SameSecret, ComparesBytes) {
  EXPECT_TRUE(is_same_secret("", ""));
  EXPECT_TRUE(is_same_secret("ab", "ab"));
  EXPECT_FALSE(is_same_secret("ab", "abc"));
  EXPECT_FALSE(is_same_secret("ab", "aB"));
}

TEST(PasswordCache, KnowsWhatItWasTold) {
  PasswordCache cache;
  const User user{"a", horse};
  EXPECT_FALSE(cache.knows(user, "p"));
  cache.remember(user, "p");
  EXPECT_TRUE(cache.knows(user, "p"));
  EXPECT_FALSE(cache.knows(user, "q"));
}

TEST(PasswordCache, AnotherUserOrHashIsUnknown) {
  PasswordCache cache;
  cache.remember({"a", horse}, "p");
  EXPECT_FALSE(cache.knows({"b", horse}, "p"));
  EXPECT_FALSE(cache.knows({"a", staple}, "p"));
}

TEST(PasswordCache, TheUserAStrangerIsComparedWithDependsOnTheNameAlone) {
  const PasswordCache cache;
  const std::vector<User> users{{"a", horse}, {"b", staple}, {"c", horse}};
  EXPECT_EQ(cache.stand_in(users, "x"), cache.stand_in(users, "x"));
  bool is_spread = false;
  for (int i = 0; i < 100; ++i) {
    is_spread |= cache.stand_in(users, std::to_string(i)) != cache.stand_in(users, "x");
  }
  EXPECT_TRUE(is_spread);
}

/// What the worker says.
bool answer_of(PasswordWorker& worker, const std::string& password) {
  std::promise<bool> answer;
  worker.check(horse, password, [&answer](bool matches) { answer.set_value(matches); });
  return answer.get_future().get();
}

TEST(PasswordWorker, AnswersOneAfterTheOther) {
  PasswordWorker worker;
  EXPECT_TRUE(answer_of(worker, "correct horse"));
  EXPECT_FALSE(answer_of(worker, "battery staple"));
  EXPECT_TRUE(answer_of(worker, "correct horse"));
}

TEST(PasswordWorker, StopAnswersEveryCheckAndNoneMatchesAfterwards) {
  PasswordWorker worker;
  int answers = 0;
  for (int i = 0; i < 50; ++i) worker.check(staple, "wrong", [&answers](bool) { ++answers; });
  worker.stop();  // joins: nothing runs any more
  EXPECT_EQ(answers, 50);
  EXPECT_FALSE(answer_of(worker, "correct horse"));
}

}  // namespace
}  // namespace sdt::expose
