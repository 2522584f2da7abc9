// Schemas as applications bring them, and some that test the corners.
#pragma once

#include <string>
#include <vector>

namespace everform::test {

inline const std::vector<std::string>& sample_schemas() {
  static const std::vector<std::string> schemas = {
      R"({"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer"}},"required":["name","age"],"additionalProperties":false})",
      R"({"type":"object","properties":{"city":{"type":"string","maxLength":20},"celsius":{"type":"number"},"sky":{"enum":["clear","cloudy","rain"]}},"required":["city","celsius","sky"]})",
      R"({"type":"array","items":{"type":"string","minLength":2,"maxLength":12},"minItems":1,"maxItems":4})",
      R"({"type":"object","properties":{"id":{"type":"string","format":"uuid"},"made":{"type":"string","format":"date-time"},"mail":{"type":"string","format":"email"}},"required":["id","made","mail"]})",
      R"({"type":"object","properties":{"day":{"type":"string","format":"date"},"at":{"type":"string","format":"time"}},"required":["day"]})",
      R"({"type":"object","properties":{"score":{"type":"integer","minimum":1,"maximum":10},"share":{"type":"number","minimum":0,"exclusiveMaximum":1},"year":{"type":"integer","exclusiveMinimum":1899,"maximum":2100}},"required":["score","share","year"]})",
      R"({"$defs":{"node":{"type":"object","properties":{"value":{"type":"integer"},"next":{"anyOf":[{"$ref":"#/$defs/node"},{"type":"null"}]}},"required":["value","next"],"additionalProperties":false}},"$ref":"#/$defs/node"})",
      R"({"type":"object","properties":{"steps":{"type":"array","items":{"type":"object","properties":{"explanation":{"type":"string"},"output":{"type":"string"}},"required":["explanation","output"],"additionalProperties":false},"maxItems":3},"final_answer":{"type":"string"}},"required":["steps","final_answer"],"additionalProperties":false})",
      R"({"type":"object","properties":{"tool":{"const":"search"},"arguments":{"type":"object","properties":{"query":{"type":"string"},"limit":{"type":["integer","null"]}},"required":["query","limit"],"additionalProperties":false}},"required":["tool","arguments"]})",
      R"({"oneOf":[{"type":"object","properties":{"kind":{"const":"circle"},"radius":{"type":"number","exclusiveMinimum":0}},"required":["kind","radius"]},{"type":"object","properties":{"kind":{"const":"box"},"sides":{"type":"array","items":{"type":"number"},"minItems":2,"maxItems":2}},"required":["kind","sides"]}]})",
      R"({"type":"object","properties":{"plate":{"type":"string","pattern":"^[A-Z]{1,3}-[A-Z]{1,2} [1-9][0-9]{0,3}$"},"phone":{"type":"string","pattern":"^\\+?[0-9 ]{5,15}$"}},"required":["plate","phone"]})",
      R"({"type":"array","prefixItems":[{"type":"string"},{"type":"boolean"},{"type":"integer"}],"items":false,"minItems":2})",
      R"({"type":"array","prefixItems":[{"const":"point"}],"items":{"type":"number","minimum":-5.5,"maximum":5.25},"minItems":3,"maxItems":5})",
      R"({"type":"object","additionalProperties":{"type":"integer","minimum":-3,"maximum":3}})",
      R"({"type":"object","properties":{"a":{"type":"boolean"},"b":{"type":"null"}},"additionalProperties":{"type":"string","maxLength":8},"required":["a"]})",
      R"({"allOf":[{"type":"object","properties":{"x":{"type":"number"}},"required":["x"]},{"properties":{"x":{"minimum":10,"maximum":99},"y":{"type":"string","minLength":1}},"required":["y"]}]})",
      R"({"$defs":{"tree":{"type":"object","properties":{"label":{"type":"string","maxLength":6},"children":{"type":"array","items":{"$ref":"#/$defs/tree"},"maxItems":2}},"required":["label","children"],"additionalProperties":false}},"type":"object","properties":{"root":{"$ref":"#/$defs/tree"}},"required":["root"]})",
      R"({"anyOf":[{"type":"string","enum":["α","\"quoted\"","line\nbreak","日本"]},{"type":"integer"},{"type":"null"},{"const":{"a":[1,2.5,"x"]}}]})",
      R"({"type":["string","number","boolean"],"minLength":3,"maxLength":5,"minimum":100})",
      R"({"type":"object","properties":{"title":{"type":"string","description":"of the page"},"tags":{"type":"array","items":{"enum":["new","hot","old"]},"maxItems":3},"price":{"type":"number","minimum":0},"stock":{"type":"integer","minimum":0},"seller":{"type":"object","properties":{"name":{"type":"string"},"rating":{"type":"integer","minimum":0,"maximum":5}},"required":["name"]}},"required":["title","price","stock"]})",
  };
  return schemas;
}

}  // namespace everform::test
