#include "expose/routes.h"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sdt::expose {
namespace {

Request request(Method method, const std::string& path) {
  Request made;
  made.method = method;
  made.path = path;
  return made;
}

Routes example() {
  Routes routes;
  routes.handle("/read", {Method::get}, [](const Request&) { return Response{.body = "text"}; });
  routes.handle("/both", {Method::get, Method::post},
                [](const Request&) { return Response{.body = "done"}; });
  routes.handle("/throw", {Method::get},
                [](const Request&) -> Response { throw std::runtime_error("secret"); });
  return routes;
}

TEST(Routes, MethodOfThePathIsServed) {
  EXPECT_EQ(example().answer(request(Method::get, "/read")).body, "text");
  EXPECT_EQ(example().answer(request(Method::post, "/both")).body, "done");
}

TEST(Routes, OtherMethodsAreToldWhatIsAllowed) {
  for (const Method method : {Method::post, Method::put, Method::other}) {
    const Response response = example().answer(request(method, "/read"));
    EXPECT_EQ(response.status, 405U);
    EXPECT_EQ(response.allow, "GET, HEAD");
  }
  EXPECT_EQ(example().answer(request(Method::put, "/both")).allow, "GET, HEAD, POST");
}

TEST(Routes, UnknownPathIsNotFoundWhateverTheMethod) {
  EXPECT_EQ(example().answer(request(Method::get, "/")).status, 404U);
  EXPECT_EQ(example().answer(request(Method::post, "/read/")).status, 404U);
}

TEST(Routes, NoHandlerIsAskedAboutARequestWithABody) {
  Request with_body = request(Method::post, "/both");
  with_body.has_body = true;
  EXPECT_EQ(example().answer(with_body).status, 413U);
}

TEST(Routes, ReasonOfAHandlerThatThrowsIsKept) {
  const Response response = example().answer(request(Method::get, "/throw"));
  EXPECT_EQ(response.status, 500U);
  EXPECT_EQ(response.body, "Internal error.\n");
}

}  // namespace
}  // namespace sdt::expose
