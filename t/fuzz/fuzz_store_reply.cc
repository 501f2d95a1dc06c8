// Fuzzes the answers of a session store.
//
// The input is a byte for the size of the pieces, and what the store sends. Properties: the answers
// are the same however the bytes are cut, within kMostReply; none is larger than what came, or has
// more than kMostListed elements; after a failure there is none; written out again, each is read as
// the same answer. What a text says of a session is itself again as a value.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "t/fuzz/frame.h"
#include "worker/store/replies.h"
#include "worker/store/value.h"

using namespace worker::store;
using fuzz::require;
using Kind = Reply::Kind;

namespace {

struct Outcome {
  std::vector<Reply> replies;
  bool failed = false;
};

bool same(const Reply& a, const Reply& b) {
  return a.kind == b.kind && a.text == b.text && a.number == b.number && a.list == b.list;
}

Outcome read(std::string_view bytes, std::size_t piece) {
  Outcome made;
  Replies replies;
  for (std::size_t at = 0; at < bytes.size() && !replies.failed(); at += piece) {
    replies.feed(bytes.substr(at, piece));
    while (std::optional<Reply> reply = replies.next()) made.replies.push_back(std::move(*reply));
  }
  made.failed = replies.failed();
  if (made.failed) {
    replies.feed("+OK\r\n");
    require(!replies.next() && replies.failed(), "nothing after a failure");
  }
  return made;
}

std::string bulk(const std::optional<std::string>& text) {
  if (!text) return "$-1\r\n";
  return "$" + std::to_string(text->size()) + "\r\n" + *text + "\r\n";
}

std::string written(const Reply& reply) {
  switch (reply.kind) {
    case Kind::nothing:
      return "$-1\r\n";
    case Kind::text:
      return bulk(reply.text);
    case Kind::status:
      return "+" + reply.text + "\r\n";
    case Kind::error:
      return "-" + reply.text + "\r\n";
    case Kind::number:
      return ":" + std::to_string(reply.number) + "\r\n";
    case Kind::list:
      break;
  }
  std::string made = "*" + std::to_string(reply.list.size()) + "\r\n";
  for (const std::optional<std::string>& one : reply.list) made += bulk(one);
  return made;
}

void check(const Reply& reply, std::size_t came) {
  std::size_t size = reply.text.size();
  for (const std::optional<std::string>& one : reply.list) size += one ? one->size() : 0;
  require(size <= came && reply.list.size() <= kMostListed, "no more than what came");
  require(reply.kind == Kind::list || reply.list.empty(), "elements of lists only");
  const Outcome again = read(written(reply), 4096);
  require(!again.failed && again.replies.size() == 1 && same(again.replies[0], reply),
          "the same when it is written out");
  if (reply.kind != Kind::text) return;
  const Found found = found_in(reply.text);
  require(found.what == Found::What::backend
              ? value_of(found.backend, found.is_confirmed) == reply.text
              : found.what == Found::What::deleted && reply.text == kDeleted,
          "a value is itself again");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes = fuzz::text(data, size).substr(1);
  const Outcome whole = read(bytes, std::max<std::size_t>(bytes.size(), 1));
  const Outcome cut = read(bytes, std::size_t{data[0]} + 1);
  const std::size_t both = std::min(whole.replies.size(), cut.replies.size());
  require(std::equal(whole.replies.begin(), whole.replies.begin() + static_cast<long>(both),
                     cut.replies.begin(), same),
          "the same answers");
  require(bytes.size() > kMostReply ||
              (whole.failed == cut.failed && whole.replies.size() == cut.replies.size()),
          "the same end");
  for (const Reply& reply : whole.replies) check(reply, bytes.size());
  return 0;
}
