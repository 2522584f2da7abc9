// Strictly typed recipes: a schema of keys, values from TOML, presets over them, --set on top.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace everform {

/// One key of a recipe.
struct RecipeKey {
  enum class Type { kInteger, kNumber, kBoolean, kText, kIntegers, kNumbers, kTexts };
  std::string name;  ///< dotted: "model.depth"
  Type type = Type::kInteger;
  nlohmann::json default_value;
  std::string help;
  double minimum = -std::numeric_limits<double>::infinity();
  double maximum = std::numeric_limits<double>::infinity();
  std::vector<std::string> choices;  ///< for texts; empty: any
};

/// All keys that a recipe may have. Built once by a system's card.
class RecipeSchema {
 public:
  RecipeSchema& integer(std::string name, std::int64_t value, std::string help, std::int64_t minimum,
                        std::int64_t maximum);
  RecipeSchema& number(std::string name, double value, std::string help, double minimum, double maximum);
  RecipeSchema& boolean(std::string name, bool value, std::string help);
  RecipeSchema& text(std::string name, std::string value, std::string help,
                     std::vector<std::string> choices = {});
  RecipeSchema& integers(std::string name, std::vector<std::int64_t> value, std::string help,
                         std::int64_t minimum, std::int64_t maximum);
  RecipeSchema& numbers(std::string name, std::vector<double> value, std::string help, double minimum,
                        double maximum);
  RecipeSchema& texts(std::string name, std::vector<std::string> value, std::string help,
                      std::vector<std::string> choices = {});

  const std::vector<RecipeKey>& keys() const { return keys_; }
  const RecipeKey* find(std::string_view name) const;

 private:
  RecipeSchema& add(RecipeKey key);
  std::vector<RecipeKey> keys_;
};

/// The keys of every training recipe (training.steps, training.batch, training.learning_rate,
/// training.checkpoint_every, data.path, ...).
void add_training_keys(RecipeSchema& schema);

/// A resolved recipe: every key of its schema has a value of the right type in its range.
class Recipe {
 public:
  std::int64_t integer(std::string_view key) const;
  double number(std::string_view key) const;
  bool boolean(std::string_view key) const;
  const std::string& text(std::string_view key) const;
  std::vector<std::int64_t> integers(std::string_view key) const;
  std::vector<double> numbers(std::string_view key) const;
  std::vector<std::string> texts(std::string_view key) const;

  const std::string& system() const { return system_; }
  const std::string& preset() const { return preset_; }
  /// Sets one key from code (a stage of a plan, a command-line option). Checked like every other value.
  void set(std::string_view key, nlohmann::json value);
  nlohmann::json to_json() const;  ///< nested tables
  std::string to_toml() const;     ///< reads back to the same recipe; first line: system = "name"

 private:
  friend class RecipeReader;
  const nlohmann::json& value(std::string_view key, RecipeKey::Type type) const;
  std::string system_;
  std::string preset_;
  RecipeSchema schema_;
  std::vector<nlohmann::json> values_;
};

/// What goes into resolving a recipe, in the order in which each overlays the one before.
struct RecipeRequest {
  std::string system;
  const RecipeSchema* schema = nullptr;
  std::string_view built_in;      ///< TOML of the system, with [presets.NAME] tables
  std::string preset;             ///< "" takes the built-in's `default_preset`, or none
  std::string file_text;          ///< TOML of --recipe; "" for none
  std::string file_name;          ///< for messages
  std::vector<std::string> sets;  ///< "key=value" of --set
};

/// Throws Error{kUsage} naming file, line, key and the nearest valid name.
Recipe resolve_recipe(const RecipeRequest& request);

/// The value of the top-level key `system` of a recipe file. Throws Error{kUsage} where it is absent or the
/// TOML is broken.
std::string system_of_recipe(const std::string& toml_text, const std::string& file_name);

}  // namespace everform
