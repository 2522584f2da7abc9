#include "everform/workbench/training/plan.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <system_error>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/base/log.h"
#include "everform/core/base/random.h"
#include "everform/workbench/training/run_folder.h"

namespace everform {
namespace {

constexpr const char* kKeyFile = "stage.json";

[[noreturn]] void fail(const std::string& what, const std::error_code& code) {
  throw Error(ErrorKind::kFailed, what, code.message(),
              "check the folder, its permissions and the free space");
}

/// A lock that ends with its process, whatever happens to it.
class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& path) {
    file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file_ < 0) {
      fail("locking " + path.string(), std::error_code(errno, std::generic_category()));
    }
    if (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
      log_info("waiting for another process that trains the same stage (" + path.string() + ")");
      while (::flock(file_, LOCK_EX) != 0 && errno == EINTR) {
      }
    }
  }
  ~FolderLock() { ::close(file_); }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int file_ = -1;
};

std::string hash_of(const nlohmann::json& key) {
  char text[24];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(fnv1a64(key.dump())));
  return text;
}

nlohmann::json stored_key(const std::filesystem::path& folder) {
  std::error_code code;
  if (!std::filesystem::exists(folder / kKeyFile, code)) {
    return nullptr;
  }
  return nlohmann::json::parse(read_file(folder / kKeyFile), nullptr, /*allow_exceptions=*/false);
}

// The run keeps what it needs of the stage, so that it can be moved or the store emptied.
void keep_copy(const std::filesystem::path& place, const std::filesystem::path& run,
               const std::string& name) {
  const std::filesystem::path kept = run / "stages" / name;
  std::error_code code;
  std::filesystem::create_directories(kept, code);
  for (const char* file : {"run/model.safetensors", "run/config.json", "run/recipe.toml", kKeyFile}) {
    const std::filesystem::path from = place / file;
    const std::filesystem::path partial = kept / ("." + from.filename().string() + ".partial");
    std::filesystem::copy_file(from, partial, std::filesystem::copy_options::overwrite_existing, code);
    if (!code) {
      std::filesystem::rename(partial, kept / from.filename(), code);
    }
    if (code) {
      fail("copying the stage " + name + " to " + kept.string(), code);
    }
  }
}

}  // namespace

std::filesystem::path TrainingPlan::default_stage_store() {
  if (const char* cache = std::getenv("EVERFORM_CACHE"); cache != nullptr && *cache != '\0') {
    return std::filesystem::path(cache) / "stages";
  }
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home != nullptr ? home : "/") / ".cache/everform/stages";
}

TrainingPlan::TrainingPlan(std::filesystem::path run, std::filesystem::path store)
    : run_(std::move(run)), store_(std::move(store)) {}

StageResult TrainingPlan::run(const Stage& stage) {
  StageResult result{.folder = {}, .hash = hash_of(stage.key), .reused = false};
  const std::filesystem::path place = store_ / (stage.name + "-" + result.hash);
  result.folder = place / "run";
  std::error_code code;
  std::filesystem::create_directories(place, code);
  if (code) {
    fail("opening the place of the stage " + place.string(), code);
  }
  const FolderLock lock(place / "lock");
  // The whole key is compared, so that two keys of one hash cannot be mistaken for each other.
  const bool same = stored_key(place) == stage.key;
  if (!same) {
    std::filesystem::remove_all(result.folder, code);
    write_file(place / kKeyFile, stage.key.dump(1) + "\n");
  }
  result.reused = same && run_state(result.folder) == RunState::kFinished;
  if (result.reused) {
    log_info("stage " + stage.name + ": found finished in " + result.folder.string());
  } else {
    log_info("stage " + stage.name + ": training in " + result.folder.string());
    stage.train(result.folder, same);
    if (run_state(result.folder) != RunState::kFinished) {
      throw Error(ErrorKind::kFailed, "training the stage " + stage.name,
                  "its training ended without finishing its run", "go on with --resume");
    }
  }
  keep_copy(place, run_, stage.name);
  return result;
}

}  // namespace everform
