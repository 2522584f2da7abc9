#include "everform/core/io/stored_form.h"

#include <cstring>
#include <map>
#include <memory>

#include "everform/core/io/quantize.h"
#include "everform/core/io/tensor_size.h"

namespace everform {

namespace {

/// Assembles one stored tensor from its canonical parts.
class Assembler {
 public:
  Assembler(DecoderCheckpoint& source, std::vector<TensorPlace> places, ElementType type)
      : source_(source), places_(std::move(places)), type_(type) {}

  std::span<const std::byte> assemble(std::vector<std::byte>& memory) const {
    const TensorPlace& first = places_.front();
    if (places_.size() == 1 && !first.transposed && !first.row) {
      const TensorView view = source_.tensor(first.canonical);
      if (view.type == type_) {
        return view.data;
      }
      memory = in_type(view);
      return memory;
    }
    memory.assign(static_cast<std::size_t>(tensor_bytes(type_, first.stored_shape, first.stored, "writing")),
                  std::byte{0});
    for (const TensorPlace& place : places_) {
      const TensorView view = source_.tensor(place.canonical);
      std::vector<std::byte> converted;
      std::span<const std::byte> data = view.data;
      if (view.type != type_) {
        converted = in_type(view);
        data = converted;
      }
      place.transposed ? scatter_transposed(place, data, memory) : scatter_rows(place, data, memory);
    }
    return memory;
  }

 private:
  std::vector<std::byte> in_type(const TensorView& view) const {
    return quantize(type_, read_float32(view), view.name);
  }

  static std::size_t stored_row(const TensorPlace& place, std::int64_t row) {
    return static_cast<std::size_t>(place.row ? place.row(row) : row);
  }

  static void scatter_rows(const TensorPlace& place, std::span<const std::byte> data,
                           std::vector<std::byte>& out) {
    const std::size_t bytes = data.size() / static_cast<std::size_t>(place.shape.front());
    for (std::int64_t r = 0; r < place.shape.front(); ++r) {
      std::memcpy(out.data() + stored_row(place, r) * bytes,
                  data.data() + static_cast<std::size_t>(r) * bytes, bytes);
    }
  }

  void scatter_transposed(const TensorPlace& place, std::span<const std::byte> data,
                          std::vector<std::byte>& out) const {
    const auto element = static_cast<std::size_t>(block_bytes(type_));
    const auto columns = static_cast<std::size_t>(place.shape[1]);
    const auto stored_width = static_cast<std::size_t>(place.stored_shape[1]);
    for (std::int64_t r = 0; r < place.shape[0]; ++r) {
      const std::size_t to = stored_row(place, r);
      for (std::size_t c = 0; c < columns; ++c) {
        std::memcpy(out.data() + (c * stored_width + to) * element,
                    data.data() + (static_cast<std::size_t>(r) * columns + c) * element, element);
      }
    }
  }

  DecoderCheckpoint& source_;
  std::vector<TensorPlace> places_;
  ElementType type_;
};

}  // namespace

std::vector<TensorToWrite> to_stored_form(DecoderCheckpoint& source, const TensorMap& map,
                                          const TypeChoice& choose) {
  std::vector<std::string> order;
  std::map<std::string, std::vector<TensorPlace>> groups;
  for (const TensorPlace& place : map) {
    std::vector<TensorPlace>& group = groups[place.stored];
    if (group.empty()) {
      order.push_back(place.stored);
    }
    group.push_back(place);
  }
  const auto memory = std::make_shared<std::vector<std::byte>>();
  std::vector<TensorToWrite> tensors;
  for (const std::string& name : order) {
    std::vector<TensorPlace>& group = groups[name];
    const TensorPlace& first = group.front();
    const StoredRole role = {first.canonical, first.stored_shape, source.type(first.canonical)};
    const ElementType type = choose(role);
    tensors.push_back({name, type, first.stored_shape, [assembler = Assembler(source, group, type), memory] {
                         return assembler.assemble(*memory);
                       }});
  }
  return tensors;
}

}  // namespace everform
