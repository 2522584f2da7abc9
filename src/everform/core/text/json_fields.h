// Typed access to the members of a JSON object in a vocabulary file; every error names the file and the
// member.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace everform::text {

class JsonFields {
 public:
  /// @param where the file @param path of the object in it ("normalizer.normalizers[2]"); "" for the document
  /// Throws Error{kBadInput} where `value` is no object.
  JsonFields(const nlohmann::json& value, std::string where, std::string path);

  const std::string& where() const { return where_; }
  const std::string& path() const { return path_; }
  /// "path.key"
  std::string path_of(const std::string& key) const;

  /// Present and not null.
  bool has(const std::string& key) const;
  /// nullptr where absent or null.
  const nlohmann::json* find(const std::string& key) const;
  const nlohmann::json& require(const std::string& key) const;

  std::string text(const std::string& key) const;
  std::string text(const std::string& key, const std::string& otherwise) const;
  std::optional<std::string> optional_text(const std::string& key) const;
  bool flag(const std::string& key, bool otherwise) const;
  std::int64_t integer(const std::string& key, std::int64_t minimum, std::int64_t maximum) const;
  std::int64_t integer(const std::string& key, std::int64_t minimum, std::int64_t maximum,
                       std::int64_t otherwise) const;
  const nlohmann::json& array(const std::string& key) const;
  JsonFields object(const std::string& key) const;
  /// Element `index` of the array `key`, an object.
  JsonFields element(const std::string& key, std::size_t index) const;

  [[noreturn]] void fail(const std::string& key, const std::string& message) const;
  /// "X.type is "Foo", which is not supported"
  [[noreturn]] void unsupported(const std::string& key, const std::string& value) const;

 private:
  const nlohmann::json& value_;
  std::string where_;
  std::string path_;
};

}  // namespace everform::text
