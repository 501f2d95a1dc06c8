// Fuzzes a client's whole stream: requests one behind the other, heads and bodies.
//
// Properties: the same requests are found however the stream is split; they lie behind each other
// without a gap, and nothing is read behind one that is refused; what is written for the backend,
// all behind each other again, holds the same requests with the same bodies: two of them never
// exchange a byte.
#include <algorithm>
#include <array>
#include <vector>

#include "t/fuzz/frame.h"
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

// Reads a stream as a client's connection does, in pieces.
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
  enum class In { head, length, chunks };

  bool step() {
    if (requests.size() == kMostRequests) stopped_ = true;
    if (stopped_ || waiting_.empty()) return false;
    if (in_ == In::head) return read_head();
    return in_ == In::length ? read_length() : read_chunks();
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
    in_ = In::head;
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
    left_ = facts.body.length;
    decoder_ = ChunkedDecoder();
    in_ = now_.chunked ? In::chunks : In::length;
    take(head.size);
    return in_ == In::length && left_ == 0 ? end_request() : true;
  }

  bool read_length() {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, waiting_.size()));
    now_.body.append(waiting_, 0, size);
    left_ -= size;
    take(size);
    return left_ == 0 ? end_request() : false;
  }

  bool read_chunks() {
    const ChunkedDecoder::Result result = decoder_.decode(waiting_.data(), waiting_.size());
    now_.body.append(waiting_, 0, result.produced);
    take(result.consumed);
    if (result.state == ChunkedDecoder::State::refused) return stop(decoder_.refusal());
    if (result.state == ChunkedDecoder::State::more) return false;
    now_.trailer = decoder_.trailer();
    return end_request();
  }

  std::string waiting_;
  std::size_t scanned_ = 0;
  In in_ = In::head;
  Request now_;
  std::uint64_t left_ = 0;
  ChunkedDecoder decoder_;
  bool stopped_ = false;
};

Reader read(std::string_view stream, std::size_t step) {
  Reader reader;
  for (std::size_t at = 0; at < stream.size(); at += step) reader.feed(stream.substr(at, step));
  return reader;
}

// One chunk for the whole body, as for one read.
void write_body(const Request& request, std::string& out) {
  if (!request.chunked) {
    out.append(request.body);
    return;
  }
  if (!request.body.empty()) {
    std::array<char, kMaxChunkHeader> header;
    out.append(header.data(), write_chunk_header(request.body.size(), header.data()));
    out.append(request.body).append(kChunkEnd);
  }
  out.append(kLastChunk).append(request.trailer).append(kChunkEnd);
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
  require(again.consumed == out.size(), "all of what is written belongs to one of them");
  return 0;
}
