// The answers of a store in the protocol of Redis (RESP), out of the bytes as they come.
//
// hiredis' reader parses. It builds no objects: its callbacks fill the one answer that is under
// way, so an answer costs no memory beyond its text. A store is not trusted: an answer of more than
// kMostReply bytes, or a list of more than kMostListed elements, is a failure. After one, nothing
// more is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct redisReader;

namespace worker::store {

inline constexpr std::size_t kMostReply = 64 * 1024;
inline constexpr std::size_t kMostListed = 1024;

struct Reply {
  enum class Kind : std::uint8_t { nothing, text, status, error, number, list };

  Kind kind = Kind::nothing;  // `nothing`: nil
  std::string text;           // of a text, a status or an error
  long long number = 0;
  // The elements of a list. One that is no text is empty, and so is nil; the elements of lists
  // within the list are left out.
  std::vector<std::optional<std::string>> list;
};

class Replies {
 public:
  Replies();
  ~Replies();
  Replies(const Replies&) = delete;
  Replies& operator=(const Replies&) = delete;

  void feed(std::string_view bytes);
  // The next whole answer. Take all of them before more bytes are fed.
  std::optional<Reply> next();
  bool failed() const { return failed_; }

 private:
  struct Building;
  struct Delete {
    void operator()(redisReader* reader) const;
  };

  std::unique_ptr<Building> building_;
  std::unique_ptr<redisReader, Delete> reader_;
  bool failed_ = false;
};

}  // namespace worker::store
