#include <cstdint>
#include <cstring>

#include "everform/core/server/openai_answers.h"

namespace everform::server {

std::string base64_text(std::string_view bytes) {
  static constexpr char kLetters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8U | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += k <= count ? kLetters[(group >> (18U - 6U * k)) & 63U] : '=';
    }
  }
  return text;
}

nlohmann::ordered_json embeddings_answer(const std::string& model,
                                         const std::vector<std::vector<float>>& vectors, bool base64) {
  using Json = nlohmann::ordered_json;
  Json data = Json::array();
  for (const std::vector<float>& vector : vectors) {
    // Little-endian floats, which is what this program runs on.
    const std::string_view bytes(reinterpret_cast<const char*>(vector.data()), vector.size() * sizeof(float));
    data.push_back({{"object", "embedding"},
                    {"index", data.size()},
                    {"embedding", base64 ? Json(base64_text(bytes)) : Json(vector)}});
  }
  return {{"object", "list"},
          {"data", std::move(data)},
          {"model", model},
          {"usage", {{"prompt_tokens", 0}, {"total_tokens", 0}}}};
}

}  // namespace everform::server
