#include "everform/core/text/template_syntax_depth.h"

#include <algorithm>
#include <initializer_list>

namespace everform::templates {
namespace {

std::size_t depth_of(const ExpressionPtr& child) {
  return child ? child->depth : 0;
}

std::size_t deepest(std::initializer_list<const ExpressionPtr*> children) {
  std::size_t depth = 0;
  for (const ExpressionPtr* child : children) {
    depth = std::max(depth, depth_of(*child));
  }
  return depth;
}
std::size_t deepest(const std::vector<ExpressionPtr>& children) {
  std::size_t depth = 0;
  for (const ExpressionPtr& child : children) {
    depth = std::max(depth, child->depth);
  }
  return depth;
}
std::size_t deepest(const ArgumentExpressions& arguments) {
  std::size_t depth = deepest(arguments.positional);
  for (const auto& [name, value] : arguments.named) {
    depth = std::max(depth, value->depth);
  }
  return depth;
}

}  // namespace

std::size_t depth_below(const Literal& /*form*/) {
  return 0;
}
std::size_t depth_below(const Name& /*form*/) {
  return 0;
}
std::size_t depth_below(const Attribute& form) {
  return depth_of(form.subject);
}
std::size_t depth_below(const Item& form) {
  return deepest({&form.subject, &form.index});
}
std::size_t depth_below(const Slice& form) {
  return deepest({&form.subject, &form.begin, &form.end, &form.step});
}
std::size_t depth_below(const Call& form) {
  return std::max(depth_of(form.function), deepest(form.arguments));
}
std::size_t depth_below(const Filter& form) {
  return std::max(depth_of(form.subject), deepest(form.arguments));
}
std::size_t depth_below(const Test& form) {
  return std::max(depth_of(form.subject), deepest(form.arguments));
}
std::size_t depth_below(const Unary& form) {
  return depth_of(form.operand);
}
std::size_t depth_below(const Binary& form) {
  return deepest({&form.left, &form.right});
}
std::size_t depth_below(const Concatenation& form) {
  return deepest(form.parts);
}
std::size_t depth_below(const Conditional& form) {
  return deepest({&form.condition, &form.value, &form.otherwise});
}
std::size_t depth_below(const ListDisplay& form) {
  return deepest(form.items);
}
std::size_t depth_below(const Compare& form) {
  std::size_t depth = depth_of(form.first);
  for (const auto& [comparison, value] : form.rest) {
    depth = std::max(depth, value->depth);
  }
  return depth;
}
std::size_t depth_below(const DictDisplay& form) {
  std::size_t depth = 0;
  for (const auto& [key, value] : form.entries) {
    depth = std::max({depth, key->depth, value->depth});
  }
  return depth;
}

}  // namespace everform::templates
