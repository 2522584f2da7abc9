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
  const Form form = form_of(layout.type);
  if (form.code_bits == 8) {
    return std::to_integer<int>(panel[(block * 8 + group) * kCacheLine + byte]);
  }
  const int pair = std::to_integer<int>(panel[(block * 4 + group % 4) * kCacheLine + byte]);
  int code = group < 4 ? pair & 15 : pair >> 4;
  if (form.high_bits == 1) {
    const int bits = std::to_integer<int>(panel[layout.high + block * kCacheLine + byte]);
    code |= ((bits >> group) & 1) << 4;
  } else if (form.high_bits == 2) {
    const int bits = std::to_integer<int>(panel[layout.high + (block * 2 + group / 4) * kCacheLine + byte]);
    code |= ((bits >> (2 * (group % 4))) & 3) << 4;
  }
  return code;
}

void read_scales(const PanelLayout& layout, const std::byte* panel, std::size_t block, PanelBlock& out) {
  const ScaleBytes bytes = scale_bytes(layout.scale_kind);
  const std::byte* scales = panel + layout.scales + block * bytes.block;
  const std::byte* supers = panel + layout.supers + block / kSuperBlocks * bytes.super;
  for (std::size_t o = 0; o < kPanelOutputs; ++o) {
    float first = 0.0F;
    float second = 0.0F;
    float minimum = 0.0F;
    switch (layout.scale_kind) {
      case ScaleKind::kHalf:
        first = second = load_half(scales + 2 * o);
        break;
      case ScaleKind::kHalfPair:
        first = second = load_half(scales + 2 * o);
        minimum = load_half(scales + 2 * (kPanelOutputs + o));
        break;
      case ScaleKind::kSuperPair:
        first = second = load_half(supers + 2 * o) * byte_value(scales[o]);
        minimum = -(load_half(supers + 2 * (kPanelOutputs + o)) * byte_value(scales[kPanelOutputs + o]));
        break;
      case ScaleKind::kSuperHalf:
        first = load_half(supers + 2 * o) * static_cast<float>(load<std::int8_t>(scales + o));
        second =
            load_half(supers + 2 * o) * static_cast<float>(load<std::int8_t>(scales + kPanelOutputs + o));
        break;
      case ScaleKind::kNone:
        break;
    }
    out.scale[o] = {first, second};
    out.minimum[o] = minimum;
  }
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
  layout.high = round_up(round_up(inputs, 4) * kPanelOutputs * form.code_bits / 8, kCacheLine);
  layout.scales = layout.high + round_up(inputs * kPanelOutputs * form.high_bits / 8, kCacheLine);
  layout.supers = layout.scales + round_up(layout.blocks * bytes.block, kCacheLine);
  layout.panel_bytes = layout.supers + round_up(layout.blocks / kSuperBlocks * bytes.super, kCacheLine);
  return layout;
}

void read_panel_block(const PanelLayout& layout, const std::byte* panel, std::size_t block, PanelBlock& out) {
  for (std::size_t o = 0; o < kPanelOutputs; ++o) {
    for (std::size_t k = 0; k < kActivationBlock; ++k) {
      out.codes[o][k] = static_cast<std::int16_t>(code_at(layout, panel, block, o, k) - layout.code_offset);
    }
  }
  read_scales(layout, panel, block, out);
}

void read_panel_values(const PanelLayout& layout, const std::byte* panel, std::size_t block,
                       PanelValues& out) {
  if (layout.scale_kind == ScaleKind::kNone) {
    for (std::size_t k = 0; k < kActivationBlock; ++k) {
      const std::size_t input = block * kActivationBlock + k;
      for (std::size_t o = 0; o < kPanelOutputs; ++o) {
        out[k][o] = input < layout.inputs ? plain_value(layout, panel, o, input) : 0.0F;
      }
    }
    return;
  }
  PanelBlock read;
  read_panel_block(layout, panel, block, read);
  for (std::size_t k = 0; k < kActivationBlock; ++k) {
    for (std::size_t o = 0; o < kPanelOutputs; ++o) {
      out[k][o] =
          read.scale[o][k / (kActivationBlock / 2)] * static_cast<float>(read.codes[o][k]) + read.minimum[o];
    }
  }
}

}  // namespace everform
