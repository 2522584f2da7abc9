#include "everform/domains/language/reference_answers.h"

namespace everform {

const std::vector<FrozenContinuation>& smollm2_continuations() {
  static const std::vector<FrozenContinuation> continuations = {
      {"The capital of France is", " Paris.\n\nThe answer is: 2018-01-22 12:1"},
      {"Once upon a time, there was a",
       " small town nestled in the heart of a bustling city. The town was known for its vibrant arts and "
       "crafts, with a"},
      {"Water boils at a temperature of",
       " around 1,000\u00b0C, which is significantly higher than the boiling point of water. This is due"},
      {"The three primary colors are",
       " the primary colors of the RGB color model: red, blue, and green. These colors are fundamental to "
       "the RGB color"},
      {"In mathematics, a prime number is",
       " a positive integer greater than 1 that has no positive integer divisors other than 1 and itself. "
       "This definition is"},
  };
  return continuations;
}

const FrozenEncoding& smollm2_encoding() {
  static const FrozenEncoding encoding = {
      "Everform reads real checkpoints: 134515008 weights in 30 layers, each 576 wide.\n\n"
      "    if (x <= 3.14159) { return \"naïve café\"; }\t// tabs, too\n"
      "Größe, façade, Ελλάδα, Москва, 東京都, عربي, हिन्दी, 👩\u200d👩\u200d👧 and 🇫🇷!\n"
      "I'll say they're here; we've DON'T-stop   spaces...   \r\n"
      "URL: https://example.org/a?b=c&d=%20#e ~ `code` $x_1^2$ <|im_end|> done.\nPi = 3.1415926535",
      {28497, 584,   12927, 1345,  48997, 42,    216,   33,    35,    36,    37,    33,    37,   32,    32,
       40,    10379, 281,   216,   35,    32,    5466,  28,    971,   216,   37,    39,    38,   3599,  30,
       1004,  585,   365,   104,   10204, 216,   35,    30,    33,    36,    33,    37,    41,   25,    1662,
       1003,  476,   3546,  46494, 37366, 16005, 4029,  197,   1559,  29416, 28,    1147,  198,  27302, 7466,
       34878, 85,    28,    40852, 28,    5664,  239,   17162, 17162, 26112, 29589, 8998,  28,   5470,  246,
       6485,  39511, 16464, 6511,  28,    17097, 247,   126,   16736, 122,   180,   38466, 28,   45704, 20602,
       31462, 23339, 28,    12335, 134,   27011, 30658, 16525, 44757, 37189, 28,    15107, 235,  119,   321,
       231,   10813, 235,   119,   321,   231,   10813, 235,   117,   284,   15107, 225,   121,  10813, 225,
       132,   17,    198,   57,    3060,  1643,  502,   2316,  1535,  43,    392,   3543,  422,  2154,  23,
       68,    29,    9796,  256,   5600,  2026,  333,   201,   198,   14492, 42,    5141,  1742, 7434,  30,
       2295,  31,    81,    47,    82,    45,    83,    22,    84,    23446, 34,    32,    19,   85,    11417,
       2179,  4635,  80,    1885,  104,   79,    33,    78,    34,    20,    2067,  108,   306,  79,    486,
       108,   46,    2294,  30,    198,   41967, 446,   216,   35,    30,    33,    36,    33,   37,    41,
       34,    38,    37,    35,    37}};
  return encoding;
}

const std::vector<FrozenRendering>& smollm2_renderings() {
  static const std::vector<FrozenRendering> renderings = {
      {R"([{"role": "user", "content": "What is a prime?"}])",
       "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
       "<|im_start|>user\nWhat is a prime?<|im_end|>\n<|im_start|>assistant\n"},
      {R"([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"},
           {"role": "assistant", "content": "Hello!"}, {"role": "user", "content": "Bye"}])",
       "<|im_start|>system\nBe "
       "brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello!<|im_end|>\n"
       "<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n"},
  };
  return renderings;
}

const std::vector<std::string>& ten_capitals() {
  static const std::vector<std::string> capitals = {"Paris",  "London", "Berlin", "Madrid", "Rome",
                                                    "Vienna", "Lisbon", "Athens", "Dublin", "Warsaw"};
  return capitals;
}

}  // namespace everform
