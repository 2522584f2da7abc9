#include "everform/core/text/chat_template.h"

#include <gtest/gtest.h>

#include <string>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"

namespace everform {
namespace {

using Json = nlohmann::ordered_json;

std::string render(const std::string& source, const Json& variables = Json::object(),
                   TemplateLimits limits = {}) {
  return ChatTemplate(source, limits).render_ordered(variables);
}

// The error of a template, "" where there is none.
std::string error_of(const std::string& source, const Json& variables = Json::object(),
                     TemplateLimits limits = {}) {
  try {
    render(source, variables, limits);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(ChatTemplate, RendersAsJinjaDoes) {
  const Json stored = Json::parse(read_file("tests/core/text/data/chat_template_renderings.json"));
  const Json& templates = stored.at("templates");
  std::size_t rendered = 0;
  for (const Json& row : stored.at("cases")) {
    const std::string name = row.at(0);
    const std::string source = templates.contains(name) ? templates.at(name).get<std::string>() : name;
    const Json& variables = stored.at("variables").at(row.at(1).get<std::string>());
    if (row.at(2).is_null()) {
      EXPECT_THROW(render(source, variables), Error) << source;
    } else {
      ++rendered;
      EXPECT_EQ(error_of(source, variables), "") << source;
      EXPECT_EQ(render(source, variables), row.at(2).get<std::string>()) << source << "\nwith " << row.at(1);
    }
  }
  EXPECT_GT(rendered, 600U);
}

TEST(ChatTemplate, KeysOfPlainJsonAreSorted) {
  const ChatTemplate chat("{{ tool | tojson }}");
  EXPECT_EQ(chat.render(nlohmann::json::parse(R"({"tool": {"b": 1, "a": 2}})")), R"({"a": 2, "b": 1})");
  EXPECT_EQ(chat.render_ordered(Json::parse(R"({"tool": {"b": 1, "a": 2}})")), R"({"b": 1, "a": 2})");
}

TEST(ChatTemplate, ErrorsNamePlaceAndReason) {
  const auto expect = [](const std::string& source, const std::string& place, const std::string& reason) {
    const std::string error = error_of(source);
    EXPECT_NE(error.find(place), std::string::npos) << error;
    EXPECT_NE(error.find(reason), std::string::npos) << error;
  };
  expect("a\n  {{ x | center }}", "line 2, column 10", "filter center is not supported");
  expect("\u00e9\u00e9{{ x is prime }}", "line 1, column 11", "test prime is not supported");
  expect("{% include 'x' %}", "line 1, column 4", "include is not supported");
  expect("{% for x in y recursive %}{% endfor %}", "column 15", "recursive");
  expect("{% for x in y %}{% macro m() %}{% endmacro %}{% endfor %}", "column 20", "macro");
  expect("{{ f(*x) }}", "column 6", "*");
  expect("{% if a %}b", "line 1, column 1", "endif");
  expect("\n\n{{ 'a", "line 3, column 4", "no end");
  expect("{{ a.b.c }}", "line 1, column 5", "a is undefined");
  expect("{{ s.zfill(3) }}", "line 1, column 5", "s is undefined");
  expect("{{ 'x'.zfill(3) }}", "line 1, column 13", "str.zfill");
  expect("{{ 1 // 0 }}", "line 1, column 6", "zero");
  expect("{{ 'a' * 3 + 2 }}", "line 1, column 12", "between a str and a int");
}

TEST(ChatTemplate, ARaisedExceptionIsAFailureWithItsMessage) {
  try {
    render("{{ raise_exception('no ' ~ who) }}", {{"who", "system"}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kFailed);
    EXPECT_EQ(error.message(), "no system");
  }
}

TEST(ChatTemplate, ABadTemplateIsBadInput) {
  try {
    ChatTemplate("{% nonsense %}");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
  }
  EXPECT_THROW(render("x", Json::array()), Error);
}

TEST(ChatTemplate, StepsAreLimited) {
  const std::string nested =
      "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}{% endfor %}{% endfor "
      "%}{% endfor %}";
  EXPECT_NE(error_of(nested).find("steps"), std::string::npos);
  EXPECT_NE(
      error_of("{% for a in [1, 2, 3] %}{{ a }}{% endfor %}", Json::object(), {.steps = 8}).find("steps"),
      std::string::npos);
  // Work inside one operation counts too.
  const Json big = {{"s", std::string(1 << 20, 'a')}};
  EXPECT_NE(error_of("{% for a in range(9999) %}{{ 'b' in s }}{% endfor %}", big).find("steps"),
            std::string::npos);
  EXPECT_NE(
      error_of("{% for a in range(99999) %}{% if s == s ~ '' %}{% endif %}{% endfor %}", big).find("it "),
      std::string::npos);
}

TEST(ChatTemplate, TextsAreLimited) {
  const TemplateLimits limits{.output_bytes = 1000};
  EXPECT_NE(
      error_of("{% for a in range(200) %}123456{% endfor %}", Json::object(), limits).find("1000 bytes"),
      std::string::npos);
  EXPECT_NE(error_of("{{ 'a' * 99999999999999 }}").find("bytes"), std::string::npos);
  EXPECT_NE(error_of("{{ ('a' * 9999).replace('a', 'b' * 9999) }}").find("bytes"), std::string::npos);
  const std::string doubling =
      "{% set ns = namespace(s='a') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}";
  EXPECT_NE(error_of(doubling, Json::object(), {.steps = 100'000'000}).find("bytes"), std::string::npos);
  // A thousand texts that are each within the limit are too much together.
  EXPECT_NE(error_of("{% set s = 'a' * 900 %}{% for i in range(999) %}{% set t = s ~ i %}{% endfor %}",
                     Json::object(), limits)
                .find("bytes"),
            std::string::npos);
}

TEST(ChatTemplate, DepthIsLimited) {
  const auto repeated = [](const std::string& text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) {
      out += text;
    }
    return out;
  };
  EXPECT_NE(error_of("{{ " + repeated("(", 9999) + "1" + repeated(")", 9999) + " }}").find("deeper"),
            std::string::npos);
  EXPECT_NE(error_of("{{ " + repeated("-", 9999) + "1 }}").find("deeper"), std::string::npos);
  EXPECT_NE(error_of("{{ " + repeated("not ", 9999) + "1 }}").find("deeper"), std::string::npos);
  EXPECT_NE(error_of("{{ 1" + repeated(" + 1", 9999) + " }}").find("deeper"), std::string::npos);
  EXPECT_NE(error_of("{{ a" + repeated(".a", 9999) + " }}").find("deeper"), std::string::npos);
  EXPECT_NE(error_of("{{ 1" + repeated("|string", 9999) + " }}").find("deeper"), std::string::npos);
  EXPECT_NE(error_of("{{ 1" + repeated(" if 1 else 1", 9999) + " }}").find("deeper"), std::string::npos);
  EXPECT_NE(error_of(repeated("{% if 1 %}", 9999)).find("deeper"), std::string::npos);
  EXPECT_NE(error_of("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}").find("deeper"), std::string::npos);
  EXPECT_NE(
      error_of("{% set ns = namespace(l=[]) %}{% for i in range(9999) %}{% set ns.l = [ns.l] %}{% endfor %}")
          .find("deeper"),
      std::string::npos);
  Json deep = 1;
  for (int i = 0; i < 9999; ++i) {
    deep = Json::array({std::move(deep)});
  }
  EXPECT_NE(error_of("x", {{"deep", std::move(deep)}}).find("deeper"), std::string::npos);
  // Ordinary nesting is far from the limit.
  EXPECT_EQ(render(repeated("{% if 1 %}", 20) + "x" + repeated("{% endif %}", 20)), "x");
  EXPECT_EQ(render("{{ 1" + repeated(" + 1", 100) + " }}"), "101");
}

TEST(ChatTemplate, ANamespaceCannotHoldItself) {
  EXPECT_NE(error_of("{% set ns = namespace() %}{% set ns.self = ns %}").find("namespace"),
            std::string::npos);
  EXPECT_NE(error_of("{% set ns = namespace() %}{% set ns.self = [ns] %}").find("namespace"),
            std::string::npos);
  EXPECT_NE(error_of("{% set ns = namespace() %}{% set ns.self = {'a': ns} %}").find("namespace"),
            std::string::npos);
  EXPECT_NE(error_of("{% set ns = namespace(a=namespace()) %}").find("namespace"), std::string::npos);
}

TEST(ChatTemplate, IntegersDoNotWrapAround) {
  EXPECT_EQ(render("{{ 9223372036854775807 }}"), "9223372036854775807");
  for (const char* expression : {"9223372036854775807 + 1", "-9223372036854775807 - 2",
                                 "9223372036854775807 * 2", "2 ** 63", "(-9223372036854775807 - 1) // -1",
                                 "-(-9223372036854775807 - 1)", "(-9223372036854775807 - 1)|abs"}) {
    EXPECT_NE(error_of(std::string("{{ ") + expression + " }}").find("64 bits"), std::string::npos)
        << expression;
  }
  EXPECT_NE(error_of("{{ 9223372036854775808 }}").find("out of range"), std::string::npos);
  EXPECT_EQ(render("{{ (-9223372036854775807 - 1) % -1 }}"), "0");
  EXPECT_EQ(render("{{ (-9223372036854775807 - 1) is divisibleby(-1) }}"), "True");
}

TEST(ChatTemplate, BrokenUtf8PassesThroughAsItIs) {
  // The bytes of a truncated character, as some clients cut their texts.
  EXPECT_EQ(ChatTemplate("{{ '\xe2\x82' }}|{{ '\xe2\x82"
                         "a'[::-1] }}|{{ '\xff'|length }}")
                .render(nlohmann::json::object()),
            "\xe2\x82|a\x82\xe2|1");
}

TEST(ChatTemplate, StrftimeWritesTheYear) {
  const std::string year = render("{{ strftime_now('%Y') }}");
  EXPECT_EQ(year.size(), 4U);
  EXPECT_GE(year, "2024");
  EXPECT_NE(error_of("{{ strftime_now('%A' * 2000) }}").find("strftime_now"), std::string::npos);
}

nlohmann::json talk(std::initializer_list<std::pair<const char*, const char*>> turns) {
  nlohmann::json messages = nlohmann::json::array();
  for (const auto& [role, content] : turns) {
    messages.push_back({{"role", role}, {"content", content}});
  }
  return {
      {"messages", messages}, {"add_generation_prompt", true}, {"bos_token", "<s>"}, {"eos_token", "</s>"}};
}

TEST(BuiltinTemplates, WriteTheirFormats) {
  const auto built_in = [](const char* name, const nlohmann::json& variables) {
    return ChatTemplate(builtin_chat_template(name)).render(variables);
  };
  const auto short_talk =
      talk({{"system", "Be brief."}, {"user", "Hi"}, {"assistant", "Hello"}, {"user", "Bye"}});
  EXPECT_EQ(
      built_in("chatml", short_talk),
      "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
      "<|im_start|>assistant\nHello<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(built_in("llama-2", short_talk),
            "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Hello </s><s>[INST] Bye [/INST]");
  EXPECT_EQ(built_in("zephyr", short_talk),
            "<|system|>\nBe "
            "brief.</s>\n<|user|>\nHi</s>\n<|assistant|>\nHello</s>\n<|user|>\nBye</s>\n<|assistant|>\n");
  EXPECT_EQ(built_in("vicuna", short_talk), "Be brief. USER: Hi ASSISTANT: Hello</s> USER: Bye ASSISTANT:");
  EXPECT_EQ(
      built_in("alpaca", talk({{"user", "Name a colour."}})),
      "Below is an instruction that describes a task. Write a response that appropriately completes the "
      "request.\n\n### Instruction:\nName a colour.\n\n### Response:\n");
  EXPECT_THROW(built_in("llama-2", talk({{"assistant", "Hi"}})), Error);
  EXPECT_THROW(built_in("vicuna", talk({{"tool", "Hi"}})), Error);
}

TEST(BuiltinTemplates, AnUnknownNameIsAUsageError) {
  try {
    builtin_chat_template("chatlm");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(error.hint().find("chatml"), std::string::npos);
  }
}

}  // namespace
}  // namespace everform
