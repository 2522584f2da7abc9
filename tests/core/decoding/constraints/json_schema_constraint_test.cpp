#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "constraint_test_support.h"
#include "everform/core/decoding/constraints/number_range.h"
#include "json_validator.h"
#include "sample_schemas.h"

namespace everform {
namespace {

using nlohmann::ordered_json;
using test::accepts;
using test::byte_vocabulary;
using test::refusal;

std::shared_ptr<const Constraint> compile(const std::string& schema) {
  return json_schema_constraint(ordered_json::parse(schema), byte_vocabulary());
}

struct Case {
  const char* schema;
  std::vector<std::string> fits;
  std::vector<std::string> fits_not;
};

void check(const std::vector<Case>& cases) {
  for (const Case& example : cases) {
    const auto constraint = compile(example.schema);
    for (const std::string& text : example.fits) {
      EXPECT_TRUE(accepts(*constraint, text)) << example.schema << "\nand " << text;
      EXPECT_EQ(test::invalid_text(text, nlohmann::json::parse(example.schema)), "")
          << example.schema << text;
    }
    for (const std::string& text : example.fits_not) {
      EXPECT_FALSE(accepts(*constraint, text)) << example.schema << "\nand " << text;
    }
  }
}

TEST(JsonSchemaConstraint, Scalars) {
  check({
      {R"({"type":"null"})", {"null"}, {"", "nul", "0", " null"}},
      {R"({"type":"boolean"})", {"true", "false"}, {"null"}},
      {R"({"type":"integer"})", {"0", "-1", "120"}, {"01", "1.5", "1e3", "+1", "-"}},
      {R"({"type":"number"})", {"0", "-1.5", "1e3", "2.5E-10", "-0"}, {"01", ".5", "1.", "1e", "1e999"}},
      {R"({"type":["integer","null"]})", {"null", "7"}, {"true", "\"7\""}},
      {R"({"type":"string"})",
       {R"("")", R"("a\n\"\\\/")", "\"é東😀\"", R"("\u00e9\uD7FF\ue000")"},
       {R"("a)", "\"\n\"", R"("\x")", R"("\u12")", R"("\ud800")", "\"\xC3\""}},
      {R"({"type":"string","minLength":2,"maxLength":3})",
       {R"("ab")", "\"東é😀\"", R"("\n\u0041")"},
       {R"("a")", R"("abcd")", R"("")"}},
      {R"({"const":"x"})", {R"("x")"}, {R"("y")", R"("\u0078")"}},
      {R"({"enum":[1,"1",null,[1,{"a":true}]]})", {"1", R"("1")", "null", R"([1,{"a":true}])"}, {"2", "[1]"}},
      {R"({"type":"string","enum":[1,"a"]})", {R"("a")"}, {"1"}},
      {R"(true)", {"1", "[]", R"({"a":[null]})"}, {"", "{"}},
      {R"({"minLength":2})", {R"("ab")"}, {R"("a")"}},
  });
  const auto nullable = compile(R"({"type":"string","nullable":true})");  // OpenAPI's
  EXPECT_TRUE(accepts(*nullable, "null"));
  EXPECT_TRUE(accepts(*nullable, R"("a")"));
  EXPECT_FALSE(accepts(*nullable, "1"));
}

TEST(JsonSchemaConstraint, Objects) {
  check({
      {R"({"type":"object","properties":{"b":{"type":"integer"},"a":{"type":"null"}},"required":["b"]})",
       {R"({"b":1})", R"({"b": 1, "a": null})", "{\n  \"b\": 1,\n  \"a\": null\n}", R"({ "b":1 })"},
       {R"({})", R"({"a":null})", R"({"a":null,"b":1})", R"({"b":1,})", R"({"b":1,"c":2})", R"({"b" :1})",
        R"({"b":1  })", R"( {"b":1})"}},
      {R"({"type":"object","properties":{"a":true,"b":true}})",
       {R"({})", R"({"a":1})", R"({"b":[]})", R"({"a":1,"b":{}})"},
       {R"({"a":1,"a":1})", R"({,"b":1})", "{ }"}},
      {R"({"type":"object","properties":{},"additionalProperties":false})", {"{}"}, {R"({"a":1})"}},
      {R"({"type":"object"})", {"{}", R"({"a":{"b":[1,2]}})"}, {"[]"}},
      {R"({"properties":{"ab":{"type":"null"}},"additionalProperties":{"type":"integer"}})",
       {R"({"ab":null})", R"({"a":1})", R"({"abc":1,"x":2})", R"({"ab":null,"":1})", R"({"é\n\"":1})"},
       {R"({"ab":1})", R"({"x":1,"ab":null})", R"({"x":null})", R"({"\u0061b":1})"}},
      {R"({"type":"object","required":["a"]})", {R"({"a":1})", R"({"a":1,"b":2})"}, {"{}", R"({"b":2})"}},
      {R"({"type":"object","properties":{"a":{"type":"null"},"b":false},"additionalProperties":false})",
       {"{}", R"({"a":null})"},
       {R"({"b":1})"}},
      {R"({"properties":{"a\"\\\n":{"type":"null"}}})", {R"({"a\"\\\n":null})"}, {}},
  });
}

TEST(JsonSchemaConstraint, Arrays) {
  check({
      {R"({"type":"array","items":{"type":"integer"}})",
       {"[]", "[1]", "[1,2, 3]", "[\n  1,\n  2\n]"},
       {"[,]", "[1,]"}},
      {R"({"items":{"type":"integer"},"minItems":2,"maxItems":3})",
       {"[1,2]", "[1,2,3]"},
       {"[]", "[1]", "[1,2,3,4]"}},
      {R"({"items":{"type":"array","items":{"const":0},"minItems":1},"minItems":2})",
       {"[[0],[0,0]]", "[[0],[0],[0],[0]]"},
       {"[[0]]", "[[],[0]]"}},
      {R"({"prefixItems":[{"const":1},{"const":2}],"items":{"const":3}})",
       {"[]", "[1]", "[1,2]", "[1,2,3,3]"},
       {"[2]", "[1,2,2]"}},
      {R"({"prefixItems":[{"const":1},{"const":2}],"items":{"const":3},"minItems":1,"maxItems":3})",
       {"[1]", "[1,2]", "[1,2,3]"},
       {"[]", "[1,2,3,3]"}},
      {R"({"prefixItems":[{"const":1},{"const":2}],"items":false,"minItems":2})",
       {"[1,2]"},
       {"[1]", "[1,2,3]"}},
      {R"({"type":"array","maxItems":0})", {"[]"}, {"[1]"}},
      {R"({"type":"array","maxItems":1000000,"items":{"const":1}})", {"[1,1]"}, {}},
  });
}

TEST(JsonSchemaConstraint, Combinations) {
  check({
      {R"({"anyOf":[{"type":"integer"},{"type":"array","items":{"$ref":"#"}}]})",
       {"1", "[]", "[[1],2]"},
       {"null"}},
      {R"({"type":"object","properties":{"a":{"type":"integer"}},"anyOf":[{"required":["a"]},{"properties":{"b":{"const":1}},"required":["b"]}]})",
       {R"({"a":1})", R"({"b":1})", R"({"a":1,"b":1})"},
       {"{}", R"({"b":2})"}},
      {R"({"oneOf":[{"type":"string"},{"type":"integer"}]})", {"1", R"("a")"}, {"null"}},
      {R"({"oneOf":[{"required":["a"],"properties":{"a":{"type":"null"}}},{"required":["b"],"properties":{"b":{"type":"null"}}}]})",
       {R"({"a":null})", R"({"b":null})"},
       {"{}", R"({"a":null,"b":null})"}},
      {R"({"allOf":[{"type":["integer","string"]},{"type":["integer","null"]},{"minimum":3}]})",
       {"3", "10"},
       {"2", "null"}},
      {R"({"allOf":[{"properties":{"a":{"type":"integer"}},"additionalProperties":false},{"properties":{"a":{"minimum":5},"b":{"type":"null"}}}]})",
       {"{}", R"({"a":5})"},
       {R"({"a":4})", R"({"b":null})"}},
      {R"({"allOf":[{"enum":[1,2,3]},{"enum":[3,2,5]}]})", {"2", "3"}, {"1", "5"}},
      {R"({"$ref":"#/$defs/a","maximum":5,"$defs":{"a":{"type":"integer","minimum":4}}})",
       {"4", "5"},
       {"3", "6"}},
      {R"({"prefixItems":[{"type":"null"}],"properties":{"a":{"$ref":"#/prefixItems/0"}},"type":"object"})",
       {R"({"a":null})"},
       {R"({"a":1})"}},
  });
}

TEST(JsonSchemaConstraint, ReferencesAreEscapedAsInUris) {
  const auto constraint =
      compile(R"({"$defs":{"a b/c~":{"type":"null"}},"properties":{"x":{"$ref":"#/$defs/a%20b~1c~0"}}})");
  EXPECT_TRUE(accepts(*constraint, R"({"x":null})"));
  EXPECT_FALSE(accepts(*constraint, R"({"x":1})"));
}

TEST(JsonSchemaConstraint, AnAlternativeThatIsTheWholeAgainAddsNothing) {
  const auto constraint = compile(R"({"anyOf":[{"$ref":"#"},{"type":"null"}]})");
  EXPECT_TRUE(accepts(*constraint, "null"));
  EXPECT_FALSE(accepts(*constraint, "1"));
}

TEST(JsonSchemaConstraint, PatternsAndFormats) {
  check({
      {R"({"type":"string","pattern":"^a+$"})", {R"("aa")"}, {R"("")", R"("ab")"}},
      {R"({"type":"string","pattern":"b"})", {R"("b")", R"("abc")", R"("\nb\"")"}, {R"("ac")"}},
      {R"({"type":"string","pattern":"^a|b$"})", {R"("ax")", R"("xb")"}, {R"("xa")"}},
      {R"({"type":"string","pattern":"^[a-z]+$","minLength":2,"maxLength":4})",
       {R"("ab")", R"("abcd")"},
       {R"("a")", R"("abcde")"}},
      {R"({"type":"string","pattern":"^\"\\\\\\n$"})", {R"("\"\\\n")"}, {}},
      {R"({"type":"string","format":"date"})",
       {R"("2024-02-29")", R"("2000-02-29")", R"("1999-12-31")"},
       {R"("2023-02-29")", R"("1900-02-29")", R"("2024-04-31")", R"("2024-13-01")", R"("24-01-01")"}},
      {R"({"type":"string","format":"date-time"})",
       {R"("2024-01-01T00:00:00Z")", R"("2024-01-01T23:59:59.5+01:00")"},
       {R"("2024-01-01T24:00:00Z")"}},
      {R"({"type":"string","format":"uuid"})",
       {R"("123e4567-e89b-12d3-a456-426614174000")"},
       {R"("123e4567")"}},
      {R"({"type":"string","format":"email"})", {R"("a.b+c@example.org")"}, {R"("a@b")", R"("@b.org")"}},
  });
  for (const auto& [format, text] :
       std::vector<std::pair<std::string, std::string>>{{"ipv4", "192.168.0.255"},
                                                        {"hostname", "www.example-1.org"},
                                                        {"uri", "https://example.org/a/b"},
                                                        {"duration", "P1M2D"}}) {
    EXPECT_TRUE(accepts(*compile(R"({"type":"string","format":")" + format + "\"}"), '"' + text + '"'))
        << format;
  }
  EXPECT_FALSE(accepts(*compile(R"({"type":"string","format":"ipv4"})"), "\"192.168.0.256\""));
}

TEST(JsonSchemaConstraint, IntegerBoundsAreExact) {
  for (const auto& [low, high] : std::vector<std::pair<int, int>>{
           {0, 0}, {1, 10}, {-3, 3}, {-120, -7}, {95, 1203}, {-1, 999}, {10, 99}, {100, 100}, {-11, 0}}) {
    const auto constraint = compile(R"({"type":"integer","minimum":)" + std::to_string(low) +
                                    R"(,"maximum":)" + std::to_string(high) + "}");
    for (int value = -1300; value <= 1300; value += value > -130 && value < 130 ? 1 : 7) {
      EXPECT_EQ(accepts(*constraint, std::to_string(value)), value >= low && value <= high)
          << value << " in " << low << ".." << high;
    }
  }
  check({
      {R"({"type":"integer","minimum":0.5,"exclusiveMaximum":3})", {"1", "2"}, {"0", "3", "-1"}},
      {R"({"type":"integer","exclusiveMinimum":-1})", {"0", "123456789"}, {"-1", "-0", "00"}},
      {R"({"type":"integer","maximum":-5})", {"-5", "-50000"}, {"-4", "0"}},
  });
}

TEST(JsonSchemaConstraint, NumberBoundsAreExact) {
  const std::vector<std::string> numbers = {"-2",   "-1.25", "-1.2", "-1.3",   "-0.5", "0",     "0.0",
                                            "0.49", "0.5",   "0.50", "0.501",  "0.51", "0.999", "1",
                                            "1.0",  "1.1",   "2.75", "2.7499", "2.76", "3",     "10",
                                            "10.5", "99.9",  "-0.1", "0.05"};
  for (const auto& [low, high] : std::vector<std::pair<std::string, std::string>>{
           {"0", "1"}, {"0.5", "0.51"}, {"-1.25", "2.75"}, {"-2", "-0.5"}, {"0.5", "10"}, {"1e-1", "1e1"}}) {
    for (const bool strict : {false, true}) {
      const auto constraint = compile(
          strict ? R"({"type":"number","exclusiveMinimum":)" + low + R"(,"exclusiveMaximum":)" + high + "}"
                 : R"({"type":"number","minimum":)" + low + R"(,"maximum":)" + high + "}");
      for (const std::string& text : numbers) {
        const double value = std::stod(text);
        const double a = std::stod(low);
        const double b = std::stod(high);
        const bool fits = strict ? value > a && value < b : value >= a && value <= b;
        EXPECT_EQ(accepts(*constraint, text), fits) << text << " in " << low << ".." << high << ' ' << strict;
      }
    }
  }
}

TEST(ParseDecimal, ReadsExponents) {
  const auto value = constraints::parse_decimal("-12.50e-3");
  ASSERT_TRUE(value);
  EXPECT_TRUE(value->negative);
  EXPECT_EQ(value->whole, "0");
  EXPECT_EQ(value->fraction, "0125");
  EXPECT_EQ(constraints::parse_decimal("1.5e3")->whole, "1500");
  EXPECT_FALSE(constraints::parse_decimal("1e300"));
  EXPECT_FALSE(constraints::parse_decimal("1e-300"));
}

TEST(JsonSchemaConstraint, PropertiesKeepTheOrderOfTheSchema) {
  const char* schema = R"({"properties":{"b":{"const":1},"a":{"const":2}},"required":["a","b"]})";
  EXPECT_TRUE(accepts(*compile(schema), R"({"b":1,"a":2})"));
  const auto sorted = json_schema_constraint(nlohmann::json::parse(schema), byte_vocabulary());
  EXPECT_TRUE(accepts(*sorted, R"({"a":2,"b":1})"));
}

TEST(AnyJsonConstraint, IsAnObject) {
  const auto constraint = any_json_constraint(byte_vocabulary());
  for (const char* text : {"{}", R"({"a":[1,"x",{"b":null}],"c":-2.5e3})", "{\n  \"a\": [\n    1\n  ]\n}"}) {
    EXPECT_TRUE(accepts(*constraint, text)) << text;
  }
  for (const char* text : {"[]", "1", "{", R"({"a":1,})", R"({a:1})", "{\"a\":1}  "}) {
    EXPECT_FALSE(accepts(*constraint, text)) << text;
  }
}

TEST(JsonSchemaConstraint, RefusesWithThePath) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {R"({"properties":{"a":{"not":{}}}})", "#/properties/a: keyword \"not\""},
      {R"({"items":{"anyOf":[{"type":"null"},{"if":{}}]}})", "#/items/anyOf/1: keyword \"if\""},
      {R"({"$defs":{"x":{"uniqueItems":true}},"$ref":"#/$defs/x"})", "#/$defs/x: keyword \"uniqueItems\""},
      {R"({"patternProperties":{}})", "#: keyword \"patternProperties\""},
      {R"({"typ":"string"})", "#: keyword \"typ\""},
      {R"({"type":"text"})", "#: keyword \"type\""},
      {R"({"type":"string","minLength":-1})", "#: keyword \"minLength\""},
      {R"({"type":"string","format":"color"})", "#: format \"color\""},
      {R"({"type":"integer","multipleOf":3})", "#: keyword \"multipleOf\""},
      {R"({"properties":{"a":{"$ref":"other.json"}}})", "#/properties/a: $ref"},
      {R"({"$ref":"#/$defs/missing"})", "#: $ref"},
      {R"({"$ref":"#"})", "#: the schema refers to itself"},
      {R"({"allOf":[{"$ref":"#"}]})", "refers to itself"},
      {R"({"oneOf":[{"type":"number"},{"type":"integer"}]})", "#: keyword \"oneOf\""},
      {R"({"anyOf":[]})", "#/anyOf"},
      {R"({"enum":[]})", "#: keyword \"enum\""},
      {R"({"type":"integer","minimum":"1"})", "#: keyword \"minimum\""},
      {R"({"items":[{}]})", "#: keyword \"items\""},
      {R"({"properties":{"a":5}})", "#/properties/a: a schema is"},
      {R"([])", "#: a schema is"},
  };
  for (const auto& [schema, what] : cases) {
    const Error error = refusal([&, s = schema] { compile(s); });
    EXPECT_EQ(error.kind(), ErrorKind::kUsage) << schema;
    EXPECT_NE(error.message().find(what), std::string::npos) << schema << ": " << error.message();
  }
  const Error pattern = refusal([] { compile(R"x({"properties":{"a":{"pattern":"a(?=b)"}}})x"); });
  EXPECT_NE(pattern.where().find("#/properties/a"), std::string::npos) << pattern.what();
  EXPECT_NE(pattern.message().find("offset 1"), std::string::npos) << pattern.what();
}

TEST(JsonSchemaConstraint, RefusesWhatNothingFits) {
  for (const char* schema :
       {"false", R"({"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]})",
        R"({"type":"string","minLength":5,"maxLength":4})", R"({"type":"integer","minimum":5,"maximum":4})",
        R"({"type":"string","pattern":"^a{5}$","maxLength":4})",
        R"({"allOf":[{"type":"string"},{"type":"null"}]})", R"({"type":"string","enum":[1,2]})",
        R"({"type":"integer","minimum":0.2,"maximum":0.8})"}) {
    EXPECT_EQ(refusal([&] { compile(schema); }).kind(), ErrorKind::kUsage) << schema;
  }
}

TEST(JsonSchemaConstraint, HostileSchemasEndInAnErrorSoon) {
  std::string groups = "{\"allOf\":[";
  for (int i = 0; i < 40; ++i) {
    groups += std::string(i > 0 ? "," : "") +
              R"({"anyOf":[{"type":["integer","string"]},{"type":["integer","null"]}]})";
  }
  groups += "]}";
  std::string chain = R"({"$ref":"#/$defs/a0","$defs":{)";
  for (int i = 0; i < 5000; ++i) {
    chain += "\"a" + std::to_string(i) + R"(":{"$ref":"#/$defs/a)" + std::to_string(i + 1) + "\"},";
  }
  chain += R"("a5000":{"type":"null"}}})";
  std::string properties = R"({"properties":{)";
  for (int i = 0; i < 5000; ++i) {
    properties += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":true";
  }
  properties += "}}";
  std::string objects = R"({"$ref":"#/$defs/a0","$defs":{)";  // a chain that is no mere alias is taken
  for (int i = 0; i < 1000; ++i) {
    objects +=
        "\"a" + std::to_string(i) + R"(":{"items":{"$ref":"#/$defs/a)" + std::to_string(i + 1) + "\"}},";
  }
  objects += R"("a1000":{"type":"null"}}})";
  for (const std::string& schema :
       {groups, chain, properties,
        std::string(R"({"type":"string","pattern":"^.{1,50000}$","maxLength":40000})"),
        std::string(R"({"type":"array","minItems":99999999999})")}) {
    EXPECT_EQ(refusal([&] { compile(schema); }).kind(), ErrorKind::kUsage) << schema.substr(0, 60);
  }
  EXPECT_TRUE(accepts(*compile(objects), "[[[[]]]]"));
  nlohmann::json deep = nlohmann::json::parse(std::string(50'000, '[') + std::string(50'000, ']'));
  EXPECT_EQ(refusal([&] { json_schema_constraint(deep, byte_vocabulary()); }).kind(), ErrorKind::kUsage);
}

TEST(JsonSchemaConstraint, EverySampleCanBeWrittenAtRandom) {
  for (const std::string& schema : test::sample_schemas()) {
    const auto constraint = compile(schema);
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      const auto written = test::write_at_random(*constraint, byte_vocabulary(), seed, 3000);
      EXPECT_TRUE(written.ended) << schema;
      EXPECT_EQ(test::invalid_text(written.text, nlohmann::json::parse(schema)), "") << schema << "\n"
                                                                                     << written.text;
    }
  }
}

TEST(JsonSchemaConstraint, ServesSeveralThreads) {
  const auto constraint = compile(test::sample_schemas()[7]);
  const auto vocabulary = byte_vocabulary();
  std::vector<std::string> alone;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    alone.push_back(test::write_at_random(*constraint, vocabulary, seed, 400).text);
  }
  const auto shared = compile(test::sample_schemas()[7]);
  std::vector<std::string> together(8);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t seed = t; seed < 8; seed += 4) {
        together[seed] = test::write_at_random(*shared, vocabulary, seed, 400).text;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(together, alone);
}

}  // namespace
}  // namespace everform
