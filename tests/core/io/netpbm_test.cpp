#include "everform/core/io/netpbm.h"

#include <gtest/gtest.h>

#include "everform/core/base/error.h"

namespace everform {
namespace {

using Pixels = std::vector<std::uint8_t>;

Image decode(const std::string& data) {
  return decode_netpbm(std::as_bytes(std::span(data)), "test.pbm");
}

void expect_refused(const std::string& data, const std::string& where, const std::string& part) {
  try {
    decode(data);
    FAIL() << "was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    EXPECT_EQ(error.where(), where);
    EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
  }
}

TEST(Netpbm, ReadsAllFourForms) {
  EXPECT_EQ(decode("P1\n# made by hand\n3 2\n101\n0 1 0\n").pixels, (Pixels{0, 255, 0, 255, 0, 255}));
  EXPECT_EQ(decode(std::string("P4 9 2\n\x80\x80\x40\x00", 11)).pixels,
            (Pixels{0, 255, 255, 255, 255, 255, 255, 255, 0, 255, 0, 255, 255, 255, 255, 255, 255, 255}));
  EXPECT_EQ(decode("P2 2 2 15 0 15 5 10").pixels, (Pixels{0, 255, 85, 170}));
  EXPECT_EQ(decode(std::string("P5 2 1 255\n\x07\xFF", 13)).pixels, (Pixels{7, 255}));
  EXPECT_EQ(decode(std::string("P5 2 1 65535\n\xFF\xFF\x80\x00", 17)).pixels, (Pixels{255, 128}));
}

TEST(Netpbm, WritersRoundTrip) {
  Image image(75, 3, 1, 255);
  *image.at(74, 1) = 0;
  *image.at(0, 2) = 0;
  EXPECT_EQ(decode(encode_pbm(image)), image);
  *image.at(3, 0) = 77;
  EXPECT_EQ(decode(encode_pgm(image)), image);
}

TEST(Netpbm, ErrorsNameThePlace) {
  expect_refused("P1\n2 2\n1 0\n1 x\n", "test.pbm:4:3", "'x'");
  expect_refused("P1\n2 2\n1 0\n1", "test.pbm:4:2", "ends before its 4 pixels");
  expect_refused("P2\n2 a\n", "test.pbm:2:3", "the height");
  expect_refused("P2\n1 1 9\n12\n", "test.pbm:3:1", "over 9");
  expect_refused("P2\n1 1 0\n0\n", "test.pbm:2:6", "maxval");
  expect_refused(std::string("P4 9 2\n\x80\x80\x40", 10), "test.pbm", "need 4 bytes");
  expect_refused("P5 1 1 9\n\x0A", "test.pbm", "over maxval 9");
  expect_refused("P1 99999999999999999999 1", "test.pbm:1:4", "the width");
  expect_refused("P1 30000 30000\n", "test.pbm", "30000 x 30000");
  expect_refused("P1 0 5\n", "test.pbm", "empty");
  expect_refused("P6 1 1 255\n", "test.pbm", "no PBM");
  expect_refused("", "test.pbm", "no PBM");
}

}  // namespace
}  // namespace everform
