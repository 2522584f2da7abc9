// How deep an expression's tree is below its root.
#pragma once

#include <cstddef>

#include "everform/core/text/template_syntax.h"

namespace everform::templates {

/// The depth of the deepest operand, 0 where there is none.
std::size_t depth_below(const Literal& form);
std::size_t depth_below(const Name& form);
std::size_t depth_below(const Attribute& form);
std::size_t depth_below(const Item& form);
std::size_t depth_below(const Slice& form);
std::size_t depth_below(const Call& form);
std::size_t depth_below(const Filter& form);
std::size_t depth_below(const Test& form);
std::size_t depth_below(const Unary& form);
std::size_t depth_below(const Binary& form);
std::size_t depth_below(const Concatenation& form);
std::size_t depth_below(const Conditional& form);
std::size_t depth_below(const ListDisplay& form);
std::size_t depth_below(const Compare& form);
std::size_t depth_below(const DictDisplay& form);

}  // namespace everform::templates
