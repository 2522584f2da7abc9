#include "everform/core/decoding/engine/kv_policy.h"

#include "everform/core/base/error.h"

namespace everform {
namespace {

class KeepAll final : public KvPolicy {
 public:
  std::string name() const override { return "full"; }
  std::size_t first_seen(std::size_t /*position*/) const override { return 0; }
};

class Window final : public KvPolicy {
 public:
  explicit Window(std::size_t positions) : positions_(positions) {}
  std::string name() const override { return "window"; }
  std::size_t first_seen(std::size_t position) const override {
    return position + 1 > positions_ ? position + 1 - positions_ : 0;
  }

 private:
  std::size_t positions_;
};

}  // namespace

std::shared_ptr<const KvPolicy> keep_all_policy() {
  return std::make_shared<KeepAll>();
}

std::shared_ptr<const KvPolicy> window_policy(std::size_t positions) {
  if (positions == 0) {
    throw Error(ErrorKind::kUsage, "choosing what the cache keeps", "a window of 0 tokens holds nothing");
  }
  return std::make_shared<Window>(positions);
}

}  // namespace everform
