// Answers of a store out of bytes that come in any pieces, and those that are none.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "worker/store/command.h"
#include "worker/store/replies.h"

using worker::store::Replies;
using worker::store::Reply;

namespace {

// One line for each answer, and "failed" at the end if it came to that.
std::string all_of(std::string_view bytes, std::size_t piece) {
  Replies replies;
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    replies.feed(bytes.substr(at, piece));
    while (const auto reply = replies.next()) {
      switch (reply->kind) {
        case Reply::Kind::nothing:
          text += "nil";
          break;
        case Reply::Kind::text:
          text += "text " + reply->text;
          break;
        case Reply::Kind::status:
          text += "status " + reply->text;
          break;
        case Reply::Kind::error:
          text += "error " + reply->text;
          break;
        case Reply::Kind::number:
          text += "number " + std::to_string(reply->number);
          break;
        case Reply::Kind::list:
          text += "list";
          for (const auto& one : reply->list) text += one ? " '" + *one + "'" : " none";
          break;
      }
      text += "\n";
    }
  }
  return text + (replies.failed() ? "failed\n" : "");
}

std::string read(std::string_view bytes) {
  const std::string whole = all_of(bytes, bytes.size());
  for (const std::size_t piece : {1, 2, 3, 7}) CHECK(all_of(bytes, piece) == whole);
  return whole;
}

}  // namespace

TEST_CASE("store replies: each kind, in whatever pieces it comes") {
  CHECK(read("+OK\r\n") == "status OK\n");
  CHECK(read("-ERR no\r\n") == "error ERR no\n");
  CHECK(read(":42\r\n") == "number 42\n");
  CHECK(read("$5\r\nhello\r\n") == "text hello\n");
  CHECK(read("$0\r\n\r\n") == "text \n");
  CHECK(read("$-1\r\n") == "nil\n");
  CHECK(read("*-1\r\n") == "nil\n");
  CHECK(read("*0\r\n") == "list\n");
  CHECK(read("*2\r\n$1\r\na\r\n$-1\r\n") == "list 'a' none\n");
  CHECK(read("+OK\r\n:1\r\n$2\r\nok\r\n") == "status OK\nnumber 1\ntext ok\n");
}

TEST_CASE("store replies: what is in lists within a list is left out") {
  CHECK(read("*3\r\n$6\r\nmaster\r\n:7\r\n*1\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n+OK\r\n") ==
        "list 'master' none none\nstatus OK\n");
}

TEST_CASE("store replies: garbage ends it") {
  CHECK(read("HTTP/1.1 400 Bad Request\r\n\r\n") == "failed\n");
  CHECK(read("+OK\r\n\x16\x03\x01\r\n") == "status OK\nfailed\n");
  CHECK(read("*2000\r\n") == "failed\n");
  CHECK(read("*600\r\n*600\r\n") == "failed\n");
  CHECK(read("$x\r\n") == "failed\n");
}

TEST_CASE("store replies: an answer that never ends is not kept") {
  Replies replies;
  replies.feed("$1000000000\r\n");
  CHECK(!replies.next());
  const std::string part(16 * 1024, 'x');
  int parts = 0;
  for (; parts < 100 && !replies.failed(); ++parts) {
    replies.feed(part);
    CHECK(!replies.next());
  }
  CHECK(replies.failed());
  CHECK(parts == 4);
}

TEST_CASE("store commands: words with any bytes") {
  std::string out = "x";
  worker::store::append_command(out, {"SET", std::string_view("a\r\n\0", 4), ""});
  CHECK(out == std::string("x*3\r\n$3\r\nSET\r\n$4\r\na\r\n\0\r\n$0\r\n\r\n", 30));
}
