#include "everform/domains/language/english_text.h"

#include "everform/core/base/error.h"
#include "everform/domains/language/wikitext.h"

namespace everform {
namespace {

std::string running_text(const std::string& text) {
  constexpr std::size_t kFewestArticles = 3;  // another text may have a line like a title
  std::vector<std::string> parts;
  const std::vector<WikiArticle> articles = parse_wikitext(text);
  if (articles.size() >= kFewestArticles) {
    for (const WikiArticle& article : articles) {
      parts.push_back(detokenize_wikitext(article.title));
      for (const std::string& paragraph : article.paragraphs) {
        parts.push_back(detokenize_wikitext(paragraph));
      }
    }
  } else {
    parts = paragraphs(text);
  }
  std::string joined;
  for (const std::string& part : parts) {
    joined += part + "\n\n";
  }
  return joined;
}

}  // namespace

std::vector<Document> read_english(const std::filesystem::path& path) {
  std::vector<Document> documents = read_documents(path);
  for (Document& document : documents) {
    document.text = running_text(document.text);
  }
  return documents;
}

std::vector<Document> debian_english() {
  std::vector<Document> documents;
  for (const char* file : {"/usr/share/debian-reference/debian-reference.en.txt.gz",
                           "/usr/share/doc/debian-policy/policy.txt.gz"}) {
    std::error_code code;
    if (!std::filesystem::exists(file, code)) {
      throw Error(ErrorKind::kMissing, "looking for English text", std::string("there is no ") + file,
                  "apt-get install debian-reference-en debian-policy, or name a text with --data");
    }
    documents.push_back(read_english(file).front());
  }
  return documents;
}

std::vector<std::string> prose_paragraphs(const std::vector<Document>& documents) {
  std::vector<std::string> prose;
  for (const Document& document : documents) {
    for (std::string& paragraph : paragraphs(document.text)) {
      if (is_prose(paragraph)) {
        prose.push_back(std::move(paragraph));
      }
    }
  }
  return prose;
}

}  // namespace everform
