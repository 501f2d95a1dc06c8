// Fuzzes the writers of access records with texts that clients choose.
//
// The input is five lines: request line, referer, user agent, host and user; the last one may have
// any bytes. Properties: a record of JSON is an object of RFC 8259 in printable ASCII, with each
// key once, whose texts give back the bytes, or their beginning where "cut" names them. A record in
// a named format is one line of printable ASCII, whose words and quotation marks are those of the
// format. No record is longer than it may be.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

#include "t/fuzz/frame.h"
#include "worker/log/access_format.h"
#include "worker/log/access_log.h"

using namespace worker;
using fuzz::require;

namespace {

// Reads the flat objects that the writer makes. A string is stored as its bytes: \xNN of the
// writer's own escaping is undone.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  std::map<std::string, std::string> read() {
    std::map<std::string, std::string> all;
    take("{");
    for (bool is_first = true; !rest_.starts_with('}'); is_first = false) {
      if (!is_first) take(",");
      const std::string key = string();
      take(":");
      require(all.emplace(key, value()).second, "a key once");
    }
    take("}");
    require(rest_.empty(), "nothing behind the object");
    return all;
  }

 private:
  void take(std::string_view text) {
    require(rest_.starts_with(text), "what JSON wants here");
    rest_.remove_prefix(text.size());
  }

  std::string value() {
    if (rest_.starts_with('"')) return "\"" + string();
    if (rest_.starts_with('[')) return list();
    const std::size_t size = rest_.find_first_of(",}");
    require(size != rest_.npos, "the end of a value");
    const std::string word(rest_.substr(0, size));
    const bool is_number = !word.empty() && word.find_first_not_of("0123456789.") == word.npos;
    require(word == "null" || is_number, "a value");
    rest_.remove_prefix(size);
    return word;
  }

  std::string list() {
    std::string items;
    take("[");
    while (!rest_.starts_with(']')) {
      if (!items.empty()) take(",");
      items += string() + " ";
    }
    take("]");
    return items;
  }

  unsigned hex(std::size_t digits) {
    require(rest_.size() >= digits, "digits");
    const std::string text(rest_.substr(0, digits));
    require(text.find_first_not_of("0123456789abcdef") == text.npos, "hexadecimal digits");
    rest_.remove_prefix(digits);
    return static_cast<unsigned>(std::strtoul(text.c_str(), nullptr, 16));
  }

  void append_character(unsigned code, std::string& out) {
    const auto byte = [&](unsigned value) { out += static_cast<char>(value); };
    if (code < 0x80) return byte(code);
    if (code < 0x800) {
      byte(0xc0 | code >> 6);
    } else if (code < 0x10000) {
      byte(0xe0 | code >> 12);
      byte(0x80 | (code >> 6 & 0x3f));
    } else {
      byte(0xf0 | code >> 18);
      byte(0x80 | (code >> 12 & 0x3f));
      byte(0x80 | (code >> 6 & 0x3f));
    }
    byte(0x80 | (code & 0x3f));
  }

  void escape(std::string& out) {
    take("\\");
    if (rest_.starts_with('"')) {
      take("\"");
      out += '"';
    } else if (rest_.starts_with('u')) {
      take("u");
      unsigned code = hex(4);
      require(code < 0xdc00 || code > 0xdfff, "no second half of a pair alone");
      if (code >= 0xd800 && code < 0xdc00) {
        take("\\u");
        const unsigned low = hex(4);
        require(low >= 0xdc00 && low < 0xe000, "the second half of a pair");
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      }
      append_character(code, out);
    } else {
      take("\\x");
      out += static_cast<char>(hex(2));
    }
  }

  std::string string() {
    std::string out;
    take("\"");
    while (!rest_.starts_with('"')) {
      require(!rest_.empty() && rest_[0] >= 0x20 && rest_[0] < 0x7f, "printable ASCII");
      if (rest_.starts_with('\\')) {
        escape(out);
      } else {
        out += rest_[0];
        rest_.remove_prefix(1);
      }
    }
    take("\"");
    return out;
  }

  std::string_view rest_;
};

using Lines = std::array<std::string_view, 5>;

Lines lines_of(std::string_view input) {
  Lines lines;
  for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
    lines[i] = input.substr(0, input.find('\n'));
    input.remove_prefix(std::min(input.size(), lines[i].size() + 1));
  }
  lines.back() = input;
  return lines;
}

std::string written(const conf::AccessLog& format, const log::AccessRecord& record) {
  log::Dates dates;
  std::string line(log::line_room(format.kind, record), '\0');
  const char* const end = log::write_record(format, record, dates, line.data());
  require(end <= line.data() + line.size(), "the line within its room");
  line.resize(static_cast<std::size_t>(end - line.data()));
  require(line.size() <= log::kMaxRecord, "a line that syslog daemons take");
  return line;
}

void check_text(const std::map<std::string, std::string>& all, const std::string& key,
                std::string_view bytes) {
  const std::string& value = all.at(key);
  if (value == "null") return require(bytes.empty(), "a text that is there");
  const std::string_view text = std::string_view(value).substr(1);
  const bool is_cut = (" " + all.at("cut")).find(" " + key + " ") != std::string::npos;
  require(is_cut ? bytes.starts_with(text) : bytes == text, "the bytes of the client");
}

void check_json(const log::AccessRecord& record, const Lines& lines) {
  const std::string line = written({conf::AccessLog::Kind::json, {}}, record);
  const auto all = Reader(line).read();
  require(all.size() == conf::log_field_names().size() + 1, "all fields and cut");
  if (record.method_size == 0) {
    check_text(all, "request", lines[0]);
  } else {
    check_text(all, "target", lines[0].substr(record.method_size + 1, record.target_size));
  }
  check_text(all, "referer", lines[1]);
  check_text(all, "user_agent", lines[2]);
  check_text(all, "host", lines[3]);
  check_text(all, "user", lines[4]);
}

void check_named(const log::AccessRecord& record) {
  using conf::LogField;
  const conf::AccessLog format{conf::AccessLog::Kind::format,
                               {{"<", LogField::target, false},
                                {" ", LogField::request, false},
                                {" \"", LogField::user_agent, true},
                                {"\" ", LogField::user, false},
                                {">", {}, false}}};
  const std::string line = written(format, record);
  require(std::ranges::all_of(line, [](char c) { return c >= 0x20 && c < 0x7f; }),
          "printable ASCII");
  require(std::ranges::count(line, '"') == 2, "the quotation marks of the format");
  const std::size_t open = line.find('"');
  const std::size_t close = line.rfind('"');
  require(std::ranges::count(line.substr(0, open), ' ') == 2 &&
              std::ranges::count(line.substr(close), ' ') == 1,
          "the words of the format");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const Lines lines = lines_of(input);
  log::AccessRecord record;
  log::AccessLog::begin(log::Shows::all, {lines[0], lines[1], lines[2], lines[3]}, 0, record);
  record.user = lines[4].substr(0, log::kMaxUser + 1);
  record.client_ip = "192.0.2.7";
  check_json(record, lines);
  check_named(record);
  return 0;
}
