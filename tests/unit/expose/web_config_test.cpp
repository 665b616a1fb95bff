#include "expose/web_config.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sdt::expose {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

const std::string hash = "$2b$04$sKKXOwaXiwHD0Zop4MltkuCWgouFqvysEawn7kBZfWnQ34//1Fnnm";

struct Parsed {
  WebConfig config;
  std::vector<std::string> messages;
};

Parsed parse(const std::string& text) {
  spec::Report report("/etc/x/web.yml");
  Parsed parsed{parse_web_config("/etc/x/web.yml", text, report), {}};
  for (const spec::Diagnostic& diagnostic : report.take()) {
    parsed.messages.push_back(diagnostic.text());
  }
  return parsed;
}

/// tls_server_config with a certificate, a key and these lines.
Parsed parse_tls(const std::string& lines) {
  return parse("tls_server_config:\n  cert_file: c\n  key_file: k\n" + lines);
}

TEST(WebConfig, EverythingTheToolkitDescribes) {
  const Parsed parsed = parse(R"(
tls_server_config:
  cert_file: server.crt
  key_file: /keys/server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ../ca.crt
  client_allowed_sans: [prometheus, 10.0.0.1]
  min_version: TLS12
  max_version: TLS13
  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS_AES_128_GCM_SHA256]
  prefer_server_cipher_suites: false
  curve_preferences: [X25519, CurveP256]
http_server_config:
  http2: true
  headers:
    X-Frame-Options: deny
    Strict-Transport-Security: max-age=31536000
basic_auth_users:
  prometheus: )" + hash + "\n");
  ASSERT_THAT(parsed.messages, IsEmpty());
  const TlsSettings& tls = parsed.config.tls.value();
  EXPECT_EQ(tls.certificate.path, "/etc/x/server.crt");
  EXPECT_EQ(tls.key.path, "/keys/server.key");
  EXPECT_EQ(tls.client_ca.value().path, "/etc/ca.crt");
  EXPECT_EQ(tls.client_auth, ClientAuth::require_and_verify);
  EXPECT_THAT(tls.client_allowed_sans, ElementsAre("prometheus", "10.0.0.1"));
  EXPECT_EQ(tls.min_version, TlsVersion::tls12);
  EXPECT_EQ(tls.max_version, TlsVersion::tls13);
  EXPECT_THAT(tls.cipher_suites, ElementsAre("ECDHE-RSA-AES256-GCM-SHA384"));
  EXPECT_FALSE(tls.prefer_server_cipher_suites);
  EXPECT_THAT(tls.curves, ElementsAre("X25519", "P-256"));
  EXPECT_THAT(parsed.config.headers,
              ElementsAre(Pair("X-Frame-Options", "deny"),
                          Pair("Strict-Transport-Security", "max-age=31536000")));
  EXPECT_THAT(parsed.config.users, ElementsAre(User{"prometheus", hash}));
}

TEST(WebConfig, WhatIsLeftOutHasTheToolkitsDefaults) {
  const Parsed parsed = parse_tls("");
  ASSERT_THAT(parsed.messages, IsEmpty());
  const TlsSettings& tls = parsed.config.tls.value();
  EXPECT_EQ(tls.client_auth, ClientAuth::none);
  EXPECT_EQ(tls.min_version, TlsVersion::tls12);
  EXPECT_EQ(tls.max_version, TlsVersion::tls13);
  EXPECT_TRUE(tls.prefer_server_cipher_suites);
  EXPECT_THAT(parsed.config.users, IsEmpty());
}

TEST(WebConfig, PemMayStandInTheFile) {
  const Parsed parsed = parse("tls_server_config: {cert: C, key: K}\n");
  ASSERT_THAT(parsed.messages, IsEmpty());
  EXPECT_EQ(parsed.config.tls->certificate.text, "C");
  EXPECT_EQ(parsed.config.tls->certificate.path, "");
}

TEST(WebConfig, OneOfTextAndFile) {
  EXPECT_THAT(
      parse("tls_server_config:\n  cert: C\n  cert_file: c\n  key_file: k\n").messages,
      ElementsAre("/etc/x/web.yml:3:14: cert and cert_file say the same; keep one of them"));
}

TEST(WebConfig, CertificateAndKeyAreNeeded) {
  EXPECT_THAT(parse("tls_server_config:\n  min_version: TLS13\n").messages,
              ElementsAre("/etc/x/web.yml:2:3: tls_server_config needs a cert_file (or cert, the "
                          "PEM text)",
                          "/etc/x/web.yml:2:3: tls_server_config needs a key_file (or key, the "
                          "PEM text)"));
}

TEST(WebConfig, UnknownKeysAreNamedWithTheirPlace) {
  EXPECT_THAT(parse("basic_auth_user: {}\n").messages,
              ElementsAre("/etc/x/web.yml:1:1: unknown key \"basic_auth_user\" in the web config; "
                          "did you mean \"basic_auth_users\"? (allowed: tls_server_config, "
                          "http_server_config, basic_auth_users)"));
  EXPECT_THAT(parse_tls("  cert_fil: x\n").messages,
              ElementsAre(HasSubstr("web.yml:4:3: unknown key \"cert_fil\" in tls_server_config")));
  EXPECT_THAT(parse("http_server_config: {headers: {Server: x}}\n").messages,
              ElementsAre(HasSubstr("web.yml:1:32: unknown key \"Server\" in headers")));
}

TEST(WebConfig, RateLimitIsNotBuilt) {
  EXPECT_THAT(parse("rate_limit: {interval: 1s}\n").messages,
              ElementsAre(HasSubstr("web.yml:1:1: \"rate_limit\" in the web config is not built")));
}

TEST(WebConfig, BrokenVersionsAreNotServed) {
  EXPECT_THAT(parse_tls("  min_version: TLS11\n").messages,
              ElementsAre("/etc/x/web.yml:4:16: min_version: TLS11 is broken and not served; TLS12 "
                          "and TLS13 are"));
  EXPECT_THAT(parse_tls("  min_version: SSL30\n").messages,
              ElementsAre(HasSubstr("min_version must be one of TLS12, TLS13, not \"SSL30\"")));
  EXPECT_THAT(parse_tls("  min_version: TLS13\n  max_version: TLS12\n").messages,
              ElementsAre("/etc/x/web.yml:5:16: max_version is below min_version"));
}

TEST(WebConfig, SuitesOfTls13AloneLeaveNoneForTls12) {
  const Parsed parsed = parse_tls("  cipher_suites: [TLS_AES_128_GCM_SHA256]\n");
  ASSERT_THAT(parsed.messages, IsEmpty());
  EXPECT_EQ(parsed.config.tls->min_version, TlsVersion::tls13);
  EXPECT_THAT(
      parse_tls("  cipher_suites: [TLS_AES_128_GCM_SHA256]\n  max_version: TLS12\n").messages,
      ElementsAre(HasSubstr("web.yml:4:18: cipher_suites has none for TLS 1.2")));
}

TEST(WebConfig, WeakSuitesAndUnknownCurvesAreRefused) {
  EXPECT_THAT(parse_tls("  cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]\n").messages,
              ElementsAre(HasSubstr("web.yml:4:19: cipher_suites must be one of TLS_AES_128_GCM")));
  EXPECT_THAT(parse_tls("  curve_preferences: [P256]\n").messages,
              ElementsAre(HasSubstr("web.yml:4:23: curve_preferences must be one of CurveP256,")));
  EXPECT_THAT(parse_tls("  curve_preferences: X25519\n").messages,
              ElementsAre(HasSubstr("curve_preferences must be a list, not a single value")));
}

TEST(WebConfig, ClientCertificatesNeedPolicyAndAuthority) {
  EXPECT_THAT(parse_tls("  client_ca_file: ca\n").messages,
              ElementsAre(HasSubstr("web.yml:4:19: client_ca_file without client_auth_type asks "
                                    "nobody")));
  EXPECT_THAT(parse_tls("  client_auth_type: RequireAndVerifyClientCert\n").messages,
              ElementsAre(HasSubstr("web.yml:4:21: client_auth_type RequireAndVerifyClientCert "
                                    "needs a client_ca_file")));
  EXPECT_THAT(parse_tls("  client_auth_type: Yes\n").messages,
              ElementsAre(HasSubstr("client_auth_type must be one of NoClientCert,")));
}

TEST(WebConfig, AllowedSansNeedACertificate) {
  EXPECT_THAT(parse_tls("  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: ca\n"
                        "  client_allowed_sans: [a]\n")
                  .messages,
              ElementsAre(HasSubstr("web.yml:6:24: client_allowed_sans needs client_auth_type")));
  EXPECT_THAT(
      parse_tls("  client_auth_type: RequireAnyClientCert\n  client_allowed_sans: []\n").messages,
      ElementsAre(HasSubstr("client_allowed_sans must be a list of names, not an empty")));
}

TEST(WebConfig, HeaderValuesAreChecked) {
  EXPECT_THAT(parse("http_server_config: {headers: {X-Frame-Options: allow}}\n").messages,
              ElementsAre("/etc/x/web.yml:1:49: X-Frame-Options must be one of deny, sameorigin, "
                          "not \"allow\""));
  EXPECT_THAT(parse("http_server_config: {headers: {X-XSS-Protection: \"1\\r\\nSet-Cookie: a\"}}\n")
                  .messages,
              ElementsAre(HasSubstr("X-XSS-Protection must be one line of ASCII characters")));
}

TEST(WebConfig, BlankHeaderIsNotSet) {
  const Parsed parsed = parse("http_server_config: {headers: {X-Frame-Options: \"\"}}\n");
  EXPECT_THAT(parsed.messages, IsEmpty());
  EXPECT_THAT(parsed.config.headers, IsEmpty());
}

TEST(WebConfig, PasswordsAreBcryptHashesAndNeverRepeated) {
  const Parsed parsed = parse("basic_auth_users:\n  alice: hunter2\n");
  ASSERT_EQ(parsed.messages.size(), 1U);
  EXPECT_THAT(parsed.messages[0], HasSubstr("web.yml:2:10: the password of \"alice\" is not a "
                                            "bcrypt hash"));
  EXPECT_THAT(parsed.messages[0], Not(HasSubstr("hunter2")));
}

TEST(WebConfig, CostThatWouldTakeSecondsIsRefused) {
  std::string slow = hash;
  slow.replace(4, 2, "15");
  EXPECT_THAT(parse("basic_auth_users: {alice: " + slow + "}\n").messages,
              ElementsAre(HasSubstr("the password of \"alice\" has the cost 15")));
}

TEST(WebConfig, UserStandsOnceAndHasAName) {
  EXPECT_THAT(
      parse("basic_auth_users:\n  a: " + hash + "\n  a: " + hash + "\n").messages,
      ElementsAre(HasSubstr("web.yml:3:3: duplicate key \"a\" in basic_auth_users, first on line "
                            "2")));
  EXPECT_THAT(parse("basic_auth_users: {\"a:b\": " + hash + "}\n").messages,
              ElementsAre(HasSubstr("at least one character and no colon")));
}

TEST(WebConfig, SectionsThatProtectNothingAreWarnings) {
  EXPECT_THAT(parse("").messages,
              ElementsAre(HasSubstr("warning: the web config is empty: no TLS, and nobody")));
  EXPECT_THAT(parse("basic_auth_users:\ntls_server_config: {}\n").messages,
              ElementsAre(HasSubstr("warning: tls_server_config is empty: TLS is off"),
                          HasSubstr("warning: basic_auth_users is empty: nobody is asked")));
}

TEST(WebConfig, BrokenYamlHasItsPlace) {
  EXPECT_THAT(parse("basic_auth_users: [\n").messages,
              ElementsAre(HasSubstr("web.yml:2:1: not valid YAML")));
}

}  // namespace
}  // namespace sdt::expose
