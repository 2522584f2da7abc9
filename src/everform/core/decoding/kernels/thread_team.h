// A few threads that stay awake between the stages of one forward pass.
#pragma once

#include <cstddef>
#include <memory>

namespace everform {

/// Runs stages: a stage is a number of items, and every thread of the team takes the next free item until
/// none is left, so that a thread that the machine holds up delays no more than the item it has.
/// Waiting threads spin briefly for the next stage, then sleep. The caller works too; a team of one starts no
/// thread. One stage at a time: a caller from a second thread waits. A stage that a body starts runs in
/// place, on the thread of that body.
class ThreadTeam {
 public:
  explicit ThreadTeam(int threads);
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  int threads() const;

  /// Calls body(item) once for every item of [0, items), and returns when all are done. An exception of a
  /// body is thrown again here once no body runs any more.
  template <typename Body>
  void run(std::size_t items, const Body& body) {
    run_stage(
        items, [](const void* context, std::size_t item) { (*static_cast<const Body*>(context))(item); },
        &body);
  }

 private:
  using Call = void (*)(const void* context, std::size_t item);
  void run_stage(std::size_t items, Call call, const void* context);

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace everform
