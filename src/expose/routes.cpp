#include "expose/routes.h"

#include <algorithm>
#include <exception>
#include <utility>

#include <fmt/format.h>

namespace sdt::expose {
namespace {

std::string_view name_of(Method method) {
  switch (method) {
    case Method::get:
      return "GET, HEAD";
    case Method::post:
      return "POST";
    case Method::put:
      return "PUT";
    case Method::other:
      break;
  }
  return "";
}

std::string list_of(const std::vector<Method>& methods) {
  std::string list;
  for (const Method method : methods) {
    if (!list.empty()) list += ", ";
    list += name_of(method);
  }
  return list;
}

}  // namespace

Response body_refused() {
  return {.status = 413, .body = "A request with a body is not served here.\n"};
}

void Routes::handle(std::string path, std::vector<Method> methods, Handler handler) {
  routes_.insert_or_assign(std::move(path), Route{std::move(methods), std::move(handler)});
}

Response Routes::answer(const Request& request) const {
  const auto found = routes_.find(request.path);
  if (found == routes_.end()) return {.status = 404, .body = "Not found.\n"};
  const Route& route = found->second;
  if (std::ranges::find(route.methods, request.method) == route.methods.end()) {
    std::string allow = list_of(route.methods);
    std::string body = fmt::format("This path takes {}.\n", allow);
    return {.status = 405, .body = std::move(body), .allow = std::move(allow)};
  }
  if (request.has_body) return body_refused();
  try {
    const Handler handler = route.handler;  // it may replace itself
    return handler(request);
  } catch (const std::exception&) {
    return {.status = 500, .body = "Internal error.\n"};
  }
}

}  // namespace sdt::expose
