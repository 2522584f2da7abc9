// Chat templates: parser, evaluator and library. The data are a template and, after a NUL, its variables as
// JSON; without them a small conversation is given.
#include <cstdint>
#include <string>

#include "everform/core/base/error.h"
#include "everform/core/text/chat_template.h"

namespace {

nlohmann::ordered_json conversation() {
  return nlohmann::ordered_json::parse(R"({
    "messages": [{"role": "system", "content": " Be brief.\n"},
                 {"role": "user", "content": "Stra\u00dfe \u6771 \"x\" <a>"},
                 {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "f", "arguments": {"n": 1.5}}}]},
                 {"role": "tool", "content": "3"}],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
    "add_generation_prompt": true, "bos_token": "<s>", "eos_token": "</s>",
    "a": 3, "b": -7, "f": 2.5, "s": "Hello World", "l": [1, "x", null, true, 2.5, [1, 2]], "d": {"k": 1, "z": "v"}, "n": null})");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = input.find('\0');
  // Small limits keep a run short; they are the same code as large ones.
  const everform::TemplateLimits limits{.steps = 20'000, .depth = 64, .output_bytes = std::size_t{1} << 16};
  try {
    const everform::ChatTemplate chat(input.substr(0, end), limits);
    static const nlohmann::ordered_json usual = conversation();
    if (end == std::string::npos) {
      chat.render_ordered(usual);
    } else {
      chat.render_ordered(nlohmann::ordered_json::parse(input.substr(end + 1), nullptr, false));
    }
  } catch (const everform::Error&) {
    // Refusing is right; crashing, hanging and anything else thrown is not.
  }
  return 0;
}
