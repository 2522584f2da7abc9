#include "everform/workbench/models/mixer_kind_names.h"

#include <gtest/gtest.h>

#include <set>

#include "everform/core/base/error.h"

namespace everform {
namespace {

TEST(MixerKindNames, NameEachKindOnce) {
  std::set<MixerKind> kinds;
  for (const std::string& name : mixer_kind_names()) {
    kinds.insert(mixer_kind_from_name(name));
  }
  EXPECT_EQ(kinds.size(), mixer_kind_names().size());
  EXPECT_EQ(mixer_kind_from_name("lstm"), MixerKind::kLstm);
  EXPECT_THROW(mixer_kind_from_name("retentoin"), Error);
}

}  // namespace
}  // namespace everform
