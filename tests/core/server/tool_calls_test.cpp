#include "everform/core/server/tool_calls.h"

#include <gtest/gtest.h>

#include "everform/core/server/openai_answers.h"
#include "tests/core/server/history_model.h"

namespace everform::server {
namespace {

const ToolCallReading kReading{.possible = true, .required = false, .names = {"f", "g"}};

TEST(ToolCalls, AreFoundInTheirForms) {
  const auto one = find_tool_calls(R"( {"name":"f","arguments":{"x":1}} )", kReading);
  ASSERT_TRUE(one);
  EXPECT_EQ((*one)[0].name, "f");
  EXPECT_EQ((*one)[0].arguments, R"({"x":1})");
  EXPECT_EQ(find_tool_calls(R"([{"name":"f","parameters":{}},{"name":"g"}])", kReading)->size(), 2U);
  EXPECT_EQ(find_tool_calls(
                "<tool_call>\n{\"name\":\"f\",\"arguments\":\"{\\\"b\\\":2,\\\"a\\\":1}\"}\n</tool_call>\n"
                "<tool_call>{\"name\":\"g\",\"arguments\":{}}",
                kReading)
                ->front()
                .arguments,
            R"({"b":2,"a":1})");
}

TEST(ToolCalls, PlainTextIsNone) {
  for (const char* text :
       {"", "hello", "{\"name\":\"h\",\"arguments\":{}}", "{\"name\":\"f\",\"arguments\":3}",
        "{\"name\":\"f\"} and more", "<tool_call>{\"name\":\"f\"}</tool_call> so", "[]", "{"}) {
    EXPECT_FALSE(find_tool_calls(text, kReading)) << text;
  }
  EXPECT_FALSE(find_tool_calls(std::string(200'000, '['), kReading));
}

TEST(ToolCalls, ABeginningIsHeldWhileItMayBecomeOne) {
  EXPECT_TRUE(may_become_tool_call(" \n"));
  EXPECT_TRUE(may_become_tool_call("<tool"));
  EXPECT_TRUE(may_become_tool_call("<tool_call>x"));
  EXPECT_TRUE(may_become_tool_call(" {\"na"));
  EXPECT_FALSE(may_become_tool_call("<toolbox"));
  EXPECT_FALSE(may_become_tool_call("I"));
}

TEST(ToolCalls, StreamsTextAtOnceAndCallsWhole) {
  const auto format = [] {
    return make_chat_format({.id = "chatcmpl-1", .created = 1, .model = "m"},
                            std::make_shared<test::ByteTokenizer>(), false, kReading);
  };
  const auto plain = format();
  EXPECT_TRUE(plain->piece(0, {.text = " "}).empty());
  EXPECT_EQ(plain->piece(0, {.text = "Hi"})[0]["choices"][0]["delta"]["content"], " Hi");
  EXPECT_EQ(plain->piece(0, {.text = "{"})[0]["choices"][0]["delta"]["content"], "{");
  EXPECT_EQ(plain->closing(0, {}).size(), 1U);

  const auto call = format();
  EXPECT_TRUE(call->piece(0, {.text = "{\"name\":\"f\","}).empty());
  EXPECT_TRUE(call->piece(0, {.text = "\"arguments\":{}}"}).empty());
  const auto closing = call->closing(0, {});
  ASSERT_EQ(closing.size(), 2U);
  EXPECT_EQ(closing[0]["choices"][0]["delta"]["tool_calls"][0]["function"]["name"], "f");
  EXPECT_EQ(closing[1]["choices"][0]["finish_reason"], "tool_calls");

  const auto almost = format();
  EXPECT_TRUE(almost->piece(0, {.text = "{not a call"}).empty());
  EXPECT_EQ(almost->closing(0, {})[0]["choices"][0]["delta"]["content"], "{not a call");
}

TEST(ToolCalls, TheSchemaHoldsNameAndArguments) {
  const auto tools = nlohmann::ordered_json::parse(
      R"([{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"x":{"type":"integer"}}}}},
          {"type":"function","function":{"name":"g"}}])");
  const nlohmann::ordered_json schema = tool_call_schema(tools);
  ASSERT_EQ(schema["anyOf"].size(), 2U);
  EXPECT_EQ(schema["anyOf"][0]["properties"]["name"]["const"], "f");
  EXPECT_EQ(schema["anyOf"][0]["properties"]["arguments"]["properties"]["x"]["type"], "integer");
  EXPECT_EQ(schema["anyOf"][1]["properties"]["arguments"]["type"], "object");
}

}  // namespace
}  // namespace everform::server
