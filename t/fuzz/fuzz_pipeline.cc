// Fuzzes a client's whole stream: requests one behind the other, heads and bodies.
//
// Properties: every split of the stream gives the same requests; no byte lies between two of them,
// and none is read behind a refused one; the heads and bodies that are written for the backend, one
// behind the other, hold the same requests with the same bodies. So no two requests ever exchange a
// byte.
#include <algorithm>
#include <vector>

#include "t/fuzz/frame.h"
#include "worker/http/body_reader.h"
#include "worker/http/chunked.h"
#include "worker/http/sanitizer.h"

using namespace worker::http;
using fuzz::require;

namespace {

// More would only make a run slow.
constexpr std::size_t kMostRequests = 16;

struct Request {
  std::string written;  // the head as the backend gets it
  std::string method;
  std::string target;  // as it goes out
  std::string body;
  std::string trailer;
  bool chunked = false;
  std::size_t begin = 0;
  std::size_t end = 0;
};

// Reads a stream in pieces, as a client's connection does.
class Reader {
 public:
  void feed(std::string_view piece) {
    waiting_.append(piece);
    while (!stopped_ && step()) {
    }
  }

  std::vector<Request> requests;  // those that are complete
  Refusal refusal;
  std::size_t consumed = 0;

 private:
  bool step() {
    if (requests.size() == kMostRequests) stopped_ = true;
    if (stopped_ || waiting_.empty()) return false;
    return in_body_ ? read_body() : read_head();
  }

  bool stop(const Refusal& reason) {
    refusal = reason;
    stopped_ = true;
    return false;
  }

  void take(std::size_t size) {
    waiting_.erase(0, size);
    consumed += size;
  }

  bool end_request() {
    now_.end = consumed;
    requests.push_back(std::move(now_));
    in_body_ = false;
    return true;
  }

  bool read_head() {
    RequestHead head;
    Refusal found;
    const ParseStatus status = parse_request_head(waiting_, scanned_, head, found);
    if (status == ParseStatus::incomplete) return false;
    RequestFacts facts;
    if (!found) found = judge_request(head, facts);
    if (found) return stop(found);
    scanned_ = 0;
    now_ = {};
    now_.begin = consumed;
    now_.method = head.method;
    append_path_query(head.path_query, true, now_.target);
    write_request_head(head, facts, fuzz::kForwarded, now_.written);
    now_.chunked = facts.body.kind == Framing::Kind::chunked;
    body_.start(facts.body);
    in_body_ = true;
    take(head.size);
    return body_.is_whole() ? end_request() : true;
  }

  bool read_body() {
    const std::uint64_t most = body_.most_left();
    const BodyReader::Taken taken = body_.take(waiting_.data(), waiting_.size());
    require(taken.produced <= taken.consumed && taken.consumed <= most,
            "takes only bytes of the body");
    now_.body.append(waiting_, 0, taken.produced);
    take(taken.consumed);
    if (body_.state() == BodyReader::State::refused) return stop(body_.refusal());
    if (!body_.is_whole()) return false;
    require(body_.data_bytes() == now_.body.size(), "counts the body's bytes");
    now_.trailer = body_.trailer();
    return end_request();
  }

  std::string waiting_;
  std::size_t scanned_ = 0;
  bool in_body_ = false;
  Request now_;
  BodyReader body_;
  bool stopped_ = false;
};

Reader read(std::string_view stream, std::size_t step) {
  Reader reader;
  for (std::size_t at = 0; at < stream.size(); at += step) reader.feed(stream.substr(at, step));
  return reader;
}

struct Text {
  void add(std::string_view bytes) { out.append(bytes); }
  std::string& out;
};

// Writes the body in two parts, as after two reads.
void write_body(const Request& request, std::string& out) {
  const std::string_view body = request.body;
  const std::size_t half = body.size() / 2;
  Text text{out};
  char room[kMaxChunkHeader];
  frame_body({.in_chunks = request.chunked, .data = body.substr(0, half)}, room, text);
  frame_body({.in_chunks = request.chunked,
              .data = body.substr(half),
              .is_last = true,
              .trailer = request.trailer},
             room, text);
}

void same(const std::vector<Request>& a, const std::vector<Request>& b) {
  require(a.size() == b.size(), "same number of requests");
  for (std::size_t i = 0; i < a.size(); ++i) {
    require(a[i].method == b[i].method, "same method");
    require(a[i].target == b[i].target, "same target");
    require(a[i].body == b[i].body, "same body");
    require(a[i].trailer == b[i].trailer, "same trailer");
  }
}

void same_reading(const Reader& a, const Reader& b) {
  same(a.requests, b.requests);
  require(a.refusal.reason == b.refusal.reason && a.refusal.offset == b.refusal.offset,
          "same refusal for any split");
  for (std::size_t i = 0; i < a.requests.size(); ++i) {
    require(a.requests[i].begin == b.requests[i].begin && a.requests[i].end == b.requests[i].end,
            "same place for any split");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view stream = fuzz::text(data, size);
  const Reader whole = read(stream, size + 1);
  same_reading(whole, read(stream, 1));
  same_reading(whole, read(stream, 13));

  std::string out;
  std::size_t end = 0;
  for (const Request& request : whole.requests) {
    require(request.begin == end, "no byte lies between two requests");
    end = request.end;
    out.append(request.written);
    write_body(request, out);
    const bool fits = request.written.size() <= kMaxHead &&
                      request.written.find("\r\n") <= kMaxRequestLine &&
                      request.trailer.size() <= kMaxTrailer &&
                      std::count(request.written.begin(), request.written.end(), '\n') < 100;
    if (!fits) return 0;
  }
  const Reader again = read(out, out.size() + 1);
  same(whole.requests, again.requests);
  require(again.consumed == out.size(), "every byte that is written belongs to a request");
  return 0;
}
