// Text and answers of a decoder, as `generate` and `chat` give them.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "everform/core/decoding/constraints/constraint.h"
#include "everform/core/decoding/generation_options.h"
#include "everform/core/recipes/action_request.h"
#include "everform/domains/language/language_model.h"

namespace everform {

/// Messages in OpenAI's form: [{"role": "user", "content": "..."}, ...].
using Messages = nlohmann::ordered_json;

/// Reads messages from JSON: a list, or an object that holds one as "messages". Each needs a role, and a text
/// (or nothing) as content. Throws Error{kBadInput} at `where` naming the message.
Messages parse_messages(const std::string& json, const std::string& where);

/// The template that messages are rendered with: `name` of a built-in one (or the path of a Jinja file) where
/// given, else the model's own. Throws Error{kUsage} where there is none.
std::string find_chat_template(const LanguageModel& model, const std::optional<std::string>& name);

/// The tokens of a text that is to be continued. @param specials whether special tokens that it spells become
/// tokens
std::vector<TokenId> encode_prompt(const LanguageModel& model, const std::string& text, bool specials);
/// The tokens of a conversation, with the opening of an answer at the end.
std::vector<TokenId> encode_messages(const LanguageModel& model, const Messages& messages,
                                     const std::string& chat_template);

/// Tokens that end a text; for a conversation also those that end a turn.
std::vector<TokenId> end_tokens(const LanguageModel& model, bool conversation);

/// What the options of a generation need beside the model: the compiled form and the model that guesses.
struct GenerationAids {
  std::shared_ptr<const Constraint> constraint;  ///< null: the text is free
  std::shared_ptr<const StepModel> draft_model;  ///< null: none
};

/// Throws Error{kUsage} for a form that is not supported, or a draft model with another vocabulary.
/// @param ends tokens that end a text
GenerationAids prepare_aids(const GenerationChoice& choice, const LanguageModel& model,
                            const std::vector<TokenId>& ends, const LanguageModelOptions& engine);

/// Draws (or searches with beams) a continuation of `prompt`.
/// @param on_text receives the text as it is written; may be empty @param cache of a conversation; may be
/// nullptr
GenerationResult write_text(const LanguageModel& model, std::vector<TokenId> prompt,
                            const GenerationChoice& choice, const GenerationAids& aids,
                            std::vector<TokenId> ends, std::uint64_t seed,
                            const std::function<void(std::string_view)>& on_text,
                            PromptCache* cache = nullptr);

/// {"prompt_tokens","tokens","text","finish","prefill_tokens_per_second","decode_tokens_per_second","drafted",
/// "accepted","model_calls"}
nlohmann::json generation_json(const std::vector<TokenId>& prompt, const GenerationResult& result);
/// Logs how many guesses were right, where there were any.
void log_speculation(const GenerationResult& result);

/// --prompt, --prompt-file, --specials, --chat, --system, --template, generation_options() and
/// engine_options().
std::vector<OptionSpec> generate_options();
/// What `everform generate` does with a decoder: streams the text to stdout unless JSON is asked for.
/// @param load called once the options are known to be right
ActionResult generate_text(const nlohmann::json& options, const CommonOptions& common,
                           const std::function<LanguageModel()>& load);

}  // namespace everform
