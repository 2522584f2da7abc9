// How the process treats memory that it has freed.
#pragma once

namespace everform {

/// Keeps freed blocks of up to 32 MB for the next allocation instead of giving them back to the system, which
/// would hand out fresh zeroed pages for the same arrays in every training step. Call once at the start.
void keep_freed_memory();

}  // namespace everform
