#include "everform/core/decoding/kernels/panel_layout.h"

#include <algorithm>
#include <cstring>

#include "everform/core/decoding/kernels/cache_line_vector.h"

namespace everform {
namespace {

template <typename T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

float load_half(const std::byte* at) {
  return half_to_float(load<std::uint16_t>(at));
}

float byte_value(std::byte value) {
  return static_cast<float>(std::to_integer<int>(value));
}

struct Form {
  ScaleKind scale_kind;
  int code_offset;
  std::size_t code_bits;  // without the high bits
  std::size_t high_bits;
};

Form form_of(ElementType type) {
  switch (type) {
    case ElementType::kQ4_0:
      return {ScaleKind::kHalf, 8, 4, 0};
    case ElementType::kQ5_0:
      return {ScaleKind::kHalf, 16, 4, 1};
    case ElementType::kQ8_0:
      return {ScaleKind::kHalf, 128, 8, 0};
    case ElementType::kQ4_1:
      return {ScaleKind::kHalfPair, 0, 4, 0};
    case ElementType::kQ5_1:
      return {ScaleKind::kHalfPair, 0, 4, 1};
    case ElementType::kQ4_K:
      return {ScaleKind::kSuperPair, 0, 4, 0};
    case ElementType::kQ5_K:
      return {ScaleKind::kSuperPair, 0, 4, 1};
    case ElementType::kQ6_K:
      return {ScaleKind::kSuperHalf, 32, 4, 2};
    case ElementType::kF16:
    case ElementType::kBF16:
      return {ScaleKind::kNone, 0, 16, 0};
    default:
      return {ScaleKind::kNone, 0, 32, 0};
  }
}

// Bytes of the scales of one block and of one superblock.
struct ScaleBytes {
  std::size_t block;
  std::size_t super;
};

ScaleBytes scale_bytes(ScaleKind kind) {
  switch (kind) {
    case ScaleKind::kHalf:
      return {2 * kPanelOutputs, 0};
    case ScaleKind::kHalfPair:
      return {4 * kPanelOutputs, 0};
    case ScaleKind::kSuperPair:
      return {2 * kPanelOutputs, 4 * kPanelOutputs};
    case ScaleKind::kSuperHalf:
      return {2 * kPanelOutputs, 2 * kPanelOutputs};
    case ScaleKind::kNone:
      break;
  }
  return {0, 0};
}

int code_at(const PanelLayout& layout, const std::byte* panel, std::size_t block, std::size_t output,
            std::size_t input) {
  const std::size_t group = input / 4;
  const std::size_t byte = 4 * output + input % 4;
  const auto parts = layout.parts(panel, block);
  const std::byte* codes = parts.codes + byte;
  if (layout.code_bytes == 8 * kCacheLine) {
    return std::to_integer<int>(codes[group * kCacheLine]);
  }
  const int pair = std::to_integer<int>(codes[group % 4 * kCacheLine]);
  int code = group < 4 ? pair & 15 : pair >> 4;
  const std::byte* high = parts.high + byte;
  if (layout.high_bytes == kCacheLine) {
    code |= ((std::to_integer<int>(high[0]) >> group) & 1) << 4;
  } else if (layout.high_bytes == 2 * kCacheLine) {
    code |= ((std::to_integer<int>(high[group / 4 * kCacheLine]) >> (2 * (group % 4))) & 3) << 4;
  }
  return code;
}

struct OutputScale {
  std::array<float, 2> scale;
  float minimum = 0.0F;
};

OutputScale scale_at(const PanelLayout& layout, const std::byte* panel, std::size_t block,
                     std::size_t output) {
  const auto parts = layout.parts(panel, block);
  const std::byte* scales = parts.scales;
  const std::byte* supers = parts.supers;
  const auto both = [](float scale, float minimum) { return OutputScale{{scale, scale}, minimum}; };
  switch (layout.scale_kind) {
    case ScaleKind::kHalf:
      return both(load_half(scales + 2 * output), 0.0F);
    case ScaleKind::kHalfPair:
      return both(load_half(scales + 2 * output), load_half(scales + 2 * (kPanelOutputs + output)));
    case ScaleKind::kSuperPair:
      return both(
          load_half(supers + 2 * output) * byte_value(scales[output]),
          -(load_half(supers + 2 * (kPanelOutputs + output)) * byte_value(scales[kPanelOutputs + output])));
    case ScaleKind::kSuperHalf: {
      const float super = load_half(supers + 2 * output);
      return {{super * static_cast<float>(load<std::int8_t>(scales + output)),
               super * static_cast<float>(load<std::int8_t>(scales + kPanelOutputs + output))},
              0.0F};
    }
    case ScaleKind::kNone:
      break;
  }
  return {};
}

float plain_value(const PanelLayout& layout, const std::byte* panel, std::size_t output, std::size_t input) {
  switch (layout.type) {
    case ElementType::kF16:
      return load_half(panel + 2 * (input * kPanelOutputs + output));
    case ElementType::kBF16:
      return bfloat16_to_float(
          load<std::uint16_t>(panel + 2 * ((input / 2 * kPanelOutputs + output) * 2 + input % 2)));
    default:
      return load<float>(panel + 4 * (input * kPanelOutputs + output));
  }
}

// The first weights of one output's block.
void read_values(const PanelLayout& layout, const std::byte* panel, std::size_t block, std::size_t output,
                 std::span<float> out) {
  if (layout.scale_kind == ScaleKind::kNone) {
    for (std::size_t k = 0; k < out.size(); ++k) {
      out[k] = plain_value(layout, panel, output, block * kActivationBlock + k);
    }
    return;
  }
  const OutputScale scale = scale_at(layout, panel, block, output);
  for (std::size_t k = 0; k < out.size(); ++k) {
    const int code = code_at(layout, panel, block, output, k) - layout.code_offset;
    out[k] = scale.scale[k / (kActivationBlock / 2)] * static_cast<float>(code) + scale.minimum;
  }
}

}  // namespace

bool has_panel_layout(ElementType type) {
  return type == ElementType::kF32 || form_of(type).code_bits < 32;
}

PanelLayout make_panel_layout(ElementType type, std::size_t outputs, std::size_t inputs) {
  const Form form = form_of(type);
  const ScaleBytes bytes = scale_bytes(form.scale_kind);
  PanelLayout layout;
  layout.type = type;
  layout.scale_kind = form.scale_kind;
  layout.code_offset = form.code_offset;
  layout.outputs = outputs;
  layout.inputs = inputs;
  layout.blocks = round_up(inputs, kActivationBlock) / kActivationBlock;
  if (form.scale_kind == ScaleKind::kNone) {
    layout.panel_bytes = round_up(round_up(inputs, 4) * kPanelOutputs * form.code_bits / 8, kCacheLine);
    return layout;
  }
  // 32 inputs of 16 outputs: a line for each bit.
  layout.code_bytes = form.code_bits * kCacheLine;
  layout.high_bytes = form.high_bits * kCacheLine;
  layout.scale_bytes = bytes.block;
  layout.super_bytes = bytes.super;
  layout.record_blocks = record_blocks_of(form.scale_kind);
  const std::size_t block_bytes = layout.code_bytes + layout.high_bytes + layout.scale_bytes;
  layout.record_bytes = round_up(layout.record_blocks * block_bytes + layout.super_bytes, kCacheLine);
  layout.panel_bytes = layout.blocks / layout.record_blocks * layout.record_bytes +
                       round_up(layout.blocks % layout.record_blocks * block_bytes, kCacheLine);
  return layout;
}

void read_panel_block(const PanelLayout& layout, const std::byte* panel, std::size_t block, PanelBlock& out) {
  for (std::size_t o = 0; o < kPanelOutputs; ++o) {
    for (std::size_t k = 0; k < kActivationBlock; ++k) {
      out.codes[o][k] = static_cast<std::int16_t>(code_at(layout, panel, block, o, k) - layout.code_offset);
    }
    const OutputScale scale = scale_at(layout, panel, block, o);
    out.scale[o] = scale.scale;
    out.minimum[o] = scale.minimum;
  }
}

void read_panel_values(const PanelLayout& layout, const std::byte* panel, std::size_t block,
                       PanelValues& out) {
  const std::size_t first = block * kActivationBlock;
  const std::size_t count = std::min(kActivationBlock, layout.inputs - first);
  for (std::size_t o = 0; o < kPanelOutputs; ++o) {
    std::array<float, kActivationBlock> values = {};
    read_values(layout, panel, block, o, std::span(values).first(count));
    for (std::size_t k = 0; k < kActivationBlock; ++k) {
      out[k][o] = values[k];
    }
  }
}

void read_panel_row(const PanelLayout& layout, const std::byte* panel, std::size_t output,
                    std::span<float> out) {
  for (std::size_t block = 0; block < layout.blocks; ++block) {
    const std::size_t first = block * kActivationBlock;
    const std::size_t count = std::min(kActivationBlock, layout.inputs - first);
    read_values(layout, panel, block, output, out.subspan(first, count));
  }
}

}  // namespace everform
