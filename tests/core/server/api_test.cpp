// The endpoints over real sockets, with a fake model.
#include "everform/core/server/api.h"

#include <gtest/gtest.h>

#include <fstream>

#include "everform/core/decoding/generation.h"
#include "tests/core/server/running_server.h"
#include "tests/support/shared_data.h"

namespace everform::server {
namespace {

using nlohmann::json;
using test::Answer;
using test::byte_tokens;
using test::ByteTokenizer;
using test::Connection;
using test::HistoryModel;
using test::RunningServer;

// The data of a stream's events; "[DONE]" last.
std::vector<std::string> events_of(const std::string& body) {
  std::vector<std::string> events;
  std::size_t at = 0;
  while (at < body.size()) {
    EXPECT_EQ(body.substr(at, 6), "data: ");
    const std::size_t end = body.find("\n\n", at);
    EXPECT_NE(end, std::string::npos);
    events.push_back(body.substr(at + 6, end - at - 6));
    at = end + 2;
  }
  return events;
}

std::string alone(const std::string& prompt, std::size_t tokens, std::uint64_t seed,
                  std::uint64_t sample = 0) {
  GenerationRequest request;
  request.prompt = byte_tokens(prompt);
  request.sampling.temperature = 1.0;
  request.max_tokens = tokens;
  request.seed = seed;
  request.sample = sample;
  request.end_tokens = {ByteTokenizer::kEnd};
  return generate(HistoryModel(2000), ByteTokenizer(), request).text;
}

TEST(Api, CompletesSeveralPromptsWithSeveralSamples) {
  RunningServer server;
  const Answer answer =
      server.post("/v1/completions",
                  {{"model", "fake"}, {"prompt", {"one", "two"}}, {"n", 2}, {"max_tokens", 12}, {"seed", 5}});
  ASSERT_EQ(answer.status, 200) << answer.body;
  const json body = answer.json();
  EXPECT_EQ(body["object"], "text_completion");
  EXPECT_EQ(body["deterministic"], true);
  ASSERT_EQ(body["choices"].size(), 4U);
  EXPECT_EQ(body["choices"][0]["text"], alone("one", 12, 5, 0));
  EXPECT_EQ(body["choices"][1]["text"], alone("one", 12, 5, 1));
  EXPECT_EQ(body["choices"][2]["text"], alone("two", 12, 5, 0));
  EXPECT_EQ(body["choices"][3]["index"], 3);
  EXPECT_EQ(body["usage"]["prompt_tokens"], 12);
}

TEST(Api, TokenIdsAreAPromptToo) {
  RunningServer server;
  const json one = {{"prompt", byte_tokens("one")}, {"seed", 5}, {"max_tokens", 12}};
  EXPECT_EQ(server.post("/v1/completions", one).json()["choices"][0]["text"], alone("one", 12, 5));
  const json two = {{"prompt", {byte_tokens("one"), byte_tokens("two")}}, {"seed", 5}, {"max_tokens", 12}};
  EXPECT_EQ(server.post("/v1/completions", two).json()["choices"][1]["text"], alone("two", 12, 5));
}

TEST(Api, EchoGivesThePromptWithItsScores) {
  RunningServer server;
  const json choice = server
                          .post("/v1/completions", {{"prompt", "xyz"},
                                                    {"max_tokens", 2},
                                                    {"echo", true},
                                                    {"logprobs", 1},
                                                    {"temperature", 0},
                                                    {"ignore_eos", true}})
                          .json()["choices"][0];
  const json& scores = choice["logprobs"];
  EXPECT_TRUE(choice["text"].get<std::string>().starts_with("xyz"));
  ASSERT_EQ(scores["tokens"].size(), 5U);
  EXPECT_EQ(scores["tokens"][0], "x");
  EXPECT_TRUE(scores["token_logprobs"][0].is_null());
  EXPECT_TRUE(scores["top_logprobs"][0].is_null());
  EXPECT_LT(scores["token_logprobs"][1].get<double>(), 0);
  EXPECT_EQ(scores["text_offset"], json({0, 1, 2, 3, 4}));
  // Drawn greedily: the token is the likeliest.
  const std::string token = scores["tokens"][3];
  EXPECT_EQ(scores["top_logprobs"][3][token], scores["token_logprobs"][3]);
  const json only =
      server.post("/v1/completions", {{"prompt", "xyz"}, {"max_tokens", 0}, {"echo", true}, {"logprobs", 0}})
          .json();
  EXPECT_EQ(only["choices"][0]["text"], "xyz");
  EXPECT_EQ(only["choices"][0]["logprobs"]["tokens"].size(), 3U);
}

TEST(Api, AStreamIsTheWholeAnswerInPieces) {
  RunningServer server;
  const json request = {
      {"prompt", "stream"}, {"seed", 3}, {"max_tokens", 20}, {"stop", {"q", "ab"}}, {"n", 2}};
  const json whole = server.post("/v1/completions", request).json();
  json streaming = request;
  streaming["stream"] = true;
  streaming["stream_options"] = {{"include_usage", true}};
  const Answer answer = server.post("/v1/completions", streaming);
  EXPECT_TRUE(answer.has("Content-Type: text/event-stream"));
  ASSERT_TRUE(answer.complete);
  const std::vector<std::string> events = events_of(answer.body);
  ASSERT_GT(events.size(), 3U);
  EXPECT_EQ(events.back(), "[DONE]");
  EXPECT_EQ(json::parse(events[events.size() - 2])["usage"]["completion_tokens"],
            whole["usage"]["completion_tokens"]);
  std::vector<std::string> texts(2);
  std::vector<json> finishes(2);
  for (std::size_t i = 0; i + 2 < events.size(); ++i) {
    const json choice = json::parse(events[i])["choices"][0];
    texts[choice["index"].get<std::size_t>()] += choice["text"].get<std::string>();
    if (!choice["finish_reason"].is_null()) {
      finishes[choice["index"].get<std::size_t>()] = choice["finish_reason"];
    }
  }
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(json(texts[i]), whole["choices"][i]["text"]);
    EXPECT_EQ(finishes[i], whole["choices"][i]["finish_reason"]);
    EXPECT_EQ(texts[i].find('q'), std::string::npos);
  }
}

TEST(Api, ChatsWithScores) {
  RunningServer server;
  const json messages = {{{"role", "system"}, {"content", "s"}},
                         {{"role", "user"}, {"content", {{{"type", "text"}, {"text", "hello"}}}}}};
  const json request = {{"messages", messages}, {"seed", 1},         {"max_completion_tokens", 8},
                        {"logprobs", true},     {"top_logprobs", 3}, {"ignore_eos", true}};
  const json body = server.post("/v1/chat/completions", request).json();
  const json& choice = body["choices"][0];
  EXPECT_EQ(choice["message"]["role"], "assistant");
  EXPECT_EQ(choice["message"]["content"], alone("system: s\nuser: hello\nassistant: ", 8, 1));
  ASSERT_EQ(choice["logprobs"]["content"].size(), 8U);
  EXPECT_EQ(choice["logprobs"]["content"][0]["top_logprobs"].size(), 3U);
  EXPECT_EQ(choice["finish_reason"], "length");
  json streaming = request;
  streaming["stream"] = true;
  const std::vector<std::string> events = events_of(server.post("/v1/chat/completions", streaming).body);
  EXPECT_EQ(json::parse(events[0])["choices"][0]["delta"]["role"], "assistant");
  std::string text;
  for (std::size_t i = 0; i + 1 < events.size(); ++i) {
    const json delta = json::parse(events[i])["choices"][0]["delta"];
    text += delta.value("content", std::string());
  }
  EXPECT_EQ(json(text), choice["message"]["content"]);
}

TEST(Api, RefusesFieldsByName) {
  RunningServer server;
  const auto refused = [&](const char* path, const json& body) {
    const Answer answer = server.post(path, body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(answer.json()["error"]["type"], "invalid_request_error");
    return answer.json()["error"].value("param", json()).dump();
  };
  const char* completions = "/v1/completions";
  EXPECT_EQ(refused(completions, {{"prompt", "a"}, {"temperature", 3}}), "\"temperature\"");
  EXPECT_EQ(refused(completions, {{"prompt", "a"}, {"top_p", "x"}}), "\"top_p\"");
  EXPECT_EQ(refused(completions, {{"prompt", "a"}, {"n", 0}}), "\"n\"");
  EXPECT_EQ(refused(completions, {{"prompt", "a"}, {"max_tokens", 0}}), "\"max_tokens\"");
  EXPECT_EQ(refused(completions, {{"prompt", "a"}, {"max_tokens", 1e300}}), "\"max_tokens\"");
  EXPECT_EQ(refused(completions, {{"prompt", "a"}, {"stop", {""}}}), "\"stop\"");
  EXPECT_EQ(refused(completions, {{"prompt", {1, 258}}}), "\"prompt\"");
  EXPECT_EQ(refused(completions, {{"prompt", {1, -1}}}), "\"prompt\"");
  EXPECT_EQ(refused(completions, {{"prompt", json::array()}}), "\"prompt\"");
  EXPECT_EQ(refused(completions, {{"prompt", ""}}), "\"prompt\"");
  EXPECT_EQ(refused(completions, {{"prompt", std::string(2000, 'x')}}), "\"prompt\"");
  EXPECT_EQ(refused(completions, {{"prompt", "a"}, {"max_tokens", 2000}}), "\"prompt\"");
  EXPECT_EQ(refused(completions, {{"prompt", "a"}, {"logit_bias", {{"258", 1}}}}), "\"logit_bias\"");
  EXPECT_EQ(refused(completions, "{\"prompt\":\"a\",\"prompt\":\"b\"}"), "null");
  EXPECT_EQ(refused(completions, std::string(100, '[')), "null");
  EXPECT_EQ(refused(completions, "[]"), "null");
  EXPECT_EQ(refused(completions, "{"), "null");
  const char* chat = "/v1/chat/completions";
  EXPECT_EQ(refused(chat, {{"messages", json::array()}}), "\"messages\"");
  EXPECT_EQ(refused(chat, {{"messages", {{{"role", "king"}, {"content", "x"}}}}}), "\"messages[0].role\"");
  EXPECT_EQ(
      refused(chat, {{"messages",
                      {{{"role", "user"},
                        {"content", {{{"type", "image_url"}, {"image_url", "file:///etc/passwd"}}}}}}}}),
      "\"messages[0].content\"");
  EXPECT_EQ(refused(chat, {{"messages", {{{"role", "user"}, {"content", "x"}}}}, {"top_logprobs", 3}}),
            "\"top_logprobs\"");
  EXPECT_EQ(
      refused(chat, {{"messages", {{{"role", "user"}, {"content", "x"}}}}, {"tool_choice", "required"}}),
      "\"tool_choice\"");
}

TEST(Api, KnowsItsPathsAndModels) {
  RunningServer server;
  EXPECT_EQ(server.post("/v1/completions", {{"model", "other"}, {"prompt", "a"}}).status, 404);
  EXPECT_EQ(server.get("/v1/models").json()["data"][0]["id"], "fake");
  EXPECT_EQ(server.get("/v1/models/fake").json()["facts"]["layers"], 1);
  EXPECT_EQ(server.get("/v1/models/other").status, 404);
  EXPECT_EQ(server.get("/nothing").status, 404);
  EXPECT_EQ(server.get("/v1/completions").status, 405);
  EXPECT_EQ(server.post("/v1/embeddings", {{"input", "a"}}).status, 400);
  const Answer page = server.get("/");
  EXPECT_TRUE(page.has("text/html"));
  EXPECT_TRUE(page.has("Content-Security-Policy: default-src 'none'"));
  EXPECT_NE(page.body.find("<title>"), std::string::npos);
}

TEST(Api, RequestsWaitForTheModel) {
  RunningServer server({}, {}, false);
  EXPECT_EQ(server.get("/health").json()["status"], "loading");
  const Answer early = server.post("/v1/completions", {{"prompt", "a"}});
  EXPECT_EQ(early.status, 503);
  EXPECT_TRUE(early.has("Retry-After: "));
  server.serve();
  EXPECT_EQ(server.get("/health").json()["status"], "ok");
  EXPECT_EQ(server.post("/v1/completions", {{"prompt", "a"}}).status, 200);
}

TEST(Api, GuardsHostOriginAndKey) {
  RunningServer server(
      {.access = {.hosts = {"good.example"}, .origins = {"https://app.example"}, .keys = {"secret-key"}}});
  const std::string key = "Authorization: Bearer secret-key\r\n";
  const auto status = [&](const std::string& headers) { return server.get("/v1/models", headers).status; };
  EXPECT_EQ(status("Host: localhost\r\n" + key), 200);
  EXPECT_EQ(status("Host: LOCALHOST:" + std::to_string(server.port()) + "\r\n" + key), 200);
  EXPECT_EQ(status("Host: good.example\r\n" + key), 200);
  EXPECT_EQ(status("Host: [::1]:80\r\n" + key), 200);
  EXPECT_EQ(status("Host: evil.example\r\n" + key), 403);
  EXPECT_EQ(status("Host: localhost.evil.example\r\n" + key), 403);
  EXPECT_EQ(status("Host: localhost\r\nHost: localhost\r\n" + key), 403);
  EXPECT_EQ(status(key), 403);
  EXPECT_EQ(status("Host: localhost\r\n"), 401);
  EXPECT_EQ(status("Host: localhost\r\nAuthorization: Bearer secret-kez\r\n"), 401);
  EXPECT_EQ(status("Host: localhost\r\nAuthorization: Bearer secret-key2\r\n"), 401);
  EXPECT_EQ(status("Host: localhost\r\nAuthorization: Basic secret-key\r\n"), 401);
  EXPECT_EQ(status("Host: localhost\r\nOrigin: http://localhost\r\n" + key), 200);
  EXPECT_EQ(status("Host: localhost\r\nOrigin: http://evil.example\r\n" + key), 403);
  EXPECT_EQ(status("Host: localhost\r\nOrigin: null\r\n" + key), 403);
  const Answer allowed = server.get("/v1/models", "Host: localhost\r\nOrigin: https://app.example\r\n" + key);
  EXPECT_TRUE(allowed.has("Access-Control-Allow-Origin: https://app.example"));
  EXPECT_EQ(server.get("/health").status, 200);  // open, and so is the page
  EXPECT_EQ(server.get("/").status, 200);
  EXPECT_EQ(server.get("/metrics").status, 401);
}

TEST(Api, ApiKeyFilesAreChecked) {
  EXPECT_EQ(parse_api_keys("# mine\n\n  first-key \r\nsecond-key", "x"),
            (std::vector<std::string>{"first-key", "second-key"}));
  EXPECT_THROW(parse_api_keys("# none\n", "x"), Error);
  EXPECT_THROW(parse_api_keys("short", "x"), Error);
  EXPECT_THROW(parse_api_keys("with blank", "x"), Error);
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
  EXPECT_FALSE(equal_in_constant_time("abab", "ab"));
  EXPECT_FALSE(equal_in_constant_time("a", ""));
}

TEST(Api, AFullServerAsksToComeAgain) {
  RunningServer server({.scheduler = {.slots = 1, .waiting = 1}});
  server.model->time_per_step = std::chrono::milliseconds(5);
  const json endless = {{"prompt", "endless"}, {"max_tokens", 1900}, {"ignore_eos", true}, {"stream", true}};
  Connection running(server.port());
  running.send_request("POST", "/v1/completions", endless.dump());
  ASSERT_TRUE(running.read_until("data: "));
  Connection waiting(server.port());
  waiting.send_request("POST", "/v1/completions", endless.dump());
  for (int i = 0; i < 200 && server.metric("everform_sequences_waiting") != 1; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  const Answer refused = server.post("/v1/completions", {{"prompt", "a"}});
  EXPECT_EQ(refused.status, 429);
  EXPECT_TRUE(refused.has("Retry-After: "));
}

TEST(Api, DrainingEndsStreamsWithAnError) {
  RunningServer server;
  server.model->time_per_step = std::chrono::milliseconds(5);
  Connection running(server.port());
  running.send_request("POST", "/v1/completions",
                       R"({"prompt":"endless","max_tokens":1900,"ignore_eos":true,"stream":true})");
  ASSERT_TRUE(running.read_until("data: "));
  Connection idle(server.port());
  server.api.drain(std::chrono::steady_clock::now());
  ASSERT_TRUE(running.read_until("shutting down"));
  EXPECT_TRUE(running.read_until("0\r\n\r\n"));
  idle.send_request("GET", "/health");
  EXPECT_EQ(idle.read_answer().json()["status"], "draining");
  EXPECT_EQ(server.post("/v1/completions", {{"prompt", "a"}}).status, 503);
}

TEST(Api, CallsTools) {
  RunningServer server;
  const json tools = {
      {{"type", "function"}, {"function", {{"name", "f"}, {"parameters", {{"type", "object"}}}}}}};
  const json messages = {{{"role", "user"}, {"content", "x"}}};
  const json answer =
      server.post("/v1/chat/completions", {{"messages", messages}, {"tools", tools}, {"max_tokens", 5}})
          .json();
  EXPECT_TRUE(answer["choices"][0]["message"]["content"].is_string());
  // The template knows no tools: the model is told of them in a system message.
  EXPECT_GT(answer["usage"]["prompt_tokens"], 100);
  // Nothing here compiles forms, so that a required call cannot be held.
  EXPECT_EQ(server
                .post("/v1/chat/completions",
                      {{"messages", messages}, {"tools", tools}, {"tool_choice", "required"}})
                .status,
            400);
  EXPECT_EQ(server
                .post("/v1/chat/completions",
                      {{"messages", messages},
                       {"tools", tools},
                       {"tool_choice", {{"type", "function"}, {"function", {{"name", "g"}}}}}})
                .json()["error"]["param"],
            "tool_choice");
}

TEST(Api, ShowsRunsBelowItsFolderOnly) {
  const test::TemporaryFolder folder;
  const auto runs = folder.path() / "runs";
  std::filesystem::create_directories(runs / "a" / "b");
  std::filesystem::create_directories(folder.path() / "secret");
  for (const auto& place : {runs / "a" / "b", folder.path() / "secret"}) {
    std::ofstream(place / "metrics.jsonl") << "{\"step\":1,\"loss\":2.5}\n{\"step\":2,\"loss\":1.5}\n";
  }
  std::filesystem::create_directory_symlink(folder.path() / "secret", runs / "link");
  ApiOptions options;
  options.runs = runs;
  RunningServer server(options);
  const json list = server.get("/studio/runs").json()["runs"];
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0]["name"], "a/b");
  EXPECT_EQ(server.get("/studio/run?name=a%2Fb").json()["series"]["loss"], json({{1, 2.5}, {2, 1.5}}));
  for (const char* name : {"..%2Fsecret", "link", "a%2Fb%2F..%2F..%2F..%2Fsecret", "%2Fetc", ""}) {
    EXPECT_EQ(server.get(std::string("/studio/run?name=") + name).status, 404) << name;
  }
  EXPECT_THROW(RunsFolder(folder.path() / "absent"), Error);
}

}  // namespace
}  // namespace everform::server
