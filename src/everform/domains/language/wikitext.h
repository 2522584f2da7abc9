// WikiText (Merity et al. 2016, arXiv 1609.07843): articles of Wikipedia, words separated by blanks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace everform {

struct WikiArticle {
  std::string title;
  std::vector<std::string> paragraphs;  ///< running text, headings of sections left out
};

/// Splits a WikiText file into its articles (lines ` = Title = `); text before the first title is dropped.
/// The words stay as they are.
std::vector<WikiArticle> parse_wikitext(std::string_view text);

/// Words joined as they are written: "5 @-@ 6 kg ( 11 lb ) ." becomes "5-6 kg (11 lb)."; <unk> stays.
std::string detokenize_wikitext(std::string_view text);

}  // namespace everform
