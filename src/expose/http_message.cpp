#include "expose/http_message.h"

#include <string>
#include <utility>

namespace sdt::expose {
namespace {

namespace http = boost::beast::http;

Response plain(http::status status, std::string body) {
  return {.status = static_cast<unsigned>(status), .body = std::move(body)};
}

Method method_of(http::verb verb) {
  switch (verb) {
    case http::verb::get:
    case http::verb::head:
      return Method::get;
    case http::verb::post:
      return Method::post;
    case http::verb::put:
      return Method::put;
    default:
      return Method::other;
  }
}

}  // namespace

Request to_request(const MessageHeader& header, bool has_body) {
  const std::string target(header.target());
  const std::size_t question = target.find('?');
  Request request;
  request.method = method_of(header.method());
  request.path = target.substr(0, question);
  if (question != std::string::npos) request.query = target.substr(question + 1);
  request.has_body = has_body;
  request.accept = std::string(header[http::field::accept]);
  return request;
}

std::optional<Response> response_for(boost::beast::error_code error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return plain(http::status::request_header_fields_too_large,
                 "The request's header is too large.\n");
  }
  if (error == http::error::body_limit) return body_refused();
  const bool is_parse_error =
      error.category() == make_error_code(http::error::bad_method).category();
  if (!is_parse_error || error == http::error::end_of_stream ||
      error == http::error::partial_message) {
    return std::nullopt;
  }
  return plain(http::status::bad_request, "This is not an HTTP request.\n");
}

Response password_needed() {
  return plain(http::status::unauthorized, "Unauthorized.\n");
}

Message to_message(Response response, const WebPolicy& policy, unsigned version, bool keep_alive) {
  Message message;
  message.version(version);
  message.result(response.status);
  message.set(http::field::content_type, response.content_type);
  message.set("X-Content-Type-Options", "nosniff");
  if (!response.allow.empty()) message.set(http::field::allow, response.allow);
  if (message.result() == http::status::unauthorized) {
    message.set(http::field::www_authenticate, R"(Basic realm="sdt_exporter", charset="UTF-8")");
  }
  for (const auto& [name, value] : policy.headers) message.set(name, value);
  message.keep_alive(keep_alive);
  message.content_length(response.body.size());
  message.body() = std::move(response.body);
  return message;
}

}  // namespace sdt::expose
