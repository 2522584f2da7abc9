// A chat template in tokens: Jinja's, with trim_blocks and lstrip_blocks set as transformers sets them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace everform::templates {

struct Token {
  enum class Kind {
    kData,           ///< text between tags, white space control applied
    kVariableBegin,  ///< {{
    kVariableEnd,
    kBlockBegin,  ///< {%
    kBlockEnd,
    kName,
    kString,  ///< text: with its escapes resolved
    kInteger,
    kFloat,
    kOperator,  ///< text: one of + - * / // % ** ~ ( ) [ ] { } == != < <= > >= = . , : | ;
    kEnd
  };
  Kind kind = Kind::kEnd;
  std::string text;
  std::size_t offset = 0;

  bool is(Kind wanted, const char* wanted_text) const { return kind == wanted && text == wanted_text; }
  bool is_operator(const char* wanted) const { return is(Kind::kOperator, wanted); }
  bool is_name(const char* wanted) const { return is(Kind::kName, wanted); }
};

/// Line ends become "\n", and one at the template's end is dropped, as Jinja does.
std::string normalize_template(const std::string& source);

/// Throws Error{kBadInput} with line and column. @param source normalized
std::vector<Token> lex_template(const std::string& source);

}  // namespace everform::templates
