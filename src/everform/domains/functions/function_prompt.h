// In-context problems as text, for language models.
#pragma once

#include <string>

#include "everform/domains/functions/labelled_sequence.h"

namespace everform::functions {

/// What a conversation with a chat model begins with.
extern const char* const kFunctionSystemLine;
/// What the task is, in one line.
extern const char* const kFunctionInstruction;

/// One labelled example: "Input: 0 1 1 0 1\nLabel: 1\n\n".
std::string example_text(const LabelledSequence& sequence, int index);
/// The point at `index` without its label: "Input: 0 1 1 0 1\nLabel:"; the answer is " 0" or " 1".
std::string query_text(const LabelledSequence& sequence, int index);
/// Instruction, the first `index` examples, and the query.
std::string function_prompt(const LabelledSequence& sequence, int index);

}  // namespace everform::functions
