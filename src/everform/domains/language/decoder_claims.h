// The statements about an open decoder that need no training: its files, its speech, its scores, its
// tokenizer.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "everform/core/base/check_count.h"
#include "everform/core/io/report.h"
#include "everform/core/recipes/action_request.h"
#include "everform/domains/language/corpus.h"
#include "everform/domains/language/language_model.h"

namespace everform {

/// What the statements are measured on. The recipe has the keys registry.models, evaluation.*, baseline.*.
struct ClaimSubject {
  const ActionRequest& request;
  Report& report;
  LanguageModel model;
  std::vector<Document> documents;
  CorpusSplit split;

  std::uint64_t seed() const { return request.common.seed; }
  /// A recipe's number, a quarter of it with --quick.
  std::size_t amount(const char* key) const;
  /// The first tokens of a text, at most `most`.
  std::vector<TokenId> tokens(std::string_view text, std::size_t most) const;
  /// Reports a list of checks; the log names those that failed.
  void check(const std::string& id, const std::string& claim, const CheckCount& count) const;
};

/// Statements 1 and 2: published sizes; known blocks, exact round trips, hostile files. @param folder for the
/// files, empty
void claim_files(const ClaimSubject& subject, const std::filesystem::path& folder);
/// Statement 3: the model's known answers, and its bits per byte against an n-gram's.
void claim_speech(const ClaimSubject& subject);
/// Statement 5: scores of a known model, and the sentence cloze against random weights.
void claim_scores(const ClaimSubject& subject);
/// Statement 6, its first half: the tokenizer and the chat template.
void claim_tokenizer(const ClaimSubject& subject);

}  // namespace everform
