// Rules as graphs of bytes and calls, from which a machine is compiled: what schemas, patterns and grammars
// are turned into first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "everform/core/decoding/constraints/code_point_set.h"

namespace everform::constraints {

using NodeId = std::uint32_t;
using RuleId = std::uint32_t;

/// What reading a byte does to the counter that each call of a rule has: kCount needs a count below the
/// rule's largest and adds one; kClose needs at least the rule's smallest. All ways to read the same bytes
/// must agree on it.
enum class CountAction : std::uint8_t { kNone, kCount, kClose };

/// A part of a graph between two nodes. Each is used once.
struct Fragment {
  NodeId start = 0;
  NodeId end = 0;
};

struct Edge {
  enum class Kind : std::uint8_t { kEpsilon, kBytes, kCall };
  NodeId from = 0;
  NodeId to = 0;
  Kind kind = Kind::kEpsilon;
  CountAction action = CountAction::kNone;
  ByteRange bytes;
  RuleId rule = 0;
};

struct Rule {
  static constexpr std::uint32_t kUnbounded = std::numeric_limits<std::uint32_t>::max();
  std::string name;
  Fragment body;
  std::uint32_t min_count = 0;
  std::uint32_t max_count = kUnbounded;
};

/// Builds rules. Everything throws Error{kUsage} naming `where` once the graph has more than kMaxNodes nodes,
/// kMaxEdges edges or kMaxRules rules, so that no input takes much time or memory.
class RuleGraph {
 public:
  static constexpr std::size_t kMaxNodes = 200'000;
  static constexpr std::size_t kMaxEdges = 500'000;
  static constexpr std::size_t kMaxRules = 20'000;

  /// @param where what is being compiled, for errors ("compiling the JSON schema")
  explicit RuleGraph(std::string where) : where_(std::move(where)) {}

  NodeId add_node();
  void link(NodeId from, NodeId to);
  void read(NodeId from, ByteRange bytes, NodeId to, CountAction action = CountAction::kNone);
  void call(NodeId from, RuleId rule, NodeId to);

  Fragment empty();
  Fragment literal(std::string_view bytes);
  /// One code point of the set as UTF-8; its first byte does `action`.
  Fragment characters(const CodePointSet& set, CountAction action = CountAction::kNone);
  Fragment call(RuleId rule);
  Fragment sequence(const std::vector<Fragment>& parts);
  Fragment choice(const std::vector<Fragment>& parts);
  Fragment optional(Fragment part);
  Fragment star(Fragment part);
  /// `make` is called for each copy. @param max Rule::kUnbounded for no bound
  Fragment repeat(const std::function<Fragment()>& make, std::uint32_t min, std::uint32_t max);

  /// A rule that is defined later.
  RuleId add_rule(std::string name);
  void define(RuleId rule, Fragment body, std::uint32_t min_count = 0,
              std::uint32_t max_count = Rule::kUnbounded);

  std::size_t nodes() const { return nodes_; }
  const std::vector<Edge>& edges() const { return edges_; }
  const std::vector<Rule>& rules() const { return rules_; }
  const std::string& where() const { return where_; }

 private:
  void add_edge(const Edge& edge);
  [[noreturn]] void too_large(std::size_t limit, const char* what) const;

  std::string where_;
  std::size_t nodes_ = 0;
  std::vector<Edge> edges_;
  std::vector<Rule> rules_;
};

}  // namespace everform::constraints
