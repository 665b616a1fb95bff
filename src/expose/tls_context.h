// TLS settings as OpenSSL takes them.
//
// Purpose:   one context for all connections that begin while a web config is in force. Only for
//            connection.cpp and web_config_file.cpp: it brings Asio's SSL along.
// Ownership: shared by the connections that began with it.
// Thread:    the loop.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/ssl/context.hpp>

#include "expose/web_config.h"
#include "spec/report.h"

namespace sdt::expose {

struct TlsContext {
  boost::asio::ssl::context context{boost::asio::ssl::context::tls_server};
};

/// PEM texts, read from where the settings say.
struct TlsMaterial {
  std::string certificate;
  std::string key;
  std::string client_ca;
};

/// Nothing after an error, which is reported at the place of the setting that it comes from.
[[nodiscard]] std::shared_ptr<TlsContext> make_tls_context(const TlsSettings& settings,
                                                           const TlsMaterial& material,
                                                           spec::Report& report);

}  // namespace sdt::expose
