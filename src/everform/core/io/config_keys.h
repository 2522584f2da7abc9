// The keys of a foreign configuration (Hugging Face's config.json, GGUF's metadata), read so that none is
// passed over in silence.
#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "everform/core/recipes/transformer_config.h"

namespace everform {

/// An object of keys of which each must be read, ignored on purpose, or refused. A null counts as absent.
class ConfigKeys {
 public:
  /// @param prefix the keys at hand are those that begin with it ("llama."); others are not looked at
  ConfigKeys(const nlohmann::json& object, std::string where, std::string prefix = "");

  const std::string& where() const { return where_; }
  bool has(const std::string& key) const;
  /// True also for a key that is there and null.
  bool mentions(const std::string& key) const { return object_.contains(prefix_ + key); }

  /// The value of a key, which must be there. Wrong types throw Error{kBadInput}.
  std::int64_t integer(const std::string& key);
  std::int64_t integer(const std::string& key, std::int64_t otherwise);
  double number(const std::string& key);
  double number(const std::string& key, double otherwise);
  bool flag(const std::string& key, bool otherwise);
  std::string text(const std::string& key, const std::string& otherwise);
  /// One integer or a list of them; empty where absent.
  std::vector<std::int64_t> integers(const std::string& key);
  /// An object; an empty one where absent.
  nlohmann::json object(const std::string& key);
  /// A value of any type; null where absent.
  nlohmann::json any(const std::string& key);

  /// The first of several names for the same thing that is there; the first name where none is.
  std::string first_of(std::initializer_list<const char*> names) const;

  /// These keys do not change the maths.
  void ignore(std::initializer_list<const char*> keys);
  /// A key that is only understood with one value: throws unless absent or equal to it.
  void expect(const std::string& key, const nlohmann::json& only);
  /// Throws Error{kBadInput} naming the first key that nobody has read.
  void refuse_others() const;

  [[noreturn]] void fail(const std::string& key, const std::string& problem) const;

 private:
  const nlohmann::json* find(const std::string& key);
  const nlohmann::json& require(const std::string& key);

  const nlohmann::json& object_;
  std::string where_;
  std::string prefix_;
  std::set<std::string> known_;
};

}  // namespace everform
