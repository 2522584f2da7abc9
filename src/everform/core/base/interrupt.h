// Ctrl-C as a question that long work asks between its steps.
#pragma once

namespace everform {

/// Makes SIGINT and SIGTERM set a flag; a second one ends the process at once.
void install_interrupt_handler();
bool interrupted();
/// Forgets an interrupt that was dealt with.
void clear_interrupt();
/// Throws Error{kInterrupted} once the flag is set. @param where what was being done
void throw_if_interrupted(const char* where);

}  // namespace everform
