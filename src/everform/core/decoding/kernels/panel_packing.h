// From the blocks of a file to panels.
#pragma once

#include <cstddef>
#include <span>

#include "everform/core/decoding/kernels/panel_layout.h"

namespace everform {

/// Fills one panel. @param rows the panel's outputs [1..16], each the whole stored row in the layout's type
/// @param panel [panel_bytes]
void pack_panel(const PanelLayout& layout, std::span<const std::byte* const> rows,
                std::span<std::byte> panel);

}  // namespace everform
