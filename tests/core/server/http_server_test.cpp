// The connection's side: parsing, limits, time, clients that go or do not read.
#include "everform/core/server/http_server.h"

#include <gtest/gtest.h>

#include "everform/core/server/url_text.h"
#include "tests/core/server/running_server.h"

namespace everform::server {
namespace {

using std::chrono::milliseconds;
using test::Answer;
using test::Connection;
using test::RunningServer;

const nlohmann::json kEndless = {
    {"prompt", "endless"}, {"max_tokens", 1900}, {"ignore_eos", true}, {"stream", true}};

bool eventually(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) {
      return false;
    }
    std::this_thread::sleep_for(milliseconds(5));
  }
  return true;
}

TEST(HttpServer, KeepsAConnectionForManyRequests) {
  RunningServer server;
  Connection connection(server.port());
  for (int i = 0; i < 3; ++i) {
    connection.send_request("GET", "/health");
    EXPECT_EQ(connection.read_answer().json()["status"], "ok");
  }
  connection.send_request("POST", "/v1/completions", R"({"prompt":"a","max_tokens":3,"stream":true})");
  EXPECT_TRUE(connection.read_answer().complete);
  connection.send_request("GET", "/health");
  EXPECT_EQ(connection.read_answer().status, 200);
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
  RunningServer server;
  Connection connection(server.port());
  const std::string get = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
  connection.send_bytes(get + "GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(connection.read_answer().status, 200);
  EXPECT_EQ(connection.read_answer().status, 404);
}

TEST(HttpServer, TakesARequestByteByByte) {
  RunningServer server;
  Connection connection(server.port());
  for (const char byte : std::string(
           "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 13\r\n\r\n{\"text\":\"xy\"}")) {
    connection.send_bytes(std::string(1, byte));
  }
  EXPECT_EQ(connection.read_answer().json()["count"], 2);
}

TEST(HttpServer, TakesChunkedBodiesAndHead) {
  RunningServer server;
  Connection connection(server.port());
  connection.send_bytes(
      "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "7\r\n{\"text\"\r\n6\r\n:\"xy\"}\r\n0\r\n\r\n");
  EXPECT_EQ(connection.read_answer().json()["count"], 2);
  Connection other(server.port());
  other.send_bytes("HEAD /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(other.read_to_end());
  EXPECT_TRUE(other.buffer().ends_with("\r\n\r\n"));
}

TEST(HttpServer, RefusesWhatIsNoRequest) {
  RunningServer server;
  for (const std::string& bytes : std::vector<std::string>{
           "nonsense\r\n\r\n", "GET health HTTP/1.1\r\nHost: localhost\r\n\r\n",
           "GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
           "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
           "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: "
           "chunked\r\n\r\n",
           std::string("GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n", 38)}) {
    Connection connection(server.port());
    connection.send_bytes(bytes);
    const Answer answer = connection.read_answer();
    EXPECT_EQ(answer.status, 400) << bytes;
    EXPECT_TRUE(answer.json().contains("error"));
  }
  EXPECT_EQ(server.get("/health").status, 200);
}

TEST(HttpServer, BoundsHeadAndBody) {
  RunningServer server({}, {.header_bytes = 1000, .body_bytes = 2000});
  Connection large_head(server.port());
  large_head.send_bytes("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(5000, 'x') + "\r\n\r\n");
  EXPECT_EQ(large_head.read_answer().status, 431);
  EXPECT_EQ(server.post("/tokenize", std::string(2001, ' ')).status, 413);
  Connection unsent(server.port());  // refused before a byte of it is sent
  unsent.send_bytes("POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n");
  EXPECT_EQ(unsent.read_answer().status, 413);
  Connection chunked(server.port());
  chunked.send_bytes("POST /tokenize HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 30; ++i) {
    chunked.send_bytes("64\r\n" + std::string(100, ' ') + "\r\n");
  }
  EXPECT_EQ(chunked.read_answer().status, 413);
}

TEST(HttpServer, BodiesTogetherAreBounded) {
  RunningServer server({}, {.body_bytes_in_flight = 1000});
  Connection slow(server.port());
  slow.send_bytes("POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\n{");
  EXPECT_TRUE(eventually([&] {
    const Answer answer = server.post("/tokenize", R"({"text":")" + std::string(200, 'x') + R"("})");
    return answer.status == 503 && answer.has("Retry-After: ");
  }));
  slow.hang_up();
  EXPECT_TRUE(eventually([&] {
    return server.post("/tokenize", R"({"text":")" + std::string(200, 'x') + R"("})").status == 200;
  }));
}

TEST(HttpServer, ClosesConnectionsThatSayNothing) {
  RunningServer server({}, {.idle_timeout = milliseconds(50),
                            .header_timeout = milliseconds(50),
                            .body_timeout = milliseconds(50)});
  Connection idle(server.port());
  EXPECT_TRUE(idle.read_to_end());
  EXPECT_EQ(idle.buffer(), "");
  Connection slow_head(server.port());
  slow_head.send_bytes("GET / HT");
  EXPECT_TRUE(slow_head.read_to_end());
  Connection slow_body(server.port());
  slow_body.send_bytes("POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\n{");
  EXPECT_TRUE(slow_body.read_to_end());
}

TEST(HttpServer, AClientThatGoesFreesItsSlot) {
  RunningServer server({.scheduler = {.slots = 1}});
  server.model->time_per_step = milliseconds(2);
  for (const bool streams : {true, false}) {
    Connection connection(server.port());
    nlohmann::json body = kEndless;
    body["stream"] = streams;
    connection.send_request("POST", "/v1/completions", body.dump());
    ASSERT_TRUE(eventually([&] { return server.metric("everform_sequences_running") == 1; }));
    connection.hang_up();
    EXPECT_TRUE(eventually([&] { return server.metric("everform_sequences_running") == 0; }));
  }
  EXPECT_EQ(server.metric("everform_sequences_cancelled_total"), 2);
  EXPECT_EQ(server.post("/v1/completions", {{"prompt", "a"}}).status, 200);
}

TEST(HttpServer, AClientThatDoesNotReadIsLetGo) {
  RunningServer server({.scheduler = {.slots = 1}},
                       {.queued_bytes = 20'000, .socket_bytes = 20'000, .write_timeout = milliseconds(300)});
  server.model->time_per_step = milliseconds(1);  // so that the system's buffers take what they can
  Connection connection(server.port());
  nlohmann::json body = kEndless;
  body["logprobs"] = 20;
  connection.send_request("POST", "/v1/completions", body.dump());
  EXPECT_TRUE(eventually([&] { return server.metric("everform_sequences_cancelled_total") >= 1; }));
  EXPECT_EQ(server.post("/v1/completions", {{"prompt", "a"}}).status, 200);
}

TEST(HttpServer, HundredsOfIdleConnectionsDoNotStopService) {
  RunningServer server;
  std::vector<std::unique_ptr<Connection>> idle;
  for (int i = 0; i < 300; ++i) {
    idle.push_back(std::make_unique<Connection>(server.port()));
    if (i % 2 == 0) {
      idle.back()->send_bytes("POST /v1/completions HTTP/1.1\r\nHost: loc");
    }
  }
  EXPECT_EQ(server.post("/v1/completions", {{"prompt", "a"}}).status, 200);
  EXPECT_GE(server.metric("everform_connections"), 300);
}

TEST(HttpServer, RefusesAnAddressThatIsNone) {
  RunningServer server;
  EXPECT_THROW(HttpServer("example.org", 0, {}, server.api), Error);
  EXPECT_THROW(HttpServer("127.0.0.1", server.port(), {}, server.api), Error);
}

TEST(UrlText, SplitsAndDecodes) {
  EXPECT_EQ(parse_target("/a%20b?c=d")->path, "/a b");
  EXPECT_EQ(parse_target("/a%20b?c=d")->query, "c=d");
  EXPECT_FALSE(parse_target("a"));
  EXPECT_FALSE(parse_target("/%"));
  EXPECT_FALSE(parse_target("/%2"));
  EXPECT_FALSE(parse_target("/%00"));
  EXPECT_FALSE(parse_target("/%ff"));
  EXPECT_EQ(query_value("a=1&name=x%2Fy&b", "name"), "x/y");
  EXPECT_FALSE(query_value("a=1&named=2", "name"));
}

}  // namespace
}  // namespace everform::server
