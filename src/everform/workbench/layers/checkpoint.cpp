#include "everform/workbench/layers/checkpoint.h"

#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <utility>

#include "everform/workbench/layers/autocast.h"

namespace everform {

namespace {

using Body = std::function<torch::Tensor(const std::vector<torch::Tensor>&)>;

/// What backward needs to run the body again, held by the graph.
struct Recipe : torch::CustomClassHolder {
  Body body;
  at::DeviceType device = at::kCPU;
  bool autocast = false;
  at::ScalarType autocast_type = at::kBFloat16;
};

class Checkpoint : public torch::autograd::Function<Checkpoint> {
 public:
  /// @param anchor a tensor that needs a gradient, so that backward is called even where no input does
  static torch::Tensor forward(torch::autograd::AutogradContext* context,
                               const c10::intrusive_ptr<Recipe>& recipe, at::TensorList inputs,
                               const torch::Tensor& anchor) {
    (void)anchor;
    context->save_for_backward(inputs.vec());
    context->saved_data["recipe"] = c10::IValue::make_capsule(recipe);
    torch::Tensor y = recipe->body(inputs.vec());
    // A body that hands back an input must not make the graph's output its own input.
    for (const torch::Tensor& input : inputs) {
      if (input.is_same(y)) {
        return y.clone();
      }
    }
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto capsule = context->saved_data["recipe"].toCapsule();
    const auto* recipe = dynamic_cast<const Recipe*>(capsule.get());
    std::vector<torch::Tensor> inputs;
    for (const torch::Tensor& saved : context->get_saved_variables()) {
      inputs.push_back(saved.detach().requires_grad_(saved.requires_grad()));
    }
    torch::Tensor y;
    {
      const torch::AutoGradMode record(true);
      const AutocastScope autocast(recipe->device, recipe->autocast, recipe->autocast_type);
      y = recipe->body(inputs);
    }
    torch::autograd::backward({y}, {gradients[0]});
    torch::autograd::variable_list out;
    out.emplace_back();  // the recipe
    for (const torch::Tensor& input : inputs) {
      out.push_back(input.grad());
    }
    out.emplace_back();  // the anchor
    return out;
  }
};

}  // namespace

torch::Tensor checkpointed(const Body& body, const std::vector<torch::Tensor>& inputs) {
  if (!at::GradMode::is_enabled()) {
    return body(inputs);
  }
  // Autograd's functions take defined tensors alone.
  std::vector<torch::Tensor> defined;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].defined()) {
      defined.push_back(inputs[i]);
      places.push_back(i);
    }
  }
  auto recipe = c10::make_intrusive<Recipe>();
  recipe->body = [body, places, count = inputs.size()](const std::vector<torch::Tensor>& given) {
    std::vector<torch::Tensor> all(count);
    for (std::size_t i = 0; i < places.size(); ++i) {
      all[places[i]] = given[i];
    }
    return body(all);
  };
  recipe->device = defined.empty() ? at::kCPU : defined.front().device().type();
  recipe->autocast = at::autocast::is_autocast_enabled(recipe->device);
  recipe->autocast_type = at::autocast::get_autocast_dtype(recipe->device);
  const torch::Tensor anchor = torch::empty({0}).requires_grad_(true);
  return Checkpoint::apply(recipe, at::TensorList(defined), anchor);
}

}  // namespace everform
