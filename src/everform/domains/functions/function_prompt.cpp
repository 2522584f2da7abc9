#include "everform/domains/functions/function_prompt.h"

namespace everform::functions {

const char* const kFunctionSystemLine = "You label inputs. Answer with one digit, 0 or 1, and nothing else.";
const char* const kFunctionInstruction =
    "A hidden rule gives each input of zeros and ones a label, 0 or 1. Find the rule from the examples and "
    "label the last input.";

std::string query_text(const LabelledSequence& sequence, int index) {
  std::string text = "Input:";
  for (int j = 0; j < sequence.dimensions; ++j) {
    text += ((sequence.points[static_cast<std::size_t>(index)] >> j) & 1U) != 0 ? " 1" : " 0";
  }
  return text + "\nLabel:";
}

std::string example_text(const LabelledSequence& sequence, int index) {
  return query_text(sequence, index) +
         (sequence.labels[static_cast<std::size_t>(index)] > 0 ? " 1\n\n" : " 0\n\n");
}

std::string function_prompt(const LabelledSequence& sequence, int index) {
  std::string text = std::string(kFunctionInstruction) + "\n\n";
  for (int i = 0; i < index; ++i) {
    text += example_text(sequence, i);
  }
  return text + query_text(sequence, index);
}

}  // namespace everform::functions
