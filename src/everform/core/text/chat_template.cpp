#include "everform/core/text/chat_template.h"

#include <utility>

#include "everform/core/base/error.h"
#include "everform/core/text/template_context.h"
#include "everform/core/text/template_evaluator.h"
#include "everform/core/text/template_parser.h"

namespace everform {

struct ChatTemplate::Program {
  std::string source;
  TemplateLimits limits;
  templates::Body body;

  template <typename Json>
  std::string render(const Json& variables) const {
    templates::Context context(source, limits);
    if (!variables.is_object()) {
      throw Error(ErrorKind::kFailed, "rendering the chat template", "its variables are no JSON object");
    }
    const templates::Value values = templates::from_json(context, variables);
    return templates::Evaluator(context, values).render(body);
  }
};

ChatTemplate::ChatTemplate(const std::string& source, TemplateLimits limits)
    : program_(std::make_unique<Program>()) {
  program_->source = templates::normalize_template(source);
  program_->limits = limits;
  program_->body = templates::parse_template(program_->source, limits);
}

ChatTemplate::~ChatTemplate() = default;
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;

std::string ChatTemplate::render(const nlohmann::json& variables) const {
  return program_->render(variables);
}
std::string ChatTemplate::render_ordered(const nlohmann::ordered_json& variables) const {
  return program_->render(variables);
}

}  // namespace everform
