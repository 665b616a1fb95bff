// Requests and responses as Beast has them.
//
// Purpose:   between Beast's messages and ours, no sockets. Only for connection.cpp: it brings
// Beast
//            along.
// Ownership: plain values.
// Thread:    any; pure.
#pragma once

#include <optional>

#include <boost/beast/core/error.hpp>
#include <boost/beast/http.hpp>

#include "expose/routes.h"
#include "expose/web_config_file.h"

namespace sdt::expose {

using MessageHeader = boost::beast::http::request<boost::beast::http::empty_body>;
using Message = boost::beast::http::response<boost::beast::http::string_body>;

[[nodiscard]] Request to_request(const MessageHeader& header, bool has_body);

/// The response to a request that could not be read; nothing for a connection that broke or fell
/// silent.
[[nodiscard]] std::optional<Response> response_for(boost::beast::error_code error);

[[nodiscard]] Response password_needed();

/// With the headers that the web config wants on every response.
[[nodiscard]] Message to_message(Response response, const WebPolicy& policy, unsigned version,
                                 bool keep_alive);

}  // namespace sdt::expose
