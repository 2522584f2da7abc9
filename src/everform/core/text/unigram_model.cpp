#include "everform/core/text/unigram_model.h"

#include <algorithm>
#include <cstdio>

#include "everform/core/text/code_points.h"

namespace everform::text {

namespace {

constexpr double kUnknownPenalty = 10.0;  // SentencePiece's
constexpr TokenId kUnknown = -1;

// The best way to reach a place: its score, where its last piece begins and which one it is.
struct Step {
  double score = 0.0;
  std::uint32_t begin = 0;
  TokenId id = kUnknown;
  bool reached = false;
};

}  // namespace

struct UnigramModel::Scratch : ModelScratch {
  std::vector<Step> steps;
  std::vector<TokenSpan> backwards;
};

UnigramModel::UnigramModel(std::shared_ptr<const Vocabulary> vocabulary, std::vector<double> scores,
                           UnigramOptions options)
    : vocabulary_(std::move(vocabulary)), scores_(std::move(scores)), options_(options) {
  double lowest = 0.0;
  for (std::size_t i = 0; i < vocabulary_->size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    lowest = i == 0 ? scores_[i] : std::min(lowest, scores_[i]);
    const std::string_view piece = vocabulary_->piece(id);
    if (!piece.empty() && !vocabulary_->hidden(id)) {
      trie_.add(piece, id);
    }
  }
  unknown_score_ = lowest - kUnknownPenalty;
  for (unsigned byte = 0; options_.byte_fallback && byte < 256; ++byte) {
    char piece[8];
    std::snprintf(piece, sizeof piece, "<0x%02X>", byte);
    if (const auto token = vocabulary_->find_any(piece)) {
      byte_tokens_.push_back(*token);
    }
  }
  if (byte_tokens_.size() != 256) {
    byte_tokens_.clear();
  }
}

std::unique_ptr<ModelScratch> UnigramModel::make_scratch() const {
  return std::make_unique<Scratch>();
}

void UnigramModel::emit_unknown(std::string_view text, std::uint32_t base,
                                std::vector<TokenSpan>& out) const {
  if (!byte_tokens_.empty()) {
    for (const char byte : text) {
      out.push_back({byte_tokens_[static_cast<unsigned char>(byte)], base, base + 1});
      ++base;
    }
  } else if (options_.unknown) {
    out.push_back({*options_.unknown, base, base + static_cast<std::uint32_t>(text.size())});
  }
}

void UnigramModel::encode(std::string_view piece, std::uint32_t base, ModelScratch& scratch,
                          std::vector<TokenSpan>& out) const {
  auto& steps = static_cast<Scratch&>(scratch).steps;
  steps.assign(piece.size() + 1, Step{});
  const auto offer = [&](std::size_t begin, std::size_t end, double score, TokenId id) {
    Step& step = steps[end];
    if (!step.reached || score > step.score) {
      step = {score, static_cast<std::uint32_t>(begin), id, true};
    }
  };
  for (std::size_t at = 0; at < piece.size();) {
    const std::size_t character = code_point_at(piece, at).length;
    const double score = steps[at].score;
    bool single = false;
    trie_.each_prefix(piece, at, [&](std::size_t length, std::int32_t id) {
      offer(at, at + length, score + scores_[static_cast<std::size_t>(id)], id);
      single = single || length == character;
    });
    if (!single) {
      offer(at, at + character, score + unknown_score_, kUnknown);
    }
    at += character;
  }
  auto& backwards = static_cast<Scratch&>(scratch).backwards;
  backwards.clear();
  for (auto end = static_cast<std::uint32_t>(piece.size()); end > 0; end = steps[end].begin) {
    const bool joins = steps[end].id == kUnknown && !backwards.empty() && backwards.back().id == kUnknown;
    if (joins) {
      backwards.back().begin = steps[end].begin;
    } else {
      backwards.push_back({steps[end].id, steps[end].begin, end});
    }
  }
  for (auto token = backwards.rbegin(); token != backwards.rend(); ++token) {
    if (token->id == kUnknown) {
      emit_unknown(piece.substr(token->begin, token->end - token->begin), base + token->begin, out);
    } else {
      out.push_back({token->id, base + token->begin, base + token->end});
    }
  }
}

}  // namespace everform::text
