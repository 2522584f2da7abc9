#include "everform/core/text/unigram_learner.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <unordered_map>

#include "everform/core/base/error.h"
#include "everform/core/base/interrupt.h"
#include "everform/core/base/log.h"
#include "everform/core/text/byte_trie.h"
#include "everform/core/text/code_points.h"

namespace everform::text {

namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();
constexpr double kLeastExpected = 0.5;  // pieces expected less often go (SentencePiece's threshold)
constexpr double kPruneMargin = 1.1;  // pruning ends a little above the wanted number; the rest goes by score
constexpr std::size_t kManySubstrings = 8'000'000;  // counted at once before those seen once are dropped

double log_add(double a, double b) {
  if (a == kNever) {
    return b;
  }
  const double high = std::max(a, b);
  return high + std::log1p(std::exp(std::min(a, b) - high));
}

// The digamma function by its recurrence and asymptotic series (Abramowitz and Stegun 6.3.18), x > 0.
double digamma(double x) {
  double shift = 0.0;
  for (; x < 7.0; x += 1.0) {
    shift -= 1.0 / x;
  }
  const double inverse = 1.0 / (x * x);
  return shift + std::log(x) - 0.5 / x -
         inverse *
             (1.0 / 12.0 -
              inverse * (1.0 / 120.0 - inverse * (1.0 / 252.0 - inverse * (1.0 / 240.0 - inverse / 132.0))));
}

std::vector<std::size_t> character_starts(std::string_view word) {
  std::vector<std::size_t> starts;
  for (std::size_t at = 0; at < word.size(); at += code_point_at(word, at).length) {
    starts.push_back(at);
  }
  starts.push_back(word.size());
  return starts;
}

class UnigramLearner {
 public:
  UnigramLearner(const std::vector<WordCount>& words, const UnigramTraining& options)
      : words_(words), options_(options) {}

  std::vector<ScoredPiece> run() {
    find_characters();
    find_seeds();
    for (;;) {
      for (int round = 0; round < options_.rounds; ++round) {
        throw_if_interrupted("training a tokenizer");
        maximise(expect());
      }
      log_info("unigram: " + std::to_string(pieces_.size()) + " pieces");
      if (static_cast<double>(pieces_.size()) <= kPruneMargin * static_cast<double>(options_.pieces)) {
        break;
      }
      const std::size_t before = pieces_.size();
      prune();
      if (pieces_.size() == before) {
        break;
      }
    }
    return finish();
  }

 private:
  void find_characters() {
    for (const WordCount& word : words_) {
      for (std::size_t at = 0; at < word.word.size();) {
        const CodePoint point = code_point_at(word.word, at);
        if (point.value < kInvalidByte) {
          characters_[word.word.substr(at, point.length)] += word.count;
        }
        at += point.length;
      }
    }
    if (characters_.size() > options_.pieces) {
      throw Error(ErrorKind::kUsage, "training a unigram tokenizer",
                  "the text has " + std::to_string(characters_.size()) +
                      " different characters, the vocabulary only " + std::to_string(options_.pieces) +
                      " places for pieces",
                  "give a larger --vocabulary");
    }
  }

  // Substrings of words by count times length, the most useful first.
  void find_seeds() {
    std::unordered_map<std::string, std::uint64_t> counts;
    for (const WordCount& word : words_) {
      if (find_invalid_utf8(word.word) != std::string_view::npos) {
        continue;
      }
      const std::vector<std::size_t> starts = character_starts(word.word);
      for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
        for (std::size_t j = i + 2; j < starts.size() && j <= i + options_.longest_piece; ++j) {
          counts[word.word.substr(starts[i], starts[j] - starts[i])] += word.count;
        }
      }
      if (counts.size() > kManySubstrings) {
        std::erase_if(counts, [](const auto& entry) { return entry.second < 2; });
      }
    }
    struct Seed {
      std::string piece;
      double weight;
    };
    std::vector<Seed> seeds;
    for (const auto& [piece, count] : counts) {
      if (count >= 2) {
        seeds.push_back({piece, static_cast<double>(count) * static_cast<double>(piece.size())});
      }
    }
    counts.clear();
    std::sort(seeds.begin(), seeds.end(), [](const Seed& a, const Seed& b) {
      return a.weight != b.weight ? a.weight > b.weight : a.piece < b.piece;
    });
    seeds.resize(std::min(seeds.size(), options_.most_seeds));
    double total = 0.0;
    for (const auto& [character, count] : characters_) {
      pieces_.push_back({character, static_cast<double>(count)});
      total += static_cast<double>(count);
    }
    for (Seed& seed : seeds) {
      pieces_.push_back({std::move(seed.piece), seed.weight});
      total += seed.weight;
    }
    for (ScoredPiece& piece : pieces_) {
      piece.score = std::log(piece.score / total);
    }
    index();
  }

  void index() {
    trie_ = ByteTrie();
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      trie_.add(pieces_[i].piece, static_cast<std::int32_t>(i));
    }
  }

  double score(std::int32_t piece) const { return pieces_[static_cast<std::size_t>(piece)].score; }

  // Calls visit(begin, end, piece) for every piece inside a word, by falling begin or rising begin.
  template <typename Visit>
  void each_edge(std::string_view word, std::size_t begin, Visit visit) const {
    trie_.each_prefix(word, begin,
                      [&](std::size_t length, std::int32_t piece) { visit(begin + length, piece); });
  }

  // How often each piece occurs, averaged over all segmentations by their probability.
  std::vector<double> expect() const {
    std::vector<double> expected(pieces_.size(), 0.0);
    std::vector<double> before;
    std::vector<double> after;
    for (const WordCount& word : words_) {
      const std::size_t size = word.word.size();
      before.assign(size + 1, kNever);
      after.assign(size + 1, kNever);
      before[0] = 0.0;
      after[size] = 0.0;
      for (std::size_t at = 0; at < size; ++at) {
        if (before[at] != kNever) {
          each_edge(word.word, at, [&](std::size_t end, std::int32_t piece) {
            before[end] = log_add(before[end], before[at] + score(piece));
          });
        }
      }
      if (before[size] == kNever) {
        continue;  // a word with broken UTF-8
      }
      for (std::size_t at = size; at-- > 0;) {
        each_edge(word.word, at, [&](std::size_t end, std::int32_t piece) {
          after[at] = log_add(after[at], score(piece) + after[end]);
        });
      }
      for (std::size_t at = 0; at < size; ++at) {
        if (before[at] == kNever) {
          continue;
        }
        each_edge(word.word, at, [&](std::size_t end, std::int32_t piece) {
          const double share = std::exp(before[at] + score(piece) + after[end] - before[size]);
          expected[static_cast<std::size_t>(piece)] += share * static_cast<double>(word.count);
        });
      }
    }
    return expected;
  }

  bool is_character(const std::string& piece) const { return characters_.contains(piece); }

  // The variational M-step: exp(digamma(n)) favours frequent pieces more than n itself does.
  void maximise(const std::vector<double>& expected) {
    std::vector<ScoredPiece> kept;
    double total = 0.0;
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      const bool needed = is_character(pieces_[i].piece);
      if (expected[i] >= kLeastExpected || needed) {
        const double count = std::max(expected[i], kLeastExpected);
        kept.push_back({std::move(pieces_[i].piece), count});
        total += count;
      }
    }
    const double log_total = digamma(total);
    for (ScoredPiece& piece : kept) {
      piece.score = digamma(piece.score) - log_total;
    }
    pieces_ = std::move(kept);
    index();
  }

  // The best segmentation of a text, optionally without one piece.
  std::vector<std::int32_t> best(std::string_view text, std::int32_t without) const {
    struct Step {
      double score = kNever;
      std::size_t begin = 0;
      std::int32_t piece = -1;
    };
    std::vector<Step> steps(text.size() + 1);
    steps[0].score = 0.0;
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (steps[at].score == kNever) {
        continue;
      }
      each_edge(text, at, [&](std::size_t end, std::int32_t piece) {
        const double candidate = steps[at].score + score(piece);
        if (piece != without && candidate > steps[end].score) {
          steps[end] = {candidate, at, piece};
        }
      });
    }
    std::vector<std::int32_t> path;
    for (std::size_t end = text.size(); end > 0 && steps[end].piece >= 0; end = steps[end].begin) {
      path.push_back(steps[end].piece);
    }
    return path;
  }

  // Drops the pieces whose removal costs the text's likelihood least, their occurrences being spelled by the
  // next best pieces.
  void prune() {
    std::vector<double> used(pieces_.size(), 0.0);
    double total = 0.0;
    for (const WordCount& word : words_) {
      for (const std::int32_t piece : best(word.word, -1)) {
        used[static_cast<std::size_t>(piece)] += static_cast<double>(word.count);
        total += static_cast<double>(word.count);
      }
    }
    struct Loss {
      std::size_t piece;
      double loss;
    };
    std::vector<Loss> losses;
    std::vector<bool> stays(pieces_.size(), false);
    std::size_t needed = 0;
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      if (is_character(pieces_[i].piece)) {
        stays[i] = true;
        ++needed;
      } else if (used[i] > 0.0) {
        losses.push_back({i, loss_of(i, used, total)});
      }
    }
    std::sort(losses.begin(), losses.end(), [](const Loss& a, const Loss& b) {
      return a.loss != b.loss ? a.loss > b.loss : a.piece < b.piece;
    });
    const auto wanted = static_cast<std::size_t>(kPruneMargin * static_cast<double>(options_.pieces));
    const auto survivors =
        std::max(wanted, static_cast<std::size_t>(options_.keep * static_cast<double>(pieces_.size())));
    for (std::size_t i = 0; i < losses.size() && needed + i < survivors; ++i) {
      stays[losses[i].piece] = true;
    }
    std::vector<ScoredPiece> kept;
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      if (stays[i]) {
        kept.push_back(std::move(pieces_[i]));
      }
    }
    pieces_ = std::move(kept);
    index();
  }

  double loss_of(std::size_t piece, const std::vector<double>& used, double total) const {
    const std::vector<std::int32_t> others = best(pieces_[piece].piece, static_cast<std::int32_t>(piece));
    const double log_total = std::log(total + used[piece] * (static_cast<double>(others.size()) - 1.0));
    double log_others = 0.0;
    for (const std::int32_t other : others) {
      log_others += std::log(used[static_cast<std::size_t>(other)] + used[piece]) - log_total;
    }
    return used[piece] / total * (std::log(used[piece]) - std::log(total) - log_others);
  }

  std::vector<ScoredPiece> finish() {
    std::sort(pieces_.begin(), pieces_.end(), [this](const ScoredPiece& a, const ScoredPiece& b) {
      const bool needed_a = is_character(a.piece);
      const bool needed_b = is_character(b.piece);
      if (needed_a != needed_b) {
        return needed_a;
      }
      return a.score != b.score ? a.score > b.score : a.piece < b.piece;
    });
    pieces_.resize(std::min(pieces_.size(), options_.pieces));
    std::sort(pieces_.begin(), pieces_.end(), [](const ScoredPiece& a, const ScoredPiece& b) {
      return a.score != b.score ? a.score > b.score : a.piece < b.piece;
    });
    return std::move(pieces_);
  }

  const std::vector<WordCount>& words_;
  const UnigramTraining& options_;
  std::map<std::string, std::uint64_t> characters_;
  std::vector<ScoredPiece> pieces_;
  ByteTrie trie_;
};

}  // namespace

std::vector<ScoredPiece> learn_unigram(const std::vector<WordCount>& words, const UnigramTraining& options) {
  return UnigramLearner(words, options).run();
}

}  // namespace everform::text
