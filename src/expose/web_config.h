// The web config file: TLS, users and headers, in the exporter-toolkit's format.
//
// Purpose:   text in; valid settings, or every mistake with its place, out. The format is described
//            in
//            https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md;
//            where this reader is stricter, docs/web.md says so.
// Ownership: plain values. Some of them are secrets: no message repeats a key or a hash.
// Thread:    any; pure.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "expose/basic_auth.h"
#include "spec/report.h"

namespace sdt::expose {

enum class ClientAuth { none, request, require_any, verify_if_given, require_and_verify };
enum class TlsVersion { tls12, tls13 };

/// PEM text as it stands in the web config, or the file that holds it.
struct PemSource {
  std::string key;   ///< of the web config: "cert_file"
  std::string path;  ///< as it is opened; empty: `text` is all
  std::string text;
  spec::Place at;
};

struct TlsSettings {
  PemSource certificate;
  PemSource key;
  std::optional<PemSource> client_ca;
  ClientAuth client_auth = ClientAuth::none;
  std::vector<std::string> client_allowed_sans;  ///< empty: any
  TlsVersion min_version = TlsVersion::tls12;
  TlsVersion max_version = TlsVersion::tls13;
  /// OpenSSL's names, of TLS 1.2 alone, in order; empty: ours. TLS 1.3 has its own.
  std::vector<std::string> cipher_suites;
  std::vector<std::string> curves;  ///< OpenSSL's names, in order; empty: OpenSSL's own choice
  bool prefer_server_cipher_suites = true;
};

struct WebConfig {
  std::optional<TlsSettings> tls;
  std::vector<std::pair<std::string, std::string>> headers;  ///< on every response
  std::vector<User> users;                                   ///< empty: nobody is asked
};

/// `path` names the file in messages, and relative paths in it begin in its folder. Mistakes go to
/// the report; the settings are meaningful only without errors.
[[nodiscard]] WebConfig parse_web_config(const std::string& path, const std::string& text,
                                         spec::Report& report);

}  // namespace sdt::expose
