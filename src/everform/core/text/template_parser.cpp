#include "everform/core/text/template_parser.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace everform::templates {

bool TokenReader::skip_operator(const char* text) {
  const bool found = peek().is_operator(text);
  at_ += found ? 1 : 0;
  return found;
}

bool TokenReader::skip_name(const char* name) {
  const bool found = peek().is_name(name);
  at_ += found ? 1 : 0;
  return found;
}

void TokenReader::expect_operator(const char* text) {
  if (!skip_operator(text)) {
    fail(std::string(text) + " is expected, not " + described());
  }
}

std::string TokenReader::expect_name() {
  if (peek().kind != Token::Kind::kName) {
    fail("a name is expected, not " + described());
  }
  return next().text;
}

void TokenReader::expect(Token::Kind kind) {
  if (peek().kind != kind) {
    fail(std::string(kind == Token::Kind::kBlockEnd ? "%}" : "}}") + " is expected, not " + described());
  }
  next();
}

void TokenReader::fail(const std::string& message) const {
  fail_at(peek().offset, message);
}

void TokenReader::fail_at(std::size_t offset, const std::string& message) const {
  fail_to_parse(source_, offset, message);
}

std::string TokenReader::described() const {
  switch (peek().kind) {
    case Token::Kind::kEnd:
      return "the template's end";
    case Token::Kind::kVariableEnd:
      return "}}";
    case Token::Kind::kBlockEnd:
      return "%}";
    case Token::Kind::kString:
      return "a string";
    default:
      return peek().text;
  }
}

namespace {

using Kind = Token::Kind;

class TemplateParser {
 public:
  TemplateParser(const std::string& source, const TemplateLimits& limits)
      : tokens_(source, lex_template(source)), expressions_(tokens_, limits.depth), limits_(limits) {}

  Body parse() {
    Body body = parse_body({});
    if (tokens_.peek().kind != Kind::kEnd) {
      tokens_.fail("this closes nothing that is open");
    }
    return body;
  }

 private:
  using Names = std::initializer_list<const char*>;

  bool at_block(Names names) const {
    return tokens_.peek().kind == Kind::kBlockBegin &&
           std::any_of(names.begin(), names.end(),
                       [&](const char* name) { return tokens_.peek(1).is_name(name); });
  }

  // Statements up to a block with one of the names, which is left unread.
  Body parse_body(Names ends) {
    const NestingGuard guard(tokens_, depth_, limits_.depth);
    Body body;
    while (tokens_.peek().kind != Kind::kEnd && !at_block(ends)) {
      const std::size_t offset = tokens_.peek().offset;
      if (tokens_.peek().kind == Kind::kData) {
        body.push_back({offset, TextStatement{tokens_.next().text}});
      } else if (tokens_.peek().kind == Kind::kVariableBegin) {
        tokens_.next();
        PrintStatement print{expressions_.parse_tuple()};
        tokens_.expect(Kind::kVariableEnd);
        body.push_back({offset, std::move(print)});
      } else {
        body.push_back(parse_block());
      }
    }
    return body;
  }

  // The body of a block with names of its own, and its closing block {% end %}.
  Body parse_scope(const char* end, std::size_t offset) {
    ++scopes_;
    Body body = parse_body({end});
    --scopes_;
    close(end, offset);
    return body;
  }

  void close(const char* end, std::size_t offset) {
    if (tokens_.peek().kind == Kind::kEnd) {
      tokens_.fail_at(offset, std::string("{% ") + end + " %} is missing");
    }
    tokens_.next();
    tokens_.next();
    tokens_.expect(Kind::kBlockEnd);
  }

  Statement parse_block() {
    const std::size_t offset = tokens_.next().offset;
    const Token name = tokens_.peek();
    tokens_.expect_name();
    if (name.text == "if") {
      return {offset, parse_if(offset)};
    }
    if (name.text == "for") {
      return {offset, parse_for(offset)};
    }
    if (name.text == "set") {
      return parse_set(offset);
    }
    if (name.text == "macro") {
      if (scopes_ > 0) {
        tokens_.fail_at(
            name.offset,
            "a macro inside of a loop, a macro or another block with names of its own is not supported");
      }
      return {offset, parse_macro(offset)};
    }
    if (name.text == "generation") {
      tokens_.expect(Kind::kBlockEnd);
      return {offset, GenerationStatement{parse_scope("endgeneration", offset)}};
    }
    if ((name.text == "break" || name.text == "continue") && loops_ > 0) {
      tokens_.expect(Kind::kBlockEnd);
      return name.text == "break" ? Statement{offset, BreakStatement{}}
                                  : Statement{offset, ContinueStatement{}};
    }
    tokens_.fail_at(name.offset, "the block " + name.text + " is not supported here");
  }

  IfStatement parse_if(std::size_t offset) {
    IfStatement form;
    do {
      ExpressionPtr condition = expressions_.parse_tuple(false);
      tokens_.expect(Kind::kBlockEnd);
      form.branches.emplace_back(std::move(condition), parse_body({"elif", "else", "endif"}));
    } while (begin_clause("elif"));
    if (begin_clause("else")) {
      tokens_.expect(Kind::kBlockEnd);
      form.otherwise = parse_body({"endif"});
    }
    close("endif", offset);
    return form;
  }

  bool begin_clause(const char* name) {
    if (!at_block({name})) {
      return false;
    }
    tokens_.next();
    tokens_.next();
    return true;
  }

  ForStatement parse_for(std::size_t offset) {
    ForStatement form;
    form.target = parse_target(false);
    if (!tokens_.skip_name("in")) {
      tokens_.fail("in is expected, not " + tokens_.described());
    }
    form.items = expressions_.parse_tuple(false);
    if (tokens_.skip_name("if")) {
      form.condition = expressions_.parse();
    }
    if (tokens_.peek().is_name("recursive")) {
      tokens_.fail("a recursive loop is not supported");
    }
    tokens_.expect(Kind::kBlockEnd);
    ++scopes_;
    ++loops_;
    form.body = parse_body({"else", "endfor"});
    --loops_;
    if (begin_clause("else")) {
      tokens_.expect(Kind::kBlockEnd);
      form.otherwise = parse_body({"endfor"});
    }
    --scopes_;
    close("endfor", offset);
    return form;
  }

  // name, or name.attribute where `attributes`, or names with commas between.
  Target parse_target(bool attributes) {
    Target target;
    const bool parenthesis = tokens_.skip_operator("(");
    do {
      if (target.unpack && (tokens_.peek().is_operator(")") || tokens_.peek().is_name("in"))) {
        break;
      }
      const std::size_t offset = tokens_.peek().offset;
      target.names.push_back(tokens_.expect_name());
      static const Names kReserved = {"loop", "true", "false", "none", "True", "False", "None"};
      for (const char* reserved : kReserved) {
        if (target.names.back() == reserved) {
          tokens_.fail_at(offset, std::string(reserved) + " cannot be set");
        }
      }
      target.unpack = target.unpack || tokens_.peek().is_operator(",");
    } while (tokens_.skip_operator(","));
    if (parenthesis) {
      tokens_.expect_operator(")");
    }
    if (attributes && !target.unpack && tokens_.skip_operator(".")) {
      target.attribute = tokens_.expect_name();
    }
    return target;
  }

  Statement parse_set(std::size_t offset) {
    Target target = parse_target(true);
    if (tokens_.skip_operator("=")) {
      SetStatement form{std::move(target), expressions_.parse_tuple()};
      tokens_.expect(Kind::kBlockEnd);
      return {offset, std::move(form)};
    }
    SetBlockStatement form;
    form.target = std::move(target);
    form.filters = expressions_.parse_filters();
    tokens_.expect(Kind::kBlockEnd);
    form.body = parse_scope("endset", offset);
    return {offset, std::move(form)};
  }

  MacroStatement parse_macro(std::size_t offset) {
    MacroStatement form;
    form.name = tokens_.expect_name();
    tokens_.expect_operator("(");
    while (!tokens_.skip_operator(")")) {
      std::string name = tokens_.expect_name();
      ExpressionPtr value = tokens_.skip_operator("=") ? expressions_.parse() : nullptr;
      if (!value && !form.parameters.empty() && form.parameters.back().second) {
        tokens_.fail("a parameter without default follows one with a default");
      }
      form.parameters.emplace_back(std::move(name), std::move(value));
      if (!tokens_.peek().is_operator(")")) {
        tokens_.expect_operator(",");
      }
    }
    tokens_.expect(Kind::kBlockEnd);
    const std::size_t loops = std::exchange(loops_, 0);
    form.body = parse_scope("endmacro", offset);
    loops_ = loops;
    return form;
  }

  TokenReader tokens_;
  ExpressionParser expressions_;
  TemplateLimits limits_;
  std::size_t depth_ = 0;
  std::size_t scopes_ = 0;  // blocks with names of their own around here
  std::size_t loops_ = 0;   // that a break could leave
};

}  // namespace

Body parse_template(const std::string& source, const TemplateLimits& limits) {
  return TemplateParser(source, limits).parse();
}

}  // namespace everform::templates
