#include "everform/domains/automata/rle.h"

#include "everform/core/base/error.h"
#include "everform/domains/automata/text_lines.h"

namespace everform {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

class RleReader {
 public:
  RleReader(std::string_view text, const std::string& where) : lines_(split_lines(text)), where_(where) {}

  Pattern read() {
    read_comments();
    read_header();
    while (line_ < lines_.size() && !ended_) {
      read_runs();
      ++line_;
    }
    if (!ended_) {
      fail_at(where_, lines_.size(), lines_.back().text.size() + 1, "the pattern does not end with '!'");
    }
    return std::move(pattern_);
  }

 private:
  [[noreturn]] void fail(const std::string& message) const {
    fail_at(where_, lines_[line_].number, at_ + 1, message);
  }
  std::string_view text() const { return lines_[line_].text; }

  void read_comments() {
    for (; line_ < lines_.size(); ++line_) {
      if (text().starts_with("#N ")) {
        pattern_.name = text().substr(3);
      } else if (!text().empty() && text()[0] != '#') {
        return;
      }
    }
    fail_at(where_, lines_.size() + 1, 1, "the file ends before the header 'x = WIDTH, y = HEIGHT'");
  }

  void skip_blanks() {
    while (at_ < text().size() && (text()[at_] == ' ' || text()[at_] == '\t')) {
      ++at_;
    }
  }

  void expect(char c) {
    skip_blanks();
    if (at_ >= text().size() || text()[at_] != c) {
      fail(std::string("'") + c + "' of the header 'x = WIDTH, y = HEIGHT' should stand here");
    }
    ++at_;
  }

  /// A number without sign, at most `limit`.
  std::int64_t number(std::int64_t limit) {
    const std::size_t begin = at_;
    std::int64_t value = 0;
    for (; at_ < text().size() && is_digit(text()[at_]); ++at_) {
      value = value * 10 + (text()[at_] - '0');
      if (value > limit) {
        at_ = begin;
        fail("a number over " + std::to_string(limit));
      }
    }
    if (at_ == begin) {
      fail("a number should stand here");
    }
    return value;
  }

  std::int64_t side(char name) {
    expect(name);
    expect('=');
    skip_blanks();
    return number(Grid::kMaxCells);
  }

  void read_header() {
    const std::int64_t width = side('x');
    expect(',');
    const std::int64_t height = side('y');
    if (!Grid::fits(width, height)) {
      at_ = 0;
      fail(std::to_string(width) + " x " + std::to_string(height) +
           " cells; a pattern has at least one and at most " + std::to_string(Grid::kMaxCells));
    }
    pattern_.grid = Grid(width, height);
    skip_blanks();
    if (at_ < text().size()) {
      read_rule();
    }
    ++line_;
  }

  void read_rule() {
    expect(',');
    for (const char c : {'r', 'u', 'l', 'e', '='}) {
      expect(c);
    }
    skip_blanks();
    std::string_view rule = text().substr(at_);
    rule = rule.substr(0, rule.find_last_not_of(" \t") + 1);
    try {
      pattern_.rule = parse_rule(rule, where_);
    } catch (const Error& error) {
      fail(error.message());
    }
  }

  void read_runs() {
    const std::int64_t longest = Grid::kMaxCells;
    for (at_ = 0; at_ < text().size() && !ended_; ++at_) {
      const std::size_t begin = at_;
      const std::int64_t run = is_digit(text()[at_]) ? number(longest) : 1;
      if (at_ >= text().size()) {
        fail("a number without the cell that it counts");
      }
      const char tag = text()[at_];
      if ((tag == ' ' || tag == '\t') && at_ == begin) {
        continue;
      }
      if (tag == '!') {
        ended_ = true;
      } else if (tag == '$') {
        x_ = 0;
        y_ += run;
      } else if (tag == 'b' || tag == 'o') {
        add(run, tag == 'o', begin);
      } else {
        fail(quoted_character(tag) + " where b, o, $ or ! should be");
      }
      if (y_ > longest) {
        fail("row " + std::to_string(y_) + " is far outside the pattern");
      }
    }
  }

  void add(std::int64_t run, bool alive, std::size_t begin) {
    const Grid& grid = pattern_.grid;
    if (y_ >= grid.height() || x_ + run > grid.width()) {
      at_ = begin;
      fail("cells up to column " + std::to_string(x_ + run) + " of row " + std::to_string(y_ + 1) +
           "; the header says x = " + std::to_string(grid.width()) +
           ", y = " + std::to_string(grid.height()));
    }
    for (std::int64_t i = 0; alive && i < run; ++i) {
      pattern_.grid.set(x_ + i, y_, true);
    }
    x_ += run;
  }

  std::vector<TextLine> lines_;
  const std::string& where_;
  Pattern pattern_;
  std::size_t line_ = 0;
  std::size_t at_ = 0;
  std::int64_t x_ = 0;
  std::int64_t y_ = 0;
  bool ended_ = false;
};

/// Collects runs into lines of at most 70 characters.
class RleWriter {
 public:
  void add(std::int64_t run, char tag) {
    const std::string item = (run > 1 ? std::to_string(run) : "") + tag;
    constexpr std::size_t kLine = 70;
    if (line_ + item.size() > kLine) {
      out_ += '\n';
      line_ = 0;
    }
    out_ += item;
    line_ += item.size();
  }
  std::string finish() {
    add(1, '!');
    return std::move(out_) + "\n";
  }

 private:
  std::string out_;
  std::size_t line_ = 0;
};

}  // namespace

Pattern read_rle(std::string_view text, const std::string& where) {
  return RleReader(text, where).read();
}

std::string write_rle(const Pattern& pattern) {
  const Grid& grid = pattern.grid;
  RleWriter runs;
  std::int64_t ends = 0;  // rows ended since the last live cell
  for (std::int64_t y = 0; y < grid.height(); ++y) {
    std::int64_t x = 0;
    while (x < grid.width()) {
      const bool alive = grid.at(x, y);
      const std::int64_t begin = x;
      while (x < grid.width() && grid.at(x, y) == alive) {
        ++x;
      }
      if (!alive && x == grid.width()) {
        break;
      }
      if (ends > 0) {
        runs.add(ends, '$');
        ends = 0;
      }
      runs.add(x - begin, alive ? 'o' : 'b');
    }
    ++ends;
  }
  const std::string name = pattern.name.empty() ? "" : "#N " + pattern.name + "\n";
  return name + "x = " + std::to_string(grid.width()) + ", y = " + std::to_string(grid.height()) +
         ", rule = " + rule_text(pattern.rule.value_or(Rule())) + "\n" + runs.finish();
}

}  // namespace everform
