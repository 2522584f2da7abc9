#include "everform/workbench/evaluation/padded_batch.h"

#include <gtest/gtest.h>

#include "everform/core/base/error.h"
#include "everform/workbench/layers/init.h"

namespace everform {
namespace {

TransformerConfig small(bool causal) {
  TransformerConfig config;
  config.vocabulary = 50;
  config.width = 16;
  config.depth = 2;
  config.heads = 2;
  config.kv_heads = 1;
  config.head_width = 8;
  config.ff_width = 32;
  config.context = 32;
  config.causal = causal;
  return config;
}

TEST(PaddedBatch, ASequenceDoesNotSeeItsPadding) {
  for (const bool causal : {true, false}) {
    Transformer transformer(small(causal));
    initialise(transformer, 0);
    EXPECT_LT(padded_batch_difference(transformer, {{1, 2, 3, 4, 5, 6, 7, 8}, {9, 10}, {11, 12, 13, 14, 15}}),
              1e-5)
        << causal;
  }
}

TEST(PaddedBatch, NeedsSequences) {
  Transformer transformer(small(true));
  EXPECT_THROW(padded_batch_difference(transformer, {}), Error);
  EXPECT_THROW(padded_batch_difference(transformer, {{1}, {}}), Error);
}

}  // namespace
}  // namespace everform
