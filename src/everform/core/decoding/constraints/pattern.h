// Texts by what they are made of: the tree that regular expressions and grammars are parsed into.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "everform/core/decoding/constraints/rule_graph.h"

namespace everform::constraints {

/// A node of the tree. What is not of its kind is empty.
struct Pattern {
  enum class Kind {
    kCharacter,  ///< one code point of `set`
    kSequence,   ///< `parts` one after the other; the empty text where there are none
    kChoice,     ///< one of `parts`
    kRepeat,     ///< parts[0], from `min` to `max` times
    kReference   ///< a rule of the grammar
  };
  Kind kind = Kind::kSequence;
  CodePointSet set;
  std::vector<Pattern> parts;
  std::uint32_t min = 0;
  std::uint32_t max = 0;
  std::size_t reference = 0;

  static Pattern character(CodePointSet set);
  static Pattern sequence(std::vector<Pattern> parts);
  static Pattern choice(std::vector<Pattern> parts);
  static Pattern repeat(Pattern part, std::uint32_t min, std::uint32_t max);
};

/// How a code point is written.
enum class Spelling {
  kPlain,       ///< UTF-8
  kJsonString,  ///< as inside a JSON string, in its shortest form: no escape that is not needed
};

/// Adds a pattern to a graph. The first byte of each code point counts (CountAction::kCount) where
/// `count_characters`.
/// @param reference called for each reference; may be empty where there are none
Fragment add_pattern(RuleGraph& graph, const Pattern& pattern, Spelling spelling, bool count_characters,
                     const std::function<Fragment(std::size_t)>& reference = {});

/// One code point of a set, as add_pattern() spells it.
Fragment add_character(RuleGraph& graph, const CodePointSet& set, Spelling spelling, CountAction action);

/// `text` (valid UTF-8) as inside a JSON string, in the form of Spelling::kJsonString.
std::string json_spelling(const std::string& text);

}  // namespace everform::constraints
