#include "everform/workbench/models/sentence_encoder.h"

#include <torch/types.h>

#include "everform/core/base/error.h"
#include "everform/core/base/log.h"
#include "everform/core/io/config_keys.h"
#include "everform/core/io/json_text.h"
#include "everform/workbench/models/bert.h"

namespace everform {

namespace {

bool is_file(const std::filesystem::path& path) {
  std::error_code code;
  return std::filesystem::is_regular_file(path, code);
}

void check_pooling(const std::filesystem::path& file) {
  if (!is_file(file)) {
    return;
  }
  const nlohmann::json json = read_json_file(file);
  ConfigKeys keys(json, "reading " + file.string());
  keys.ignore({"word_embedding_dimension"});
  keys.expect("pooling_mode_mean_tokens", true);
  for (const char* other :
       {"pooling_mode_cls_token", "pooling_mode_max_tokens", "pooling_mode_mean_sqrt_len_tokens",
        "pooling_mode_weightedmean_tokens", "pooling_mode_lasttoken"}) {
    keys.expect(other, false);
  }
  keys.ignore({"include_prompt"});
  keys.refuse_others();
}

std::int64_t read_max_tokens(const std::filesystem::path& file, std::int64_t context) {
  if (!is_file(file)) {
    return context;
  }
  const nlohmann::json json = read_json_file(file);
  ConfigKeys keys(json, "reading " + file.string());
  const std::int64_t length = keys.integer("max_seq_length", context);
  if (length < 3 || length > context) {
    keys.fail("max_seq_length",
              "must lie between 3 and the model's " + std::to_string(context) + " positions");
  }
  return length;
}

}  // namespace

SentenceEncoder::SentenceEncoder(const std::filesystem::path& folder)
    : transformer_(load_bert(folder)), tokenizer_(load_tokenizer(folder)) {
  check_pooling(folder / "1_Pooling" / "config.json");
  max_tokens_ = read_max_tokens(folder / "sentence_bert_config.json", transformer_->config().context);
}

std::vector<std::int64_t> SentenceEncoder::tokens_of(const std::string& text, std::size_t index) const {
  const std::vector<TokenId> ids = tokenizer_->encode_ids(text, {.add_specials = true});
  std::vector<std::int64_t> tokens(ids.begin(), ids.end());
  const auto limit = static_cast<std::size_t>(max_tokens_);
  if (tokens.size() > limit) {
    log_warning("text " + std::to_string(index + 1) + " has " + std::to_string(tokens.size()) +
                " tokens and is cut at the model's " + std::to_string(max_tokens_));
    tokens[limit - 1] = tokens.back();  // the separator ends a cut text too
    tokens.resize(limit);
  }
  return tokens;
}

torch::Tensor SentenceEncoder::encode(const std::vector<std::string>& texts) const {
  const torch::NoGradGuard no_grad;
  torch::Tensor out = torch::empty({static_cast<std::int64_t>(texts.size()), width()});
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const torch::Tensor tokens = torch::tensor(tokens_of(texts[i], i), at::kLong).unsqueeze(0);
    const torch::Tensor mean = transformer_->forward({.tokens = tokens})[0].mean(0);
    out[static_cast<std::int64_t>(i)].copy_(mean / mean.norm().clamp_min(1e-12));
  }
  return out;
}

}  // namespace everform
