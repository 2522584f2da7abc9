#include "everform/core/server/embeddings_worker.h"

#include <gtest/gtest.h>

#include <future>

#include "everform/core/server/openai_answers.h"

namespace everform::server {
namespace {

using std::chrono::milliseconds;

// "ok 2" for two vectors, "500: message" for an error.
std::string ask(EmbeddingsWorker& worker, std::vector<std::string> texts) {
  std::promise<std::string> result;
  worker.embed(
      std::move(texts),
      {.on_vectors = [&](const auto& vectors) { result.set_value("ok " + std::to_string(vectors.size())); },
       .on_error =
           [&](int status, const std::string& message) {
             result.set_value(std::to_string(status) + ": " + message);
           }});
  return result.get_future().get();
}

TEST(EmbeddingsWorker, AsksOneProcessAgainAndAgain) {
  EmbeddingsWorker worker(
      {"/bin/sh",
       {"-c", "n=0; while read line; do n=$((n+1)); echo \"{\\\"embeddings\\\":[[$n,2.5]]}\"; done"}});
  EXPECT_EQ(ask(worker, {"a"}), "ok 1");
  EXPECT_EQ(ask(worker, {"b\nc"}), "ok 1");
  std::promise<float> first;
  worker.embed({"d"},
               {.on_vectors = [&](const auto& vectors) { first.set_value(vectors[0][0]); }, .on_error = {}});
  EXPECT_EQ(first.get_future().get(), 3.0F);
}

TEST(EmbeddingsWorker, ACrashIsAnErrorOfOneRequest) {
  EmbeddingsWorker worker(
      {"/bin/sh", {"-c", "read line; echo '{\"embeddings\":[[1]]}'; read line; kill -SEGV $$"}});
  EXPECT_EQ(ask(worker, {"a"}), "ok 1");
  EXPECT_TRUE(ask(worker, {"b"}).starts_with("500: "));
  EXPECT_EQ(ask(worker, {"c"}), "ok 1");
}

TEST(EmbeddingsWorker, AnAbsentProgramIsSaid) {
  EmbeddingsWorker worker({"/nowhere/everform-workbench", {}});
  EXPECT_NE(ask(worker, {"a"}).find("/nowhere/everform-workbench"), std::string::npos);
  EXPECT_TRUE(ask(worker, {"a"}).starts_with("50"));
}

TEST(EmbeddingsWorker, SilenceEnds) {
  EmbeddingsWorker worker({"/bin/sh", {"-c", "sleep 1000"}}, milliseconds(100));
  EXPECT_TRUE(ask(worker, {"a"}).starts_with("500: "));
}

TEST(EmbeddingsWorker, AnswersThatAreNoneAreErrors) {
  for (const char* answer : {"nonsense", "{}", "{\"embeddings\":[[1],[2]]}", "{\"embeddings\":[[\"x\"]]}",
                             "{\"error\":{\"message\":\"too long\"}}"}) {
    EmbeddingsWorker worker(
        {"/bin/sh", {"-c", std::string("while read line; do echo '") + answer + "'; done"}});
    EXPECT_TRUE(ask(worker, {"a"}).starts_with("500: ")) << answer;
  }
}

TEST(EmbeddingsAnswer, FloatsAsBase64) {
  EXPECT_EQ(base64_text(""), "");
  EXPECT_EQ(base64_text("f"), "Zg==");
  EXPECT_EQ(base64_text("fo"), "Zm8=");
  EXPECT_EQ(base64_text("foo"), "Zm9v");
  EXPECT_EQ(base64_text("foobar"), "Zm9vYmFy");
  const auto answer = embeddings_answer("m", {{1.0F}}, true);
  EXPECT_EQ(answer["data"][0]["embedding"], "AACAPw==");
}

}  // namespace
}  // namespace everform::server
