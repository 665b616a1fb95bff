#include "expose/tls_context.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/verify_context.hpp>

namespace sdt::expose {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;
using spec::Report;

/// For TLS 1.2, where nothing is asked for: forward secrecy and authenticated encryption.
constexpr const char* default_suites = "ECDHE+AESGCM:ECDHE+CHACHA20";

template <class T, void (*release)(T*)>
struct Releaser {
  void operator()(T* object) const { release(object); }
};
using Bio = std::unique_ptr<BIO, Releaser<BIO, BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Releaser<X509, X509_free>>;
using AltNames = std::unique_ptr<GENERAL_NAMES, Releaser<GENERAL_NAMES, GENERAL_NAMES_free>>;

std::string place_of(const PemSource& pem) {
  return pem.path.empty() ? pem.key : fmt::format("{} {}", pem.key, pem.path);
}

/// OpenSSL's words for what failed last in this thread.
std::string last_problem() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return reason != nullptr ? reason : "unknown error";
}

bool load_certificate(const TlsSettings& settings, const TlsMaterial& material,
                      ssl::context& context, Report& report) {
  error_code error;
  const PemSource& certificate = settings.certificate;
  context.use_certificate_chain(asio::buffer(material.certificate), error);
  if (error) {
    report.error(certificate.at, fmt::format("{} holds no PEM certificate that can be used: {}",
                                             place_of(certificate), error.message()));
    return false;
  }
  // Without this, OpenSSL would ask for the passphrase on the terminal.
  context.set_password_callback([](std::size_t, ssl::context::password_purpose) { return ""; },
                                error);
  context.use_private_key(asio::buffer(material.key), ssl::context::pem, error);
  if (error) {
    const bool is_other =
        ERR_GET_REASON(static_cast<unsigned long>(error.value())) == X509_R_KEY_VALUES_MISMATCH;
    report.error(settings.key.at,
                 is_other ? fmt::format("{} is not the key of {}", place_of(settings.key),
                                        place_of(certificate))
                          : fmt::format("{} holds no PEM private key that can be used (without a "
                                        "passphrase): {}",
                                        place_of(settings.key), error.message()));
    return false;
  }
  return true;
}

/// Clients are told which authorities are meant, and their certificates are held against them.
bool load_client_ca(const TlsSettings& settings, const TlsMaterial& material, ssl::context& context,
                    Report& report) {
  SSL_CTX* native = context.native_handle();
  const Bio text(
      BIO_new_mem_buf(material.client_ca.data(), static_cast<int>(material.client_ca.size())));
  int found = 0;
  while (const Certificate ca{PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr)}) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(native), ca.get()) != 1 ||
        SSL_CTX_add_client_CA(native, ca.get()) != 1) {
      report.error(
          settings.client_ca->at,
          fmt::format("{} cannot be used: {}", place_of(*settings.client_ca), last_problem()));
      return false;
    }
    ++found;
  }
  ERR_clear_error();  // "no start line": the end of the text
  if (found != 0) return true;
  report.error(settings.client_ca->at,
               fmt::format("{} holds no PEM certificate", place_of(*settings.client_ca)));
  return false;
}

std::string_view text_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string address_of(const ASN1_OCTET_STRING* bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  const int family = ASN1_STRING_length(bytes) == 4 ? AF_INET : AF_INET6;
  if (family == AF_INET6 && ASN1_STRING_length(bytes) != 16) return "";
  const char* shown = inet_ntop(family, ASN1_STRING_get0_data(bytes), text, sizeof text);
  return shown != nullptr ? shown : "";
}

std::string text_of(const GENERAL_NAME& name) {
  switch (name.type) {
    case GEN_DNS:
      return std::string(text_of(name.d.dNSName));
    case GEN_EMAIL:
      return std::string(text_of(name.d.rfc822Name));
    case GEN_URI:
      return std::string(text_of(name.d.uniformResourceIdentifier));
    case GEN_IPADD:
      return address_of(name.d.iPAddress);
    default:
      return "";
  }
}

/// True when one of the certificate's subject alternative names is listed.
bool has_allowed_san(X509* certificate, const std::vector<std::string>& allowed) {
  const AltNames names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const std::string name = text_of(*sk_GENERAL_NAME_value(names.get(), i));
    if (!name.empty() && std::ranges::find(allowed, name) != allowed.end()) return true;
  }
  return false;
}

void ask_for_certificates(const TlsSettings& settings, ssl::context& context) {
  if (settings.client_auth == ClientAuth::none) return;
  const bool needed = settings.client_auth == ClientAuth::require_any ||
                      settings.client_auth == ClientAuth::require_and_verify;
  const bool verified = settings.client_auth == ClientAuth::verify_if_given ||
                        settings.client_auth == ClientAuth::require_and_verify;
  error_code ignored;  // neither call fails (but for memory)
  context.set_verify_mode(
      ssl::verify_peer | (needed ? ssl::verify_fail_if_no_peer_cert : ssl::verify_none), ignored);
  // Called for each certificate of the chain; the client's own has depth 0.
  context.set_verify_callback(
      [verified, allowed = settings.client_allowed_sans](bool is_right, ssl::verify_context& at) {
        if (verified && !is_right) return false;
        X509_STORE_CTX* chain = at.native_handle();
        if (allowed.empty() || X509_STORE_CTX_get_error_depth(chain) != 0) return true;
        if (has_allowed_san(X509_STORE_CTX_get_current_cert(chain), allowed)) return true;
        X509_STORE_CTX_set_error(chain, X509_V_ERR_APPLICATION_VERIFICATION);
        return false;
      },
      ignored);
}

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ":"));
}

int number_of(TlsVersion version) {
  return version == TlsVersion::tls12 ? TLS1_2_VERSION : TLS1_3_VERSION;
}

/// False when this OpenSSL refuses something, as a policy of the machine may have it.
bool apply_choices(const TlsSettings& settings, SSL_CTX* context) {
  const std::string suites =
      settings.cipher_suites.empty() ? default_suites : joined(settings.cipher_suites);
  std::uint64_t options = SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET;
  if (settings.prefer_server_cipher_suites) options |= SSL_OP_CIPHER_SERVER_PREFERENCE;
  SSL_CTX_set_options(context, options);
  // No resumption: every connection shows its certificate. Scrapers keep theirs open anyway.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  return SSL_CTX_set_num_tickets(context, 0) == 1 &&
         SSL_CTX_set_min_proto_version(context, number_of(settings.min_version)) == 1 &&
         SSL_CTX_set_max_proto_version(context, number_of(settings.max_version)) == 1 &&
         SSL_CTX_set_cipher_list(context, suites.c_str()) == 1 &&
         (settings.curves.empty() ||
          SSL_CTX_set1_groups_list(context, joined(settings.curves).c_str()) == 1);
}

}  // namespace

std::shared_ptr<TlsContext> make_tls_context(const TlsSettings& settings,
                                             const TlsMaterial& material, Report& report) {
  ERR_clear_error();
  auto tls = std::make_shared<TlsContext>();
  if (!apply_choices(settings, tls->context.native_handle())) {
    report.error(settings.certificate.at,
                 fmt::format("OpenSSL refuses these TLS settings: {}", last_problem()));
    return nullptr;
  }
  if (!load_certificate(settings, material, tls->context, report)) return nullptr;
  if (settings.client_ca && !load_client_ca(settings, material, tls->context, report)) {
    return nullptr;
  }
  ask_for_certificates(settings, tls->context);
  return tls;
}

}  // namespace sdt::expose
