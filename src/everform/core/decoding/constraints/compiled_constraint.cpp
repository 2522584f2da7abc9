#include "everform/core/decoding/constraints/compiled_constraint.h"

#include <algorithm>
#include <string>
#include <utility>

#include "everform/core/base/error.h"
#include "everform/core/decoding/constraints/token_masks.h"

namespace everform::constraints {
namespace {

class CompiledConstraint : public Constraint, public std::enable_shared_from_this<CompiledConstraint> {
 public:
  CompiledConstraint(std::shared_ptr<const Machine> machine, std::shared_ptr<const VocabularyTrie> vocabulary,
                     std::vector<TokenId> end_tokens)
      : masks_(std::move(machine), std::move(vocabulary)), end_tokens_(std::move(end_tokens)) {}

  std::unique_ptr<LogitsProcessor> begin(std::size_t prompt_tokens) const override;

  const TokenMasks& masks() const { return masks_; }
  const std::vector<TokenId>& end_tokens() const { return end_tokens_; }

 private:
  TokenMasks masks_;
  std::vector<TokenId> end_tokens_;
};

// Follows one generation. What came before is kept for every place, so that a context which differs from the
// last one only near its end is cheap: logits depend on the context alone.
class ConstraintProcessor : public LogitsProcessor {
 public:
  ConstraintProcessor(std::shared_ptr<const CompiledConstraint> constraint, std::size_t prompt_tokens)
      : constraint_(std::move(constraint)),
        prompt_tokens_(prompt_tokens),
        stacks_(constraint_->masks().machine()) {
    Place first;
    first.complete = stacks_.enter({constraint_->masks().machine().start(), 0, 0}, first.configs);
    first.mark = stacks_.mark();
    places_.push_back(std::move(first));
  }

  void apply(std::span<const TokenId> context, std::span<float> logits) override {
    follow(context.subspan(std::min(prompt_tokens_, context.size())));
    const Place& place = places_.back();
    allowed_.reset(constraint_->masks().vocabulary().bytes.size());
    constraint_->masks().add_allowed(stacks_, place.configs, allowed_);
    if (place.complete) {
      for (const TokenId token : constraint_->end_tokens()) {
        allowed_.add(token);
      }
    }
    allowed_.mask(logits);
  }

 private:
  struct Place {
    std::vector<Config> configs;
    bool complete = false;
    StackMachine::Mark mark;
  };

  void follow(std::span<const TokenId> written) {
    const auto differ = std::mismatch(written_.begin(), written_.end(), written.begin(), written.end());
    written_.erase(differ.first, written_.end());
    places_.resize(written_.size() + 1);
    stacks_.rewind(places_.back().mark);
    for (const TokenId token : written.subspan(written_.size())) {
      places_.push_back(read(token));
      written_.push_back(token);
    }
  }

  Place read(TokenId token) {
    const Place& before = places_.back();
    const auto& ends = constraint_->end_tokens();
    Place place;
    place.complete = before.complete;
    if (std::find(ends.begin(), ends.end(), token) == ends.end()) {
      place.configs = before.configs;
      const auto& known = constraint_->masks().vocabulary().bytes;
      const auto id = static_cast<std::size_t>(token);
      for (const char byte : id < known.size() ? known[id] : std::string()) {
        const std::size_t last = place.configs.size();
        place.complete = stacks_.read(place.configs, 0, last, static_cast<std::uint8_t>(byte));
        place.configs.erase(place.configs.begin(), place.configs.begin() + static_cast<std::ptrdiff_t>(last));
      }
    }
    if (place.configs.empty() && !place.complete) {
      throw Error(ErrorKind::kFailed, "following the constraint",
                  "token " + std::to_string(token) + " does not fit the form",
                  "draw tokens from the logits that the constraint left");
    }
    place.mark = stacks_.mark();
    return place;
  }

  std::shared_ptr<const CompiledConstraint> constraint_;
  std::size_t prompt_tokens_;
  StackMachine stacks_;
  std::vector<TokenId> written_;
  std::vector<Place> places_;  // before each token that was written, and after the last
  TokenSet allowed_;
};

std::unique_ptr<LogitsProcessor> CompiledConstraint::begin(std::size_t prompt_tokens) const {
  return std::make_unique<ConstraintProcessor>(shared_from_this(), prompt_tokens);
}

}  // namespace

std::shared_ptr<const VocabularyTrie> checked_vocabulary(const ConstraintVocabulary& vocabulary,
                                                         const std::string& where) {
  if (!vocabulary.tokenizer) {
    throw Error(ErrorKind::kUsage, where, "the model has no tokenizer", "constrain a model of text");
  }
  const std::size_t size = vocabulary.tokenizer->vocabulary_size();
  if (vocabulary.end_tokens.empty()) {
    throw Error(ErrorKind::kUsage, where,
                "the model has no end token, so a text that must have a form could not end",
                "use a model whose tokenizer names its end token");
  }
  for (const TokenId token : vocabulary.end_tokens) {
    if (token < 0 || static_cast<std::size_t>(token) >= size) {
      throw Error(
          ErrorKind::kUsage, where,
          "end token " + std::to_string(token) + " is outside the vocabulary of " + std::to_string(size));
    }
  }
  return vocabulary_trie(vocabulary.tokenizer);
}

std::shared_ptr<const Constraint> compile_constraint(const RuleGraph& graph, RuleId root,
                                                     const ConstraintVocabulary& vocabulary) {
  auto trie = checked_vocabulary(vocabulary, graph.where());
  auto machine = std::make_shared<const Machine>(compile_machine(graph, root, trie->spelled));
  return std::make_shared<CompiledConstraint>(std::move(machine), std::move(trie), vocabulary.end_tokens);
}

}  // namespace everform::constraints
