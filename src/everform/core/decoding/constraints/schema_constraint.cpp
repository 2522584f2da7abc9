// JSON schemas to rules.
#include <algorithm>
#include <deque>
#include <map>

#include "everform/core/base/error.h"
#include "everform/core/decoding/constraints/compiled_constraint.h"
#include "everform/core/decoding/constraints/json_rules.h"
#include "everform/core/decoding/constraints/regex_parser.h"
#include "everform/core/decoding/constraints/schema_facts.h"
#include "everform/core/decoding/constraints/string_formats.h"
#include "everform/core/decoding/constraints/string_language.h"

namespace everform {
namespace {

using namespace constraints;

constexpr std::size_t kMaxOneOf = 64;
constexpr std::size_t kMaxDepth = 200;
constexpr std::size_t kMaxWork = 1'000'000;

class SchemaCompiler {
 public:
  SchemaCompiler(RuleGraph& graph, const SchemaDocument& document)
      : graph_(graph), json_(graph), document_(document) {}

  RuleId compile() {
    const RuleId root = graph_.add_rule("#");
    graph_.define(root, value({document_.root()}, 0));
    // Schemas behind a $ref wait here, so that long chains of them take no stack.
    while (!waiting_.empty()) {
      const auto [rule, facts] = std::move(waiting_.front());
      waiting_.pop_front();
      graph_.define(rule, build(facts, 0));
    }
    return root;
  }

 private:
  using Key = std::vector<std::tuple<const SchemaJson*, bool, bool>>;

  // A value for which all of the schemas hold. What a $ref leads to is a rule of its own, made once.
  Fragment value(const Conjunction& conjunction, std::size_t depth) {
    if (depth > kMaxDepth) {
      refuse_schema(conjunction.front().path,
                    "schemas are combined more than " + std::to_string(kMaxDepth) + " deep");
    }
    SchemaFacts facts = facts_of(conjunction);
    if (!facts.follows_ref) {
      return build(facts, depth);
    }
    Key key;
    for (const SchemaPart& part : facts.parts) {
      key.emplace_back(part.schema, part.any_taken, part.one_taken);
    }
    std::sort(key.begin(), key.end());
    const auto [known, is_new] = rules_.try_emplace(std::move(key), 0);
    if (is_new) {
      known->second = graph_.add_rule(facts.parts.front().path);
      waiting_.emplace_back(known->second, std::move(facts));
    }
    return graph_.call(known->second);
  }

  SchemaFacts facts_of(const Conjunction& conjunction) {
    SchemaFacts facts = document_.facts(conjunction);
    work_ += facts.parts.size() + facts.properties.size();
    if (work_ > kMaxWork) {
      refuse_schema(
          conjunction.front().path,
          "combining the alternatives of its schemas takes more than " + std::to_string(kMaxWork) + " steps",
          "use fewer anyOf, oneOf and allOf beside each other");
    }
    return facts;
  }

  // Nothing fits.
  Fragment nothing() { return {graph_.add_node(), graph_.add_node()}; }

  Fragment build(const SchemaFacts& facts, std::size_t depth) {
    if (facts.impossible) {
      return nothing();
    }
    if (!facts.choices.empty()) {
      return choice(facts, depth);
    }
    if (facts.values) {
      return values(facts);
    }
    const unsigned types = facts.written_types();
    if (types == kAnyType && facts.hinted_types == 0) {
      return graph_.call(json_.any_value());
    }
    std::vector<Fragment> kinds;
    if ((types & kNull) != 0) {
      kinds.push_back(graph_.literal("null"));
    }
    if ((types & kBoolean) != 0) {
      kinds.push_back(graph_.choice({graph_.literal("true"), graph_.literal("false")}));
    }
    if ((types & (kInteger | kFraction)) != 0) {
      kinds.push_back(number(facts, (types & kFraction) != 0));
    }
    if ((types & kString) != 0) {
      kinds.push_back(string(facts));
    }
    if ((types & kArray) != 0) {
      kinds.push_back(array(facts, depth));
    }
    if ((types & kObject) != 0) {
      kinds.push_back(object(facts, depth));
    }
    return graph_.choice(kinds);
  }

  Fragment choice(const SchemaFacts& facts, std::size_t depth) {
    const SchemaFacts::Choice& choice = facts.choices.front();
    Conjunction base = facts.parts;
    (choice.one_of ? base[choice.part].one_taken : base[choice.part].any_taken) = true;
    std::vector<Conjunction> alternatives;
    for (const SchemaPart& alternative : choice.alternatives) {
      alternatives.push_back(base);
      alternatives.back().push_back(alternative);
    }
    if (choice.one_of) {
      check_apart(facts.parts[choice.part].path, alternatives);
    }
    std::vector<Fragment> fragments;
    for (const Conjunction& alternative : alternatives) {
      fragments.push_back(value(alternative, depth + 1));
    }
    return graph_.choice(fragments);
  }

  void check_apart(const std::string& path, const std::vector<Conjunction>& alternatives) {
    if (alternatives.size() > kMaxOneOf) {
      refuse_schema(path, "keyword \"oneOf\" has more than " + std::to_string(kMaxOneOf) + " alternatives",
                    "write \"anyOf\"");
    }
    std::vector<SchemaFacts> facts;
    for (const Conjunction& alternative : alternatives) {
      facts.push_back(facts_of(alternative));
    }
    for (std::size_t a = 0; a < facts.size(); ++a) {
      for (std::size_t b = 0; b < facts.size(); ++b) {
        if (a != b && !surely_apart(document_, facts[a], facts[b])) {
          refuse_schema(path,
                        "keyword \"oneOf\": a value may fit alternatives " + std::to_string(std::min(a, b)) +
                            " and " + std::to_string(std::max(a, b)) + " at once",
                        "write \"anyOf\", or give them different types or a required property with "
                        "different \"const\"");
        }
      }
    }
  }

  Fragment values(const SchemaFacts& facts) {
    std::vector<Fragment> literals;
    for (const SchemaJson& value : *facts.values) {
      if ((schema_type_of(value) & facts.hinted_types) != 0) {
        refuse_schema(facts.values_path, "\"enum\" or \"const\" beside keywords about the same type",
                      "list only values that fit them, and leave the keywords out");
      }
      literals.push_back(graph_.literal(
          value.is_string() ? "\"" + json_spelling(value.get<std::string>()) + "\"" : value.dump()));
    }
    return graph_.choice(literals);
  }

  Fragment number(const SchemaFacts& facts, bool fractions) {
    if (facts.numbers.low || facts.numbers.high) {
      return add_number_range(graph_, facts.numbers, fractions);
    }
    return graph_.call(fractions ? json_.number() : json_.integer());
  }

  Fragment string(const SchemaFacts& facts) {
    if (facts.min_length > facts.max_length) {
      return nothing();
    }
    if (facts.patterns.size() + facts.formats.size() > 1) {
      const auto& second = facts.formats.empty() ? facts.patterns[1] : facts.formats.back();
      refuse_schema(second.path, "two patterns or formats for one string are not supported");
    }
    if (facts.patterns.empty() && facts.formats.empty()) {
      return graph_.call(json_.string(facts.min_length, facts.max_length));
    }
    StringLanguage language{
        .pattern = {}, .min_length = facts.min_length, .max_length = facts.max_length, .excluded = {}};
    if (facts.patterns.empty()) {
      const auto& format = facts.formats.front();
      const char* regex = format_regex(format.text);
      if (regex == nullptr) {
        refuse_schema(format.path, "format \"" + printable(format.text, 60) + "\" is not supported",
                      "supported are " + known_formats());
      }
      language.pattern = parse_regex(regex, RegexMatch::kWhole, "reading the JSON schema");
    } else {
      language.pattern =
          parse_regex(facts.patterns.front().text, RegexMatch::kSearch,
                      "reading the JSON schema, " + printable(facts.patterns.front().path, 300) +
                          ", keyword \"pattern\"");
    }
    return graph_.sequence({graph_.literal("\""), add_strings(graph_, language), graph_.literal("\"")});
  }

  // The first `prefix` items have schemas of their own; then one schema is for all, in a loop whose commas
  // are counted.
  Fragment array(const SchemaFacts& facts, std::size_t depth) {
    const auto prefix = static_cast<std::uint32_t>(facts.prefix_items);
    const std::uint32_t min = facts.min_items;
    const std::uint32_t max = facts.max_items;
    if (min > max) {
      return nothing();
    }
    const RuleId rule = graph_.add_rule("array");
    const Fragment open = graph_.literal("[");
    const NodeId end = graph_.add_node();
    if (min == 0) {
      graph_.read(open.end, {']', ']'}, end);
    }
    Fragment slot = json_.gap();  // before an item
    graph_.link(open.end, slot.start);
    for (std::uint32_t i = 0; i < prefix && i < max; ++i) {
      const Fragment item = value(facts.item(i), depth + 1);
      graph_.link(slot.end, item.start);
      if (i + 1 >= min) {
        link_close(item.end, ']', end, CountAction::kNone);
      }
      slot = json_.comma();
      graph_.link(item.end, slot.start);
    }
    std::uint32_t least = 0;
    std::uint32_t most = Rule::kUnbounded;
    if (max > prefix) {
      // The loop's first item has no comma of its own to be counted.
      least = min > prefix ? min - prefix - 1 : 0;
      most = max == Rule::kUnbounded ? Rule::kUnbounded : max - prefix - 1;
      const bool counted = least > 0 || most != Rule::kUnbounded;
      const Fragment item = value(facts.item(prefix), depth + 1);
      graph_.link(slot.end, item.start);
      const Fragment comma = json_.comma(counted ? CountAction::kCount : CountAction::kNone);
      graph_.link(item.end, comma.start);
      graph_.link(comma.end, item.start);
      link_close(item.end, ']', end, counted ? CountAction::kClose : CountAction::kNone);
    }
    graph_.define(rule, {open.start, end}, least, most);
    return graph_.call(rule);
  }

  void link_close(NodeId from, char bracket, NodeId end, CountAction action) {
    const Fragment closing = json_.close(bracket, action);
    graph_.link(from, closing.start);
    graph_.link(closing.end, end);
  }

  // Properties in their order, those that are not required may be left out, then others where they are
  // allowed. `first` stands before property i when nothing is written yet, `more` when something is.
  Fragment object(const SchemaFacts& facts, std::size_t depth) {
    const Fragment open = graph_.literal("{");
    const NodeId end = graph_.add_node();
    const Fragment gap = json_.gap();
    graph_.link(open.end, gap.start);
    NodeId first = gap.end;
    NodeId more = graph_.add_node();
    bool may_be_empty = true;
    for (const std::string& name : facts.properties) {
      const Fragment key = json_.name(name);
      const Fragment comma = json_.comma();
      const Fragment content = value(facts.property(name), depth + 1);
      const NodeId next_first = graph_.add_node();
      const NodeId next_more = graph_.add_node();
      graph_.link(first, key.start);
      graph_.link(more, comma.start);
      graph_.link(comma.end, key.start);
      graph_.link(key.end, content.start);
      graph_.link(content.end, next_more);
      if (!facts.required.contains(name)) {
        graph_.link(first, next_first);
        graph_.link(more, next_more);
      } else {
        may_be_empty = false;
      }
      first = next_first;
      more = next_more;
    }
    if (facts.writes_extra_properties()) {
      const Fragment extra = extra_property(facts, depth);
      const Fragment comma = json_.comma();
      graph_.link(first, extra.start);
      graph_.link(more, comma.start);
      graph_.link(comma.end, extra.start);
      graph_.link(extra.end, more);
    }
    link_close(more, '}', end, CountAction::kNone);
    if (may_be_empty) {
      graph_.read(open.end, {'}', '}'}, end);
    }
    return {open.start, end};
  }

  Fragment extra_property(const SchemaFacts& facts, std::size_t depth) {
    const Pattern any = Pattern::repeat(Pattern::character(CodePointSet::all()), 0, Rule::kUnbounded);
    Fragment name = graph_.call(json_.string());
    if (!facts.properties.empty()) {
      // In the one spelling in which names are written, so that none of them comes twice.
      name = graph_.sequence({graph_.literal("\""),
                              add_strings(graph_, {.pattern = any,
                                                   .min_length = 0,
                                                   .max_length = Rule::kUnbounded,
                                                   .excluded = facts.properties}),
                              graph_.literal("\"")});
    }
    return graph_.sequence({name, json_.colon(), value(facts.extra_property(), depth + 1)});
  }

  RuleGraph& graph_;
  JsonRules json_;
  const SchemaDocument& document_;
  std::map<Key, RuleId> rules_;
  std::size_t work_ = 0;
  std::deque<std::pair<RuleId, SchemaFacts>> waiting_;
};

}  // namespace

std::shared_ptr<const Constraint> json_schema_constraint(const nlohmann::ordered_json& schema,
                                                         const ConstraintVocabulary& vocabulary) {
  check_schema_size(schema);
  const SchemaDocument document(schema);
  RuleGraph graph("compiling the JSON schema");
  const RuleId root = SchemaCompiler(graph, document).compile();
  return compile_constraint(graph, root, vocabulary);
}

std::shared_ptr<const Constraint> json_schema_constraint(const nlohmann::json& schema,
                                                         const ConstraintVocabulary& vocabulary) {
  check_schema_size(schema);  // before the copy, which recurses
  return json_schema_constraint(nlohmann::ordered_json(schema), vocabulary);
}

std::shared_ptr<const Constraint> any_json_constraint(const ConstraintVocabulary& vocabulary) {
  RuleGraph graph("compiling the form of JSON objects");
  JsonRules json(graph);
  const RuleId root = json.any_object();
  json.any_value();
  return compile_constraint(graph, root, vocabulary);
}

}  // namespace everform
