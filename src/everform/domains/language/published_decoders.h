// Decoders whose exact size is public: a check of everything that reads a configuration, and a calculator's
// input without a download.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace everform {

struct PublishedDecoder {
  std::string name;             ///< "llama2-7b"
  std::string_view config;      ///< config.json with the keys that decide the shape
  std::int64_t parameters = 0;  ///< a tied head counted once
};

const std::vector<PublishedDecoder>& published_decoders();
/// nullptr where there is none of that name.
const PublishedDecoder* find_published_decoder(const std::string& name);

}  // namespace everform
