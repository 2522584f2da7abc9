// Checks of a tokenizer that anybody can run on the spot.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "everform/core/base/check_count.h"
#include "everform/core/base/random.h"
#include "everform/core/text/tokenizer.h"
#include "everform/domains/language/reference_answers.h"

namespace everform {

/// A random valid UTF-8 text of up to `characters` code points: runs of ASCII, spaces, digits, Latin, CJK,
/// emoji, controls.
std::string random_utf8(RandomStream& random, std::size_t characters);

/// The bytes that a vocabulary can spell on their own. A byte-level vocabulary should have all 256; those
/// that were pruned to the bytes of their training text lack some.
std::array<bool, 256> spelled_bytes(const Tokenizer& tokenizer);

/// decode(encode(x)) == x for random valid texts whose bytes the vocabulary has.
CheckCount check_text_round_trip(const Tokenizer& tokenizer, std::uint64_t seed, std::size_t texts);

/// What a byte-level vocabulary does with bytes that are no UTF-8: each that it has is kept as it is, each
/// that it lacks is left out when the ids are decoded; nothing else changes.
CheckCount check_any_bytes(const Tokenizer& tokenizer, std::uint64_t seed, std::size_t texts);

/// The text's ids, one check each.
CheckCount check_frozen_ids(const Tokenizer& tokenizer, const FrozenEncoding& expected);

/// A special token spelled in a text stays text, decodes to itself, and becomes one id only where specials
/// are asked for.
CheckCount check_specials_stay_text(const Tokenizer& tokenizer, const std::string& special);

}  // namespace everform
