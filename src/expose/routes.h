// Which handler answers which request.
//
// Purpose:   paths and methods to handlers; 404, 405, 413 and 500 for the rest.
// Ownership: owns the handlers.
// Thread:    the loop: handlers run there and must not block for long.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sdt::expose {

/// HEAD is answered as GET, without the body.
enum class Method { get, post, put, other };

struct Request {
  Method method = Method::get;
  std::string path;       ///< without the query
  std::string query;      ///< after '?', empty without
  std::string accept;     ///< the Accept header
  bool has_body = false;  ///< which is never read
};

struct Response {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body{};
  std::string allow{};  ///< the Allow header, for 405
};

using Handler = std::function<Response(const Request&)>;

/// 413.
[[nodiscard]] Response body_refused();

class Routes {
 public:
  void handle(std::string path, std::vector<Method> methods, Handler handler);

  /// No handler is asked about a request with a body: 413. One that throws is answered with 500,
  /// and its reason is kept.
  [[nodiscard]] Response answer(const Request& request) const;

 private:
  struct Route {
    std::vector<Method> methods;
    Handler handler;
  };
  std::map<std::string, Route, std::less<>> routes_;
};

}  // namespace sdt::expose
