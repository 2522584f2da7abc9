// The parts that JSON texts are made of, as rules.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "everform/core/decoding/constraints/rule_graph.h"

namespace everform::constraints {

/// White space is written as models write it, and bounded: after { [ and , and before } and ] nothing, one
/// blank, or a line end with up to 16 blanks of indentation; after a colon nothing or one blank; nowhere
/// else. Numbers have up to 18 digits before the point, 16 after it and 2 in the exponent. Escapes \u of
/// surrogates are left out: characters beyond the BMP are written as they are.
class JsonRules {
 public:
  static constexpr std::size_t kMaxIndentation = 16;

  explicit JsonRules(RuleGraph& graph) : graph_(graph) {}

  RuleGraph& graph() { return graph_; }

  /// A string of `min` to `max` characters.
  RuleId string(std::uint32_t min = 0, std::uint32_t max = Rule::kUnbounded);
  RuleId number();
  RuleId integer();
  RuleId any_value();
  RuleId any_object();

  /// What may stand after an opening bracket or a comma.
  Fragment gap();
  /// The same, then a closing bracket; its first byte does `action`.
  Fragment close(char bracket, CountAction action = CountAction::kNone);
  Fragment comma(CountAction action = CountAction::kNone);
  Fragment colon();
  /// "name":
  Fragment name(const std::string& name);

 private:
  struct Digits {
    std::uint32_t min = 1;
    std::uint32_t max = 1;
  };
  Fragment digits(Digits bounds);
  Fragment byte_of(std::string_view bytes);
  Fragment string_body(CountAction count, CountAction close);
  RuleId any_array();

  RuleGraph& graph_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, RuleId> strings_;
  std::optional<RuleId> number_;
  std::optional<RuleId> integer_;
  std::optional<RuleId> value_;
  std::optional<RuleId> object_;
};

}  // namespace everform::constraints
