// The text of an SVG file: escaping and numbers. Deterministic on every machine and in every locale.
#pragma once

#include <string>
#include <string_view>

namespace everform {

/// `text` as character data or a quoted attribute: <, >, &, quotes are escaped; what XML 1.0 forbids (control
/// bytes, invalid UTF-8, U+FFFE, U+FFFF) becomes U+FFFD.
std::string svg_escape(std::string_view text);

/// A coordinate with at most `decimals` decimals and no trailing zeros ("12.5", "0"); never an exponent,
/// never "-0".
std::string svg_number(double value, int decimals = 2);

/// Rough width of `text` in pixels at `font_size` in the sans-serif fonts that browsers choose; for layout,
/// not for measuring.
double svg_text_width(std::string_view text, double font_size);

}  // namespace everform
