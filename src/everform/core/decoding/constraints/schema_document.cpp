// The document as a whole: its size, and where references lead.
#include <algorithm>
#include <cctype>

#include "everform/core/base/error.h"
#include "everform/core/base/utf8.h"
#include "everform/core/decoding/constraints/schema_facts.h"

namespace everform::constraints {
namespace {

template <typename Json>
void check_size(const Json& document) {
  std::vector<std::pair<const Json*, std::size_t>> open = {{&document, 1}};
  std::size_t values = 0;
  const auto check_text = [](const std::string& text) {
    if (find_invalid_utf8(text) != std::string::npos) {
      refuse_schema("#", "it holds a text that is no UTF-8: \"" + printable(text, 60) + "\"");
    }
  };
  while (!open.empty()) {
    const auto [value, depth] = open.back();
    open.pop_back();
    if (++values > SchemaDocument::kMaxValues) {
      refuse_schema("#", "it has more than " + std::to_string(SchemaDocument::kMaxValues) + " values");
    }
    if (depth > SchemaDocument::kMaxDepth) {
      refuse_schema("#", "it is nested more than " + std::to_string(SchemaDocument::kMaxDepth) + " deep",
                    "use $defs and $ref");
    }
    if (value->is_string()) {
      check_text(value->template get_ref<const std::string&>());
    } else if (value->is_object()) {
      for (const auto& [key, member] : value->items()) {
        check_text(key);
        open.push_back({&member, depth + 1});
      }
    } else if (value->is_array()) {
      for (const Json& item : *value) {
        open.push_back({&item, depth + 1});
      }
    } else if (value->is_binary() || value->is_discarded()) {
      refuse_schema("#", "it is no JSON");
    }
  }
}

// A JSON pointer in a URI fragment ("#/$defs/a%20b").
std::string decode_pointer_token(const std::string& token, const std::string& path) {
  std::string text;
  for (std::size_t i = 0; i < token.size(); ++i) {
    const auto hex = [&](std::size_t at) {
      return at < token.size() && std::isxdigit(static_cast<unsigned char>(token[at])) != 0;
    };
    if (token[i] == '%' && hex(i + 1) && hex(i + 2)) {
      text += static_cast<char>(std::stoi(token.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else if (token[i] == '~') {
      const char next = i + 1 < token.size() ? token[i + 1] : '\0';
      if (next != '0' && next != '1') {
        refuse_schema(path, "a ~ in $ref that is neither ~0 nor ~1");
      }
      text += next == '0' ? '~' : '/';
      ++i;
    } else {
      text += token[i];
    }
  }
  return text;
}

}  // namespace

void refuse_schema(const std::string& path, const std::string& what, const std::string& hint) {
  throw Error(ErrorKind::kUsage, "reading the JSON schema", printable(path, 300) + ": " + what, hint);
}

void check_schema_size(const nlohmann::json& document) {
  check_size(document);
}
void check_schema_size(const SchemaJson& document) {
  check_size(document);
}

SchemaDocument::SchemaDocument(SchemaJson document) : document_(std::move(document)) {
  check_schema_size(document_);
}

SchemaPart resolve_schema_reference(const SchemaJson& document, const SchemaJson& reference,
                                    const std::string& path) {
  if (!reference.is_string()) {
    refuse_schema(path, "$ref is no text");
  }
  const std::string text = reference.get<std::string>();
  if (text.empty() || text[0] != '#' || (text.size() > 1 && text[1] != '/')) {
    refuse_schema(path, "$ref \"" + printable(text, 80) + "\" is no pointer into this schema",
                  "write it as \"#/$defs/name\"");
  }
  const SchemaJson* at = &document;
  for (std::size_t begin = 2; begin <= text.size() && text.size() > 1;) {
    const std::size_t end = std::min(text.find('/', begin), text.size());
    const std::string token = decode_pointer_token(text.substr(begin, end - begin), path);
    const SchemaJson* next = nullptr;
    if (at->is_object() && at->contains(token)) {
      next = &at->at(token);
    } else if (at->is_array() && !token.empty() && token.size() < 7 &&
               std::all_of(token.begin(), token.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
               std::stoul(token) < at->size()) {
      next = &at->at(std::stoul(token));
    }
    if (next == nullptr) {
      refuse_schema(path, "$ref \"" + printable(text, 80) + "\" leads nowhere");
    }
    at = next;
    begin = end + 1;
  }
  return {.schema = at, .path = text};
}

}  // namespace everform::constraints
