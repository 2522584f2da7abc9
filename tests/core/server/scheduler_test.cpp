#include "everform/core/server/scheduler.h"

#include <gtest/gtest.h>

#include <cmath>

#include "everform/core/decoding/generation.h"
#include "everform/core/server/engine_thread.h"
#include "tests/core/server/history_model.h"

namespace everform::server {
namespace {

using test::byte_tokens;
using test::ByteTokenizer;
using test::HistoryModel;
using test::KeptAnswer;

JobRequest request(const std::string& prompt, std::size_t max_tokens = 20, std::uint64_t seed = 0) {
  JobRequest job;
  job.prompt = byte_tokens(prompt);
  job.sampling.temperature = seed == 0 ? 0.0 : 1.0;
  job.sampling.top_k = 0;
  job.max_tokens = max_tokens;
  job.seed = seed;
  job.end_tokens = {ByteTokenizer::kEnd};
  return job;
}

// What the loop of one sequence writes.
GenerationResult alone(const HistoryModel& model, const JobRequest& job) {
  GenerationRequest single;
  single.prompt = job.prompt;
  single.sampling = job.sampling;
  single.max_tokens = job.max_tokens;
  single.stop = job.stop;
  single.end_tokens = job.end_tokens;
  single.seed = job.seed;
  single.sample = job.sample;
  return generate(model, ByteTokenizer(), single);
}

struct Fixture {
  explicit Fixture(SchedulerOptions options = {}, std::size_t context = 1000)
      : model(std::make_shared<HistoryModel>(context)),
        scheduler(model, std::make_shared<ByteTokenizer>(), options) {}

  std::shared_ptr<KeptAnswer> submit(JobRequest job, Submitted expected = Submitted::kTaken) {
    auto answer = std::make_shared<KeptAnswer>();
    cancelled = std::make_shared<std::atomic<bool>>(false);
    EXPECT_EQ(scheduler.submit({{std::move(job), answer, cancelled}}), expected);
    return answer;
  }
  void run_all() {
    while (scheduler.run_stage()) {
    }
  }

  std::shared_ptr<HistoryModel> model;
  Scheduler scheduler;
  std::shared_ptr<std::atomic<bool>> cancelled;  ///< of the last job
};

TEST(Scheduler, ManyAtOnceWriteWhatEachWritesAlone) {
  Fixture f({.slots = 5});
  std::vector<JobRequest> jobs;
  for (int i = 0; i < 40; ++i) {
    jobs.push_back(
        request("prompt " + std::string(static_cast<std::size_t>(i * 7 % 90), 'x') + std::to_string(i % 9),
                static_cast<std::size_t>(1 + i % 30), static_cast<std::uint64_t>(i % 3)));
    jobs.back().sample = static_cast<std::uint64_t>(i % 2);
    if (i % 4 == 0) {
      jobs.back().stop = {"e", "xyz"};
    }
  }
  std::vector<std::shared_ptr<KeptAnswer>> answers;
  for (const JobRequest& job : jobs) {
    answers.push_back(f.submit(job));
  }
  f.run_all();
  EXPECT_GT(f.model->largest_batch, 2U);
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const GenerationResult expected = alone(HistoryModel(), jobs[i]);
    EXPECT_EQ(answers[i]->text(), expected.text) << i;
    EXPECT_EQ(answers[i]->ends(), 1);
    EXPECT_EQ(answers[i]->end().finish == JobFinish::kStop ? "stop" : "length", expected.finish) << i;
    EXPECT_EQ(answers[i]->end().new_tokens, expected.tokens.size());
  }
  EXPECT_EQ(f.scheduler.counts().finished, jobs.size());
  EXPECT_EQ(f.scheduler.counts().reserved_bytes, 0U);
}

TEST(Scheduler, ABeginningIsReadOnce) {
  Fixture f;
  const std::string system(400, 's');
  const auto first = f.submit(request(system + "one"));
  f.run_all();
  const std::size_t before = f.model->fed;
  const JobRequest second = request(system + "two");
  const auto answer = f.submit(second);
  f.run_all();
  EXPECT_GE(answer->end().reused_tokens, 400U);
  EXPECT_LT(f.model->fed - before, 50U);
  EXPECT_EQ(answer->text(), alone(HistoryModel(), second).text);
  // The first one's own sequence was copied, not taken: it can go on too.
  const std::size_t later = f.model->fed;
  f.submit(request(system + "one" + first->text() + "more"));
  f.run_all();
  EXPECT_LT(f.model->fed - later, 60U);
}

TEST(Scheduler, SamplesOfOnePromptShareItsReading) {
  Fixture f;
  std::vector<JobOrder> orders;
  std::vector<std::shared_ptr<KeptAnswer>> answers;
  for (std::uint64_t sample = 0; sample < 4; ++sample) {
    JobRequest job = request(std::string(500, 'p'), 10, 7);
    job.sample = sample;
    answers.push_back(std::make_shared<KeptAnswer>());
    orders.push_back({job, answers.back(), std::make_shared<std::atomic<bool>>(false)});
  }
  ASSERT_EQ(f.scheduler.submit(orders), Submitted::kTaken);
  f.run_all();
  EXPECT_LT(f.model->fed, 600U);
  for (std::size_t i = 0; i < orders.size(); ++i) {
    EXPECT_EQ(answers[i]->text(), alone(HistoryModel(), orders[i].request).text);
  }
  EXPECT_NE(answers[0]->text(), answers[1]->text());
}

TEST(Scheduler, AShortPromptOvertakesALongOne) {
  Fixture f({.chunk_seconds = 0.01}, 5000);
  f.model->time_per_token = std::chrono::microseconds(100);
  const auto long_one = f.submit(request(std::string(4000, 'l'), 1));
  f.scheduler.run_stage();
  const auto short_one = f.submit(request("short", 1));
  int stages = 0;
  while (short_one->ends() == 0) {
    f.scheduler.run_stage();
    ++stages;
  }
  EXPECT_LE(stages, 3);
  EXPECT_EQ(long_one->ends(), 0);
  f.run_all();
  EXPECT_EQ(long_one->ends(), 1);
}

TEST(Scheduler, ALongPromptIsReadThoughShortOnesKeepComing) {
  Fixture f({.slots = 2, .chunk_seconds = 0.002}, 5000);
  f.model->time_per_token = std::chrono::microseconds(20);
  const auto long_one = f.submit(request(std::string(1000, 'l'), 1));
  for (int i = 0; i < 200 && long_one->ends() == 0; ++i) {
    f.submit(request("short " + std::to_string(i), 1));
    f.scheduler.run_stage();
  }
  EXPECT_EQ(long_one->ends(), 1);
}

TEST(Scheduler, ClientsTakeTurns) {
  Fixture f({.slots = 1});
  std::vector<std::shared_ptr<KeptAnswer>> greedy;
  for (int i = 0; i < 20; ++i) {
    JobRequest job = request("greedy" + std::to_string(i), 3);
    job.client = "greedy";
    greedy.push_back(f.submit(job));
  }
  JobRequest modest = request("modest", 3);
  modest.client = "modest";
  const auto answer = f.submit(modest);
  while (answer->ends() == 0) {
    f.scheduler.run_stage();
  }
  EXPECT_LE(std::count_if(greedy.begin(), greedy.end(), [](const auto& g) { return g->ends() > 0; }), 2);
}

TEST(Scheduler, RunningAndKeptSequencesStayWithinTheBudget) {
  // Seven eighths of 800,000 bytes are 700 tokens.
  Fixture f({.slots = 8, .bytes = 800'000});
  for (int i = 0; i < 30; ++i) {
    f.submit(request(std::to_string(i) + std::string(150, 'x'), 20));
  }
  bool more = true;
  while (more) {
    more = f.scheduler.run_stage();
    const SchedulerCounts counts = f.scheduler.counts();
    EXPECT_LE(counts.reserved_bytes + counts.kept_bytes, 700'000U);
    EXPECT_LE(counts.running, 4U);
  }
  EXPECT_EQ(f.scheduler.counts().finished, 30U);
  EXPECT_GT(f.scheduler.counts().kept_sequences, 0U);
}

TEST(Scheduler, WhatNeverFitsIsToldFromWhatMayComeAgain) {
  Fixture f({.slots = 1, .bytes = 800'000, .waiting = 3});
  f.submit(request(std::string(600, 'x'), 200), Submitted::kNeverFits);
  f.submit(request("a"));
  f.submit(request("b"));
  f.submit(request("c"));
  f.submit(request("d"), Submitted::kFull);
  EXPECT_EQ(f.scheduler.counts().refused, 1U);
  f.run_all();
  f.submit(request("d"));
  f.run_all();
  EXPECT_EQ(f.scheduler.counts().finished, 4U);
}

TEST(Scheduler, WaitingPromptsHaveAShareOfTheBudget) {
  Fixture f({.slots = 1, .bytes = 8'000'000}, 100'000);
  std::size_t taken = 0;
  for (int i = 0; i < 100; ++i) {
    auto answer = std::make_shared<KeptAnswer>();
    const Submitted result = f.scheduler.submit(
        {{request(std::string(5000, 'x'), 1), answer, std::make_shared<std::atomic<bool>>(false)}});
    taken += result == Submitted::kTaken ? 1 : 0;
  }
  EXPECT_LE(taken, 50U);
  EXPECT_GE(taken, 40U);
}

TEST(Scheduler, ACancelledJobLeavesItsSlot) {
  Fixture f({.slots = 1});
  JobRequest endless = request("endless", 900);
  endless.end_tokens.clear();
  const auto answer = f.submit(endless);
  for (int i = 0; i < 10; ++i) {
    f.scheduler.run_stage();
  }
  EXPECT_EQ(answer->ends(), 0);
  *f.cancelled = true;
  f.scheduler.wake();
  EXPECT_FALSE(f.scheduler.run_stage());
  EXPECT_EQ(answer->end().finish, JobFinish::kCancelled);
  EXPECT_LT(answer->end().new_tokens, 20U);
  EXPECT_EQ(f.scheduler.counts().reserved_bytes, 0U);
  const JobRequest next = request("next");
  const auto after = f.submit(next);
  f.run_all();
  EXPECT_EQ(after->text(), alone(HistoryModel(), next).text);
}

TEST(Scheduler, ACancelledJobDoesNotWait) {
  Fixture f({.slots = 1});
  f.submit(request("first", 50));
  f.scheduler.run_stage();
  const auto waiting = f.submit(request("second"));
  *f.cancelled = true;
  f.scheduler.wake();
  f.scheduler.run_stage();
  EXPECT_EQ(waiting->end().finish, JobFinish::kCancelled);
  EXPECT_EQ(f.scheduler.counts().waiting, 0U);
}

TEST(Scheduler, ABadRowEndsItsOwnJobOnly) {
  Fixture f;
  f.model->poison = 'Q';
  const JobRequest good = request("good");
  const auto bad_answer = f.submit(request("badQ"));
  const auto good_answer = f.submit(good);
  f.run_all();
  EXPECT_EQ(bad_answer->end().finish, JobFinish::kFailed);
  EXPECT_NE(bad_answer->end().error.find("NaN"), std::string::npos);
  EXPECT_EQ(good_answer->text(), alone(HistoryModel(), good).text);
}

TEST(Scheduler, DrainingLetsRunningJobsFinishAndTurnsWaitingOnesAway) {
  Fixture f({.slots = 1});
  const JobRequest job = request("running", 12, 3);
  const auto running = f.submit(job);
  f.scheduler.run_stage();
  const auto waiting = f.submit(request("waiting"));
  f.scheduler.drain(std::chrono::steady_clock::now() + std::chrono::seconds(10));
  f.run_all();
  EXPECT_EQ(running->text(), alone(HistoryModel(), job).text);
  EXPECT_EQ(waiting->end().finish, JobFinish::kShutDown);
  EXPECT_TRUE(f.scheduler.drained());
  f.submit(request("late"), Submitted::kClosed);
}

TEST(Scheduler, DrainingEndsWhatTakesTooLong) {
  Fixture f;
  JobRequest endless = request("endless", 900);
  endless.end_tokens.clear();
  const auto answer = f.submit(endless);
  f.scheduler.run_stage();
  f.scheduler.drain(std::chrono::steady_clock::now());
  f.run_all();
  EXPECT_EQ(answer->end().finish, JobFinish::kShutDown);
  EXPECT_EQ(answer->ends(), 1);
}

TEST(Scheduler, ScoresThePromptAndTheNewTokens) {
  Fixture f;
  const auto model = HistoryModel();
  JobRequest job = request(std::string(100, 'x') + "yz", 3);
  job.end_tokens.clear();
  job.top_logprobs = 2;
  job.prompt_logprobs = true;
  const auto answer = f.submit(job);
  f.run_all();
  const std::vector<ScoredToken> prompt = answer->prompt();
  ASSERT_EQ(prompt.size(), job.prompt.size());
  EXPECT_FALSE(prompt[0].scored);
  // The score of token i comes from the logits after the tokens before it.
  std::vector<float> logits(258);
  for (const std::size_t i : {1U, 64U, 65U, 101U}) {
    const auto state = model.new_sequence();
    model.prefill(*state, std::span(job.prompt).first(i), logits);
    double sum = 0;
    for (const float logit : logits) {
      sum += std::exp(static_cast<double>(logit));
    }
    EXPECT_NEAR(prompt[i].logprob, logits[static_cast<std::size_t>(job.prompt[i])] - std::log(sum), 1e-6);
    EXPECT_EQ(prompt[i].token, job.prompt[i]);
    EXPECT_EQ(prompt[i].top.size(), 2U);
  }
  ASSERT_EQ(answer->tokens().size(), 3U);
  EXPECT_EQ(answer->tokens()[0].top[0].first, answer->tokens()[0].token);  // greedy
}

TEST(Scheduler, ABiasForbidsAndForces) {
  Fixture f;
  JobRequest job = request("bias", 5);
  job.bias = {{'q', 100.0F}, {'z', -100.0F}};
  const auto answer = f.submit(job);
  f.run_all();
  EXPECT_EQ(answer->text(), "qqqqq");
}

TEST(Scheduler, APromptAloneIsReadWithoutWriting) {
  Fixture f;
  JobRequest job = request("only read", 0);
  job.top_logprobs = 0;
  job.prompt_logprobs = true;
  const auto answer = f.submit(job);
  f.run_all();
  EXPECT_EQ(answer->end().new_tokens, 0U);
  EXPECT_EQ(answer->prompt().size(), 9U);
}

TEST(EngineThread, WorksWhileOthersSubmitAndCancel) {
  const auto model = std::make_shared<HistoryModel>();
  Scheduler scheduler(model, std::make_shared<ByteTokenizer>(), {.slots = 4});
  std::vector<std::vector<std::pair<JobRequest, std::shared_ptr<KeptAnswer>>>> all(3);
  {
    const EngineThread engine(scheduler);
    std::vector<std::thread> clients;
    for (std::size_t c = 0; c < all.size(); ++c) {
      clients.emplace_back([&, c] {
        for (int i = 0; i < 100; ++i) {
          const JobRequest job = request("c" + std::to_string(c) + " " + std::to_string(i), 10, c);
          const auto answer = std::make_shared<KeptAnswer>();
          const auto cancelled = std::make_shared<std::atomic<bool>>(false);
          ASSERT_EQ(scheduler.submit({{job, answer, cancelled}}), Submitted::kTaken);
          if (i % 5 == 0) {
            *cancelled = true;
            scheduler.wake();
          }
          all[c].emplace_back(job, answer);
        }
      });
    }
    for (std::thread& client : clients) {
      client.join();
    }
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    const auto pending = [&] {
      const SchedulerCounts counts = scheduler.counts();
      return counts.finished + counts.cancelled < 300;
    };
    while (pending() && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  for (const auto& client : all) {
    for (const auto& [job, answer] : client) {
      ASSERT_EQ(answer->ends(), 1);
      if (answer->end().finish != JobFinish::kCancelled) {
        EXPECT_EQ(answer->text(), alone(HistoryModel(), job).text);
      }
    }
  }
}

}  // namespace
}  // namespace everform::server
