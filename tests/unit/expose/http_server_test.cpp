#include "expose/http_server.h"

#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <variant>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "http_client.h"

namespace sdt::expose {
namespace {

using namespace std::chrono_literals;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// A server whose loop runs in a thread of its own. Joining it at the end proves that close()
/// leaves nothing behind that keeps the loop busy.
class RunningServer {
 public:
  explicit RunningServer(ServerLimits limits = {}, const std::string& where = "127.0.0.1:0")
      : server_(std::make_unique<HttpServer>(loop_, limits)) {
    server_->handle("/metrics", [](const Request&) { return Response{200, "text/x", "up 1\n"}; });
    server_->handle("/echo", [](const Request& request) {
      return Response{200, "text/plain", request.path + "|" + request.query + "|" + request.accept};
    });
    server_->handle("/act", {Method::post, Method::put}, [](const Request& request) {
      return Response{.body = request.method == Method::post ? "post" : "put"};
    });
    server_->handle("/throw",
                    [](const Request&) -> Response { throw std::runtime_error("secret"); });
    server_->handle("/big", [](const Request&) {
      return Response{200, "text/plain", std::string(big_body, 'x')};
    });
    address = server_->listen(where).value();
    thread_ = std::thread([this] { loop_.run(); });
  }
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;
  ~RunningServer() {
    close();
    thread_.join();
  }

  void close() {
    boost::asio::post(loop_, [this] { server_->close(); });
  }
  [[nodiscard]] HttpClient connect(const std::string& host = "127.0.0.1") const {
    return {host, port()};
  }
  /// Of sdt_exporter_http_connections_dropped_total.
  [[nodiscard]] Int128 dropped(const std::string& reason) const {
    std::promise<metrics::MetricSnapshot> counted;
    boost::asio::post(loop_, [&] { counted.set_value(server_->dropped_connections()); });
    for (const auto& series : counted.get_future().get().series) {
      if (series.labels.front().second == reason) return std::get<Int128>(series.value);
    }
    return -1;
  }
  [[nodiscard]] std::string port() const { return address.substr(address.rfind(':') + 1); }

  static constexpr std::size_t big_body = 64 * 1024 * 1024;
  std::string address;

 private:
  mutable boost::asio::io_context loop_;
  std::unique_ptr<HttpServer> server_;
  std::thread thread_;
};

TEST(HttpServer, AnswersAPathThatIsHandled) {
  const RunningServer server;
  const Reply reply = server.connect().get("/metrics");
  EXPECT_EQ(reply.status, 200U);
  EXPECT_THAT(reply.head, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(reply.head, HasSubstr("Content-Type: text/x\r\n"));
  EXPECT_THAT(reply.head, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_EQ(reply.body, "up 1\n");
}

TEST(HttpServer, HandlerSeesPathQueryAndAcceptApart) {
  const RunningServer server;
  HttpClient client = server.connect();
  client.send("GET /echo?a=1&b=? HTTP/1.1\r\nHost: test\r\nAccept: text/plain;q=0.5\r\n\r\n");
  EXPECT_EQ(client.receive().body, "/echo|a=1&b=?|text/plain;q=0.5");
}

TEST(HttpServer, UnknownPathIsNotFoundAndSaysNothingElse) {
  const RunningServer server;
  const Reply reply = server.connect().get("/etc/passwd");
  EXPECT_EQ(reply.status, 404U);
  EXPECT_EQ(reply.body, "Not found.\n");
}

TEST(HttpServer, OtherMethodsAreNotAllowed) {
  const RunningServer server;
  HttpClient client = server.connect();
  client.send("POST /metrics HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello");
  const Reply reply = client.receive();
  EXPECT_EQ(reply.status, 405U);
  EXPECT_THAT(reply.head, HasSubstr("Allow: GET, HEAD\r\n"));
  EXPECT_TRUE(client.is_ended());
}

TEST(HttpServer, RequestWithABodyIsRefused) {
  const RunningServer server;
  HttpClient client = server.connect();
  client.send("GET /metrics HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(client.receive().status, 413U);
  EXPECT_TRUE(client.is_ended());
}

TEST(HttpServer, BodyIsRefusedHoweverItIsAnnounced) {
  const RunningServer server;
  for (const char* announced : {"Content-Length: 5000000", "Transfer-Encoding: chunked"}) {
    HttpClient client = server.connect();
    client.send("POST /act HTTP/1.1\r\nHost: test\r\n" + std::string(announced) + "\r\n\r\n");
    EXPECT_EQ(client.receive().status, 413U) << announced;
    EXPECT_TRUE(client.is_ended());
  }
}

TEST(HttpServer, PathTakesTheMethodsItIsGiven) {
  const RunningServer server;
  HttpClient client = server.connect();
  client.send("POST /act HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(client.receive().body, "post");
  client.send("PUT /act HTTP/1.1\r\nHost: test\r\n\r\n");
  EXPECT_EQ(client.receive().body, "put");
  const Reply refused = client.get("/act");
  EXPECT_EQ(refused.status, 405U);
  EXPECT_THAT(refused.head, HasSubstr("Allow: POST, PUT\r\n"));
}

TEST(HttpServer, HeadHasTheLengthAndNoBody) {
  const RunningServer server;
  HttpClient client = server.connect();
  client.send("HEAD /metrics HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
  const Reply reply = client.receive(true);
  EXPECT_EQ(reply.status, 200U);
  EXPECT_THAT(reply.head, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_TRUE(client.is_ended());
}

TEST(HttpServer, ConnectionServesRequestAfterRequest) {
  const RunningServer server;
  HttpClient client = server.connect();
  EXPECT_EQ(client.get("/metrics").body, "up 1\n");
  EXPECT_EQ(client.get("/nowhere").status, 404U);
  EXPECT_EQ(client.get("/metrics").body, "up 1\n");
}

TEST(HttpServer, RequestsSentTogetherAreAnsweredInOrder) {
  const RunningServer server;
  HttpClient client = server.connect();
  client.send(
      "GET /echo?1 HTTP/1.1\r\nHost: test\r\n\r\n"
      "GET /echo?2 HTTP/1.1\r\nHost: test\r\n\r\n");
  EXPECT_EQ(client.receive().body, "/echo|1|");
  EXPECT_EQ(client.receive().body, "/echo|2|");
}

TEST(HttpServer, ConnectionEndsWhenTheClientAsksForIt) {
  const RunningServer server;
  HttpClient client = server.connect();
  client.send("GET /metrics HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.receive().body, "up 1\n");
  EXPECT_TRUE(client.is_ended());
}

TEST(HttpServer, OldClientsGetOneResponseAConnection) {
  const RunningServer server;
  HttpClient client = server.connect();
  client.send("GET /metrics HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.receive().body, "up 1\n");
  EXPECT_TRUE(client.is_ended());
}

TEST(HttpServer, LargeResponseArrivesWhole) {
  const RunningServer server;
  EXPECT_EQ(server.connect().get("/big").body.size(), RunningServer::big_body);
}

TEST(HttpServer, HandlerThatThrowsIsAnInternalErrorAndKeepsItsReason) {
  const RunningServer server;
  HttpClient client = server.connect();
  const Reply reply = client.get("/throw");
  EXPECT_EQ(reply.status, 500U);
  EXPECT_THAT(reply.body, Not(HasSubstr("secret")));
  EXPECT_EQ(client.get("/metrics").status, 200U);
}

TEST(HttpServer, HeaderPastTheLimitIsTooLarge) {
  ServerLimits limits;
  limits.max_header_bytes = 1024;
  const RunningServer server(limits);
  HttpClient client = server.connect();
  client.send("GET /metrics HTTP/1.1\r\nHost: test\r\nX: " + std::string(100'000, 'a') +
              "\r\n\r\n");
  EXPECT_EQ(client.receive().status, 431U);
  EXPECT_TRUE(client.is_ended());
}

TEST(HttpServer, HeaderWithinTheLimitIsServed) {
  ServerLimits limits;
  limits.max_header_bytes = 1024;
  const RunningServer server(limits);
  HttpClient client = server.connect();
  for (int request = 0; request < 3; ++request) {
    client.send("GET /metrics HTTP/1.1\r\nHost: test\r\nX: " + std::string(950, 'a') + "\r\n\r\n");
    EXPECT_EQ(client.receive().status, 200U);
  }
}

TEST(HttpServer, WhatIsNotHttpIsABadRequest) {
  const RunningServer server;
  HttpClient client = server.connect();
  client.send("hello\r\n\r\n");
  EXPECT_EQ(client.receive().status, 400U);
  EXPECT_TRUE(client.is_ended());
}

TEST(HttpServer, ConnectionThatNeverAsksIsClosed) {
  ServerLimits limits;
  limits.header_timeout = 20ms;
  const RunningServer server(limits);
  EXPECT_TRUE(server.connect().is_ended());
}

TEST(HttpServer, KeptConnectionMayBeSilentForTheIdleTimeAlone) {
  ServerLimits limits;
  limits.idle_timeout = 20ms;
  const RunningServer server(limits);
  HttpClient client = server.connect();
  EXPECT_EQ(client.get("/metrics").status, 200U);
  EXPECT_TRUE(client.is_ended());
}

TEST(HttpServer, KeptConnectionServesOnAfterMoreThanTheHeaderTime) {
  ServerLimits limits;
  limits.header_timeout = 20ms;
  const RunningServer server(limits);
  HttpClient client = server.connect();
  EXPECT_EQ(client.get("/metrics").status, 200U);
  EXPECT_TRUE(server.connect().is_ended());  // that time has passed
  EXPECT_EQ(client.get("/metrics").status, 200U);
}

TEST(HttpServer, RequestThatNeverEndsIsClosed) {
  ServerLimits limits;
  limits.header_timeout = 20ms;
  const RunningServer server(limits);
  HttpClient client = server.connect();
  client.send("GET /metrics HTTP/1.1\r\nHost:");
  EXPECT_TRUE(client.is_ended());
}

TEST(HttpServer, ConnectionPastTheLimitIsClosedAtOnce) {
  ServerLimits limits;
  limits.max_connections = 1;
  const RunningServer server(limits);
  HttpClient first = server.connect();
  EXPECT_EQ(first.get("/metrics").status, 200U);
  EXPECT_TRUE(server.connect().is_ended());
  EXPECT_EQ(first.get("/metrics").status, 200U);
  EXPECT_EQ(server.dropped("limit"), 1);
}

/// True when one more connection is served.
bool is_served(const RunningServer& server) {
  try {
    return server.connect().get("/metrics").status == 200;
  } catch (const std::runtime_error&) {
    return false;
  }
}

TEST(HttpServer, ReaderThatTakesTooLongIsLetGo) {
  ServerLimits limits;
  limits.max_connections = 1;
  limits.write_timeout = 20ms;
  const RunningServer server(limits);
  HttpClient slow("127.0.0.1", server.port(), 4096);
  slow.send("GET /big HTTP/1.1\r\nHost: test\r\n\r\n");
  while (!is_served(server)) {  // until its place is free
  }
  EXPECT_LT(slow.drain(), RunningServer::big_body);
  EXPECT_EQ(server.dropped("slow_read"), 1);
}

TEST(HttpServer, PortAloneServesEveryAddressFamily) {
  const RunningServer server({}, ":0");
  EXPECT_EQ(server.connect("127.0.0.1").get("/metrics").status, 200U);
  // Without IPv6 on this machine, the address says so.
  if (server.address.starts_with("[::]")) {
    EXPECT_EQ(server.connect("::1").get("/metrics").status, 200U);
  } else {
    EXPECT_THAT(server.address, StartsWith("0.0.0.0:"));
  }
}

TEST(HttpServer, ListensOnSeveralAddresses) {
  boost::asio::io_context loop;
  HttpServer server(loop, {});
  const std::string first = server.listen("127.0.0.1:0").value();
  const std::string second = server.listen("127.0.0.2:0").value();
  EXPECT_THAT(first, StartsWith("127.0.0.1:"));
  EXPECT_THAT(second, StartsWith("127.0.0.2:"));
}

TEST(HttpServer, PortInUseIsSaidWithWhatToDo) {
  const RunningServer holder;
  boost::asio::io_context loop;
  HttpServer server(loop, {});
  const auto refused = server.listen(holder.address);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::busy);
  EXPECT_THAT(refused.error().message,
              StartsWith("listen on " + holder.address + ": Address already in use"));
  EXPECT_THAT(refused.error().message, EndsWith("--web.listen-address"));
}

TEST(HttpServer, AddressOfAnotherMachineIsSaidToBe) {
  boost::asio::io_context loop;
  HttpServer server(loop, {});
  const auto refused = server.listen("192.0.2.1:0");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, StartsWith("listen on 192.0.2.1:0: "));
  EXPECT_THAT(refused.error().message, HasSubstr("no interface of this machine"));
}

TEST(HttpServer, CloseEndsOpenConnectionsAndMayBeRepeated) {
  RunningServer server;
  HttpClient client = server.connect();
  EXPECT_EQ(client.get("/metrics").status, 200U);
  server.close();
  server.close();
  EXPECT_TRUE(client.is_ended());
  EXPECT_THROW(static_cast<void>(server.connect()), std::runtime_error);
}

TEST(HttpServer, ClosedServerListensNoMore) {
  boost::asio::io_context loop;
  HttpServer server(loop, {});
  server.close();
  EXPECT_EQ(server.listen("127.0.0.1:0").error().code, Errc::gone);
}

TEST(HttpServer, MayGoWhileTheLoopStillHoldsItsConnections) {
  boost::asio::io_context loop;
  auto server = std::make_unique<HttpServer>(loop, ServerLimits{});
  const std::string address = server->listen("127.0.0.1:0").value();
  HttpClient client("127.0.0.1", address.substr(address.rfind(':') + 1));
  while (loop.poll_one() != 0) {
  }
  server.reset();
  loop.run();  // returns: nothing is left to wait for
  EXPECT_TRUE(client.is_ended());
}

TEST(HttpServer, ConnectionsMayBeDroppedWithTheLoop) {
  auto loop = std::make_unique<boost::asio::io_context>();
  auto server = std::make_unique<HttpServer>(*loop, ServerLimits{});
  const std::string address = server->listen("127.0.0.1:0").value();
  HttpClient client("127.0.0.1", address.substr(address.rfind(':') + 1));
  while (loop->poll_one() != 0) {
  }
  server.reset();
  loop.reset();
  EXPECT_TRUE(client.is_ended());
}

}  // namespace
}  // namespace sdt::expose
