#include "everform/core/io/stored_decoder.h"

#include <cstring>
#include <map>
#include <mutex>
#include <set>

#include "everform/core/base/error.h"
#include "everform/core/io/tensor_size.h"
#include "everform/core/recipes/nearest_name.h"

namespace everform {

namespace {

class StoredCheckpoint final : public DecoderCheckpoint {
 public:
  explicit StoredCheckpoint(StoredDecoder stored) : stored_(std::move(stored)) {
    for (const TensorView& tensor : stored_.store->tensors()) {
      views_[tensor.name] = &tensor;
    }
    std::set<std::string> used;
    for (const TensorPlace& place : stored_.map) {
      check(place);
      used.insert(place.stored);
      places_[place.canonical] = &place;
      names_.push_back(place.canonical);
    }
    for (const auto& [name, view] : views_) {
      if (!used.contains(name) && !stored_.ignores(name)) {
        fail("the tensor \"" + printable(name) + "\" belongs to nothing that its configuration describes");
      }
    }
  }

  const TransformerConfig& config() const override { return stored_.config; }
  const std::vector<std::string>& names() const override { return names_; }
  bool has(const std::string& canonical_name) const override { return places_.contains(canonical_name); }
  const std::filesystem::path& path() const override { return stored_.path; }
  const nlohmann::json& metadata() const override { return stored_.metadata; }

  TensorView tensor(const std::string& canonical_name) override {
    const TensorPlace& place = place_of(canonical_name);
    const TensorView& view = *views_.at(place.stored);
    return {canonical_name, view.type, place.shape,
            place.transposed ? turned(place, view) : rows(place, view)};
  }

  void release(const std::string& canonical_name) override {
    stored_.store->release(*views_.at(place_of(canonical_name).stored));
    const std::lock_guard lock(mutex_);
    memory_.erase(canonical_name);
  }

  ElementType type(const std::string& canonical_name) override {
    return views_.at(place_of(canonical_name).stored)->type;
  }

 private:
  std::string where() const { return "reading " + stored_.path.string(); }
  [[noreturn]] void fail(const std::string& problem) const {
    throw Error(ErrorKind::kBadInput, where(), problem);
  }

  const TensorPlace& place_of(const std::string& canonical_name) const {
    const auto found = places_.find(canonical_name);
    if (found == places_.end()) {
      throw Error(ErrorKind::kBadInput, where(), "there is no tensor " + printable(canonical_name),
                  suggestion(canonical_name, names_));
    }
    return *found->second;
  }

  void check(const TensorPlace& place) const {
    const auto found = views_.find(place.stored);
    if (found == views_.end()) {
      fail("the tensor \"" + place.stored + "\" is missing");
    }
    const TensorView& view = *found->second;
    if (view.shape != place.stored_shape) {
      fail("the tensor \"" + place.stored + "\" has shape " + shape_text(view.shape) +
           ", but its configuration needs " + shape_text(place.stored_shape));
    }
    const bool moved = place.transposed || (place.row && view.shape.size() == 1);
    if (!is_floating(view.type) && (!is_quantized(view.type) || moved)) {
      fail("the tensor \"" + place.stored + "\" has element type " + std::string(element_name(view.type)) +
           ", which holds no weights here");
    }
  }

  /// The rows of the canonical tensor: a view where they follow each other in the file, else gathered.
  std::span<const std::byte> rows(const TensorPlace& place, const TensorView& view) {
    if (!place.row) {
      return view.data;
    }
    const std::int64_t count = place.shape.front();
    const std::size_t bytes = view.data.size() / static_cast<std::size_t>(view.shape.front());
    const std::int64_t first = place.row(0);
    bool together = true;
    for (std::int64_t r = 1; r < count && together; ++r) {
      together = place.row(r) == first + r;
    }
    if (together) {
      return view.data.subspan(static_cast<std::size_t>(first) * bytes,
                               static_cast<std::size_t>(count) * bytes);
    }
    return owned(place.canonical, static_cast<std::size_t>(count) * bytes, [&](std::byte* out) {
      for (std::int64_t r = 0; r < count; ++r) {
        std::memcpy(out + static_cast<std::size_t>(r) * bytes,
                    view.data.data() + static_cast<std::size_t>(place.row(r)) * bytes, bytes);
      }
    });
  }

  /// Canonical [out, in] from stored [in, stored out].
  std::span<const std::byte> turned(const TensorPlace& place, const TensorView& view) {
    const auto element = static_cast<std::size_t>(block_bytes(view.type));
    const auto out_rows = static_cast<std::size_t>(place.shape[0]);
    const auto columns = static_cast<std::size_t>(place.shape[1]);
    const auto stored_width = static_cast<std::size_t>(view.shape[1]);
    return owned(place.canonical, out_rows * columns * element, [&](std::byte* out) {
      for (std::size_t r = 0; r < out_rows; ++r) {
        const std::size_t from =
            place.row ? static_cast<std::size_t>(place.row(static_cast<std::int64_t>(r))) : r;
        for (std::size_t c = 0; c < columns; ++c) {
          std::memcpy(out + (r * columns + c) * element,
                      view.data.data() + (c * stored_width + from) * element, element);
        }
      }
    });
  }

  template <typename Fill>
  std::span<const std::byte> owned(const std::string& name, std::size_t bytes, Fill fill) {
    const std::lock_guard lock(mutex_);
    std::vector<std::byte>& memory = memory_[name];
    if (memory.empty()) {
      memory.resize(bytes);
      fill(memory.data());
    }
    return memory;
  }

  StoredDecoder stored_;
  std::map<std::string, const TensorView*> views_;
  std::map<std::string, const TensorPlace*> places_;
  std::vector<std::string> names_;
  std::mutex mutex_;
  std::map<std::string, std::vector<std::byte>> memory_;
};

}  // namespace

std::unique_ptr<DecoderCheckpoint> make_checkpoint(StoredDecoder stored) {
  return std::make_unique<StoredCheckpoint>(std::move(stored));
}

}  // namespace everform
