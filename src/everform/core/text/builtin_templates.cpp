// Chat formats that models without a template of their own were tuned on, as templates.
#include <map>
#include <string>
#include <vector>

#include "everform/core/base/error.h"
#include "everform/core/recipes/nearest_name.h"
#include "everform/core/text/chat_template.h"

namespace everform {
namespace {

// <|im_start|>role, the text, <|im_end|>.
constexpr const char* kChatMl = R"({% for message in messages %}
{{ '<|im_start|>' ~ message.role ~ '\n' ~ message.content ~ '<|im_end|>\n' }}
{%- endfor %}
{% if add_generation_prompt %}
{{ '<|im_start|>assistant\n' }}
{%- endif %})";

// Each turn of the user in [INST] [/INST] after a beginning token; the system's text goes into the first.
constexpr const char* kLlama2 = R"({% set system = '' %}
{% if messages and messages[0].role == 'system' %}
{% set system = '<<SYS>>\n' ~ messages[0].content ~ '\n<</SYS>>\n\n' %}
{% set messages = messages[1:] %}
{% endif %}
{% for message in messages %}
{% if (message.role == 'user') != (loop.index0 % 2 == 0) %}
{{ raise_exception('user and assistant must take turns') }}
{% elif message.role == 'user' %}
{{ bos_token ~ '[INST] ' ~ (system if loop.first else '') ~ message.content | trim ~ ' [/INST]' }}
{%- elif message.role == 'assistant' %}
{{ ' ' ~ message.content | trim ~ ' ' ~ eos_token }}
{%- else %}
{{ raise_exception('there are system, user and assistant, not ' ~ message.role) }}
{% endif %}
{% endfor %})";

// Wang et al.'s and Taori et al.'s format for single instructions.
constexpr const char* kAlpaca = R"({% if messages and messages[0].role == 'system' %}
{{ messages[0].content | trim ~ '\n\n' }}
{%- set messages = messages[1:] %}
{% else %}
{{ 'Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n' }}
{%- endif %}
{% for message in messages %}
{% if message.role == 'user' %}
{{ '### Instruction:\n' ~ message.content | trim ~ '\n\n' }}
{%- elif message.role == 'assistant' %}
{{ '### Response:\n' ~ message.content | trim ~ eos_token ~ '\n\n' }}
{%- else %}
{{ raise_exception('there are system, user and assistant, not ' ~ message.role) }}
{% endif %}
{% endfor %}
{% if add_generation_prompt %}
{{ '### Response:\n' }}
{%- endif %})";

// Vicuna 1.1: USER: and ASSISTANT: on one line.
constexpr const char* kVicuna = R"({% if messages and messages[0].role == 'system' %}
{{ messages[0].content | trim }}
{%- set messages = messages[1:] %}
{% else %}
{{ "A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, detailed, and polite answers to the user's questions." }}
{%- endif %}
{% for message in messages %}
{% if message.role == 'user' %}
{{ ' USER: ' ~ message.content | trim }}
{%- elif message.role == 'assistant' %}
{{ ' ASSISTANT: ' ~ message.content | trim ~ eos_token }}
{%- else %}
{{ raise_exception('there are system, user and assistant, not ' ~ message.role) }}
{% endif %}
{% endfor %}
{% if add_generation_prompt %}
{{ ' ASSISTANT:' }}
{%- endif %})";

// <|role|>, the text, an end token.
constexpr const char* kZephyr = R"({% for message in messages %}
{{ '<|' ~ message.role ~ '|>\n' ~ message.content ~ eos_token ~ '\n' }}
{%- endfor %}
{% if add_generation_prompt %}
{{ '<|assistant|>\n' }}
{%- endif %})";

}  // namespace

std::string builtin_chat_template(const std::string& name) {
  static const std::map<std::string, const char*> kTemplates = {{"chatml", kChatMl},
                                                                {"llama-2", kLlama2},
                                                                {"alpaca", kAlpaca},
                                                                {"vicuna", kVicuna},
                                                                {"zephyr", kZephyr}};
  const auto found = kTemplates.find(name);
  if (found != kTemplates.end()) {
    return found->second;
  }
  std::vector<std::string> names;
  for (const auto& [known, text] : kTemplates) {
    names.push_back(known);
  }
  throw Error(ErrorKind::kUsage, "choosing a chat template", "there is no built-in template " + name,
              suggestion(name, names));
}

}  // namespace everform
