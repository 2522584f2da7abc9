#include "everform/core/text/template_context.h"

#include <algorithm>

#include "everform/core/base/error.h"

namespace everform::templates {
namespace {

constexpr std::size_t kTextBudget = 16;  // texts made in all, in output limits

}  // namespace

std::string place_in(const std::string& source, std::size_t offset) {
  std::size_t line = 1;
  std::size_t column = 1;
  for (std::size_t i = 0; i < std::min(offset, source.size()); ++i) {
    if (source[i] == '\n') {
      ++line;
      column = 1;
    } else if ((static_cast<unsigned char>(source[i]) & 0xc0) != 0x80) {
      ++column;
    }
  }
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

void fail_to_parse(const std::string& source, std::size_t offset, const std::string& message) {
  throw Error(ErrorKind::kBadInput, "reading the chat template, " + place_in(source, offset), message);
}

void Context::fail(const std::string& message) const {
  throw Error(ErrorKind::kFailed, "rendering the chat template, " + place_in(source_, offset_), message);
}

void Context::raise(const std::string& message) const {
  throw Error(ErrorKind::kFailed, "rendering the chat template, " + place_in(source_, offset_), message,
              "the template itself refuses these messages");
}

void Context::charge(std::size_t steps) {
  steps_ += steps;
  if (steps_ > limits_.steps) {
    fail("it takes more than " + std::to_string(limits_.steps) + " steps");
  }
}

void Context::allocate(std::size_t bytes) {
  bytes_ += bytes;
  if (bytes > limits_.output_bytes || bytes_ > kTextBudget * limits_.output_bytes) {
    fail("it makes texts of more than " + std::to_string(limits_.output_bytes) + " bytes");
  }
  read(bytes);
}

}  // namespace everform::templates
