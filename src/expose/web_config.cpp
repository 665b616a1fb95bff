#include "expose/web_config.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <span>
#include <string_view>

#include <fmt/format.h>

#include "spec/reader.h"
#include "spec/words.h"
#include "spec/yaml.h"

namespace sdt::expose {
namespace {

using spec::MapReader;
using spec::Node;
using spec::Report;

constexpr auto version_words = std::to_array<std::string_view>({"TLS12", "TLS13"});

/// The toolkit's name of a suite (Go's crypto/tls, which are the RFCs'), and OpenSSL's. Those of
/// TLS 1.3 are all served whatever is listed, here as in Go, and have no second name.
struct Suite {
  std::string_view name;
  std::string_view openssl;
};
constexpr auto suites = std::to_array<Suite>({
    {"TLS_AES_128_GCM_SHA256", ""},
    {"TLS_AES_256_GCM_SHA384", ""},
    {"TLS_CHACHA20_POLY1305_SHA256", ""},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"},
    {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"},
    {"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"},
});
constexpr auto suite_words = [] {
  std::array<std::string_view, suites.size()> words;
  for (std::size_t i = 0; i < suites.size(); ++i) words[i] = suites[i].name;
  return words;
}();

constexpr auto curve_words =
    std::to_array<std::string_view>({"CurveP256", "CurveP384", "CurveP521", "X25519"});
constexpr auto curve_names = std::to_array<std::string_view>({"P-256", "P-384", "P-521", "X25519"});

struct AuthWord {
  std::string_view word;
  ClientAuth auth;
};
constexpr auto auths = std::to_array<AuthWord>({
    {"NoClientCert", ClientAuth::none},
    {"RequestClientCert", ClientAuth::request},
    {"RequireAnyClientCert", ClientAuth::require_any},
    {"RequireClientCert", ClientAuth::require_any},  // an old name of it
    {"VerifyClientCertIfGiven", ClientAuth::verify_if_given},
    {"RequireAndVerifyClientCert", ClientAuth::require_and_verify},
});
constexpr auto auth_words = [] {
  std::array<std::string_view, auths.size()> words;
  for (std::size_t i = 0; i < auths.size(); ++i) words[i] = auths[i].word;
  return words;
}();

bool is_null(const Node* node) {
  return node == nullptr || node->kind == Node::Kind::null;
}

bool read_flag(const MapReader& map, std::string_view key, bool otherwise, Report& report) {
  const Node* node = map.find(key);
  if (is_null(node)) return otherwise;
  constexpr auto words = std::to_array<std::string_view>({"true", "false"});
  return spec::read_choice(*node, key, words, report).value_or(otherwise ? 0 : 1) == 0;
}

/// The indices of the listed words.
std::vector<std::size_t> read_choices(const MapReader& map, std::string_view key,
                                      std::span<const std::string_view> words, Report& report) {
  std::vector<std::size_t> found;
  const Node* node = map.find(key);
  if (is_null(node)) return found;
  if (node->kind != Node::Kind::sequence) {
    report.error(node->at, fmt::format("{} must be a list, not {}", key, spec::kind_of(*node)));
    return found;
  }
  for (const Node& item : node->items) {
    if (const auto index = spec::read_choice(item, key, words, report)) found.push_back(*index);
  }
  return found;
}

class TlsReader {
 public:
  TlsReader(const MapReader& map, std::filesystem::path folder, Report& report)
      : map_(map), folder_(std::move(folder)), report_(report) {}

  TlsSettings read() {
    TlsSettings settings;
    if (auto pem = read_pem("cert", "cert_file", true)) settings.certificate = std::move(*pem);
    if (auto pem = read_pem("key", "key_file", true)) settings.key = std::move(*pem);
    settings.client_ca = read_pem("client_ca", "client_ca_file", false);
    read_client_auth(settings);
    read_versions(settings);
    read_suites(settings);
    for (const std::size_t i : read_choices(map_, "curve_preferences", curve_words, report_)) {
      settings.curves.emplace_back(curve_names[i]);
    }
    settings.prefer_server_cipher_suites =
        read_flag(map_, "prefer_server_cipher_suites", true, report_);
    return settings;
  }

 private:
  std::optional<PemSource> read_pem(std::string_view text_key, std::string_view file_key,
                                    bool needed) {
    const Node* text = map_.find(text_key);
    const Node* file = map_.find(file_key);
    if (is_null(text) && is_null(file)) {
      if (needed) {
        report_.error(map_.at(), fmt::format("tls_server_config needs a {} (or {}, the PEM text)",
                                             file_key, text_key));
      }
      return std::nullopt;
    }
    if (!is_null(text) && !is_null(file)) {
      report_.error(file->at,
                    fmt::format("{} and {} say the same; keep one of them", text_key, file_key));
      return std::nullopt;
    }
    const std::string_view key = is_null(file) ? text_key : file_key;
    const Node& node = is_null(file) ? *text : *file;
    auto value = spec::read_name(node, key, report_);
    if (!value) return std::nullopt;
    PemSource pem{std::string(key), {}, {}, node.at};
    if (is_null(file)) {
      pem.text = std::move(*value);
    } else {
      pem.path = (folder_ / *value).lexically_normal().string();
    }
    return pem;
  }

  void read_client_auth(TlsSettings& settings) {
    const Node* node = map_.find("client_auth_type");
    if (!is_null(node)) {
      const auto index = spec::read_choice(*node, "client_auth_type", auth_words, report_);
      if (!index) return;
      settings.client_auth = auths[*index].auth;
    }
    const bool verifies = settings.client_auth == ClientAuth::verify_if_given ||
                          settings.client_auth == ClientAuth::require_and_verify;
    if (settings.client_ca && settings.client_auth == ClientAuth::none) {
      report_.error(settings.client_ca->at,
                    fmt::format("{} without client_auth_type asks nobody for a certificate; "
                                "RequireAndVerifyClientCert does",
                                settings.client_ca->key));
    } else if (verifies && !settings.client_ca) {
      report_.error(node->at, fmt::format("client_auth_type {} needs a client_ca_file to verify "
                                          "with",
                                          node->text));
    }
    read_allowed_sans(settings);
  }

  void read_allowed_sans(TlsSettings& settings) {
    const Node* node = map_.find("client_allowed_sans");
    if (is_null(node)) return;
    if (node->kind != Node::Kind::sequence || node->items.empty()) {
      report_.error(node->at, "client_allowed_sans must be a list of names, not an empty one");
      return;
    }
    if (settings.client_auth != ClientAuth::require_any &&
        settings.client_auth != ClientAuth::require_and_verify) {
      report_.error(node->at,
                    "client_allowed_sans needs client_auth_type RequireAndVerifyClientCert (or "
                    "RequireAnyClientCert): else a client without a certificate has no names");
    }
    for (const Node& item : node->items) {
      auto name = spec::read_name(item, "client_allowed_sans", report_);
      if (name) settings.client_allowed_sans.push_back(std::move(*name));
    }
  }

  TlsVersion read_version(std::string_view key, TlsVersion otherwise) {
    const Node* node = map_.find(key);
    if (is_null(node)) return otherwise;
    if (node->text == "TLS10" || node->text == "TLS11") {
      report_.error(node->at, fmt::format("{}: {} is broken and not served; TLS12 and TLS13 are",
                                          key, node->text));
      return otherwise;
    }
    const auto index = spec::read_choice(*node, key, version_words, report_);
    return index ? static_cast<TlsVersion>(*index) : otherwise;
  }

  void read_versions(TlsSettings& settings) {
    settings.min_version = read_version("min_version", TlsVersion::tls12);
    settings.max_version = read_version("max_version", TlsVersion::tls13);
    if (settings.min_version > settings.max_version) {
      report_.error(map_.find("max_version")->at, "max_version is below min_version");
    }
  }

  void read_suites(TlsSettings& settings) {
    const auto listed = read_choices(map_, "cipher_suites", suite_words, report_);
    for (const std::size_t i : listed) {
      if (!suites[i].openssl.empty()) settings.cipher_suites.emplace_back(suites[i].openssl);
    }
    if (listed.empty() || !settings.cipher_suites.empty()) return;
    // Only suites of TLS 1.3: nothing is left for TLS 1.2.
    settings.min_version = TlsVersion::tls13;
    if (settings.max_version == TlsVersion::tls12) {
      report_.error(map_.find("cipher_suites")->at,
                    "cipher_suites has none for TLS 1.2, and max_version allows no more than that");
    }
  }

  const MapReader& map_;
  std::filesystem::path folder_;
  Report& report_;
};

std::optional<TlsSettings> read_tls(const Node& node, const std::string& path, Report& report) {
  if (node.kind == Node::Kind::null || (node.kind == Node::Kind::map && node.entries.empty())) {
    report.warning(node.at, "tls_server_config is empty: TLS is off");
    return std::nullopt;
  }
  constexpr auto keys = std::to_array<std::string_view>(
      {"cert_file", "key_file", "cert", "key", "client_auth_type", "client_ca_file", "client_ca",
       "client_allowed_sans", "min_version", "max_version", "cipher_suites", "curve_preferences",
       "prefer_server_cipher_suites"});
  const MapReader map(node, "tls_server_config", keys, report);
  if (!map.valid()) return std::nullopt;
  return TlsReader(map, std::filesystem::path(path).parent_path(), report).read();
}

/// A header that may be set, and the values it may have (empty: any).
struct HeaderRule {
  std::string_view name;
  std::array<std::string_view, 2> values;
};
constexpr auto header_rules = std::to_array<HeaderRule>({
    {"Content-Security-Policy", {}},
    {"X-Frame-Options", {"deny", "sameorigin"}},
    {"X-Content-Type-Options", {"nosniff", "nosniff"}},
    {"X-XSS-Protection", {}},
    {"Strict-Transport-Security", {}},
});
constexpr auto header_words = [] {
  std::array<std::string_view, header_rules.size()> words;
  for (std::size_t i = 0; i < header_rules.size(); ++i) words[i] = header_rules[i].name;
  return words;
}();

bool is_header_value(std::string_view text) {
  return std::ranges::none_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte >= 0x7f;
  });
}

void read_header(const HeaderRule& rule, const Node& node, WebConfig& config, Report& report) {
  const auto value = spec::read_text(node, rule.name, report);
  if (!value || value->empty()) return;  // blank: not set
  if (!is_header_value(*value)) {
    report.error(node.at, fmt::format("{} must be one line of ASCII characters", rule.name));
    return;
  }
  const bool is_free = rule.values[0].empty();
  if (!is_free && std::ranges::find(rule.values, *value) == rule.values.end()) {
    const std::size_t count = rule.values[0] == rule.values[1] ? 1 : 2;
    report.error(node.at, fmt::format("{} must be one of {}, not {}", rule.name,
                                      spec::join(std::span(rule.values).first(count)),
                                      spec::in_quotes(*value)));
    return;
  }
  config.headers.emplace_back(rule.name, *value);
}

void read_http(const Node& node, WebConfig& config, Report& report) {
  if (node.kind == Node::Kind::null) return;
  constexpr auto keys = std::to_array<std::string_view>({"http2", "headers"});
  const MapReader map(node, "http_server_config", keys, report);
  // Every client that speaks HTTP/2 speaks 1.1 as well: whatever is asked for, 1.1 is offered.
  static_cast<void>(read_flag(map, "http2", true, report));
  const Node* headers = map.find("headers");
  if (is_null(headers)) return;
  const MapReader allowed(*headers, "headers", header_words, report);
  for (const HeaderRule& rule : header_rules) {
    const Node* value = allowed.find(rule.name);
    if (!is_null(value)) read_header(rule, *value, config, report);
  }
}

void read_user(const spec::Entry& entry, WebConfig& config, Report& report) {
  if (entry.key.kind != Node::Kind::scalar || entry.key.text.empty() ||
      entry.key.text.find(':') != std::string::npos) {
    report.error(entry.key.at,
                 "basic_auth_users: a user's name is at least one character and no colon");
    return;
  }
  const std::string what = fmt::format("the password of {}", spec::in_quotes(entry.key.text));
  const Node& value = entry.value;
  if (value.kind != Node::Kind::scalar) {
    report.error(value.at, fmt::format("{} must be a bcrypt hash, not {}", what, kind_of(value)));
    return;
  }
  const auto cost = bcrypt_cost(value.text);
  if (!cost) {
    report.error(value.at, fmt::format("{} is not a bcrypt hash ($2b$10$ and 53 characters more); "
                                       "`htpasswd -nBC 10 \"\"` makes one",
                                       what));
  } else if (*cost > highest_bcrypt_cost) {
    report.error(value.at, fmt::format("{} has the cost {}: each check would take seconds; "
                                       "{} is the most that is taken, 10 is usual",
                                       what, *cost, highest_bcrypt_cost));
  } else {
    config.users.push_back({entry.key.text, value.text});
  }
}

void read_users(const Node& node, WebConfig& config, Report& report) {
  if (node.kind == Node::Kind::null || (node.kind == Node::Kind::map && node.entries.empty())) {
    report.warning(node.at, "basic_auth_users is empty: nobody is asked for a password");
    return;
  }
  if (node.kind != Node::Kind::map) {
    report.error(node.at, fmt::format("basic_auth_users must be a map of names to bcrypt hashes, "
                                      "not {}",
                                      kind_of(node)));
    return;
  }
  spec::report_duplicates(node, "basic_auth_users", report);
  for (const spec::Entry& entry : node.entries) read_user(entry, config, report);
}

}  // namespace

WebConfig parse_web_config(const std::string& path, const std::string& text, Report& report) {
  WebConfig config;
  const std::optional<Node> document = spec::parse_yaml(text, report);
  if (!document) return config;
  if (document->kind == Node::Kind::null) {
    report.warning(document->at,
                   "the web config is empty: no TLS, and nobody is asked for a "
                   "password");
    return config;
  }
  constexpr auto keys = std::to_array<std::string_view>(
      {"tls_server_config", "http_server_config", "basic_auth_users"});
  constexpr auto later = std::to_array<std::string_view>({"rate_limit"});
  const MapReader map(*document, "the web config", keys, report, later);
  if (const Node* tls = map.find("tls_server_config")) config.tls = read_tls(*tls, path, report);
  if (const Node* http = map.find("http_server_config")) read_http(*http, config, report);
  if (const Node* users = map.find("basic_auth_users")) read_users(*users, config, report);
  return config;
}

}  // namespace sdt::expose
