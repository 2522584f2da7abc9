#include "everform/workbench/training/network_job.h"

#include "everform/workbench/layers/init.h"

namespace everform {

void set_fresh_network(TrainingJob& job, const std::shared_ptr<Transformer>& network) {
  network->set_checkpoint_blocks(job.recipe.boolean("training.gradient_checkpointing"));
  initialise(*network, job.seed,
             {.deviation = job.recipe.number("model.initial_deviation"), .depth = network->config().depth});
  network->to(job.device);
  job.modules = {{"", network}};
}

}  // namespace everform
