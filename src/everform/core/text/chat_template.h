// Chat templates: a sandboxed subset of Jinja with step, depth and size limits. A template that fails is an
// error, never a guess.
#pragma once

#include <cstddef>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

namespace everform {

struct TemplateLimits {
  std::size_t steps = 1'000'000;
  std::size_t depth = 64;
  std::size_t output_bytes = std::size_t{16} << 20;
};

class ChatTemplate {
 public:
  /// Parses the template. Throws Error{kBadInput} with line and column and what is not supported.
  explicit ChatTemplate(const std::string& source, TemplateLimits limits = {});
  ~ChatTemplate();
  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;

  /// Renders with `variables` (messages, add_generation_prompt, bos_token, eos_token, tools, ...).
  /// raise_exception and limits throw Error{kFailed} with the template's message.
  std::string render(const nlohmann::json& variables) const;
  /// The same with the keys of objects in their own order, as Python's dictionaries have them; it shows where
  /// a template writes a whole object (`tool | tojson`).
  std::string render_ordered(const nlohmann::ordered_json& variables) const;

 private:
  struct Program;
  std::unique_ptr<Program> program_;
};

/// Text of a built-in template: "chatml", "llama-2", "alpaca", "vicuna", "zephyr". Throws kUsage with the
/// nearest name otherwise.
std::string builtin_chat_template(const std::string& name);

}  // namespace everform
