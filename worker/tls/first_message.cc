// Walks over the records of a ClientHello: see first_message.h. RFC 8446 sections 4 and 5.1.
#include "worker/tls/first_message.h"

#include <algorithm>

namespace worker::tls {

namespace {

constexpr std::size_t kRecordHeader = 5;   // type, version, length
constexpr std::size_t kMessageHeader = 4;  // type, length
constexpr unsigned char kHandshake = 22;
constexpr unsigned char kMajorVersion = 3;
constexpr std::size_t kMaxRecord = 16 * 1024;
constexpr unsigned char kClientHello = 1;  // also in the format of SSLv2

std::size_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

}  // namespace

std::size_t first_message_size(std::string_view bytes) {
  if (bytes.size() < kRecordHeader) return kRecordHeader;
  // The format of SSLv2, in which OpenSSL accepts a hello of TLS: two bytes of length come first.
  if ((byte_at(bytes, 0) & 0x80) != 0 && byte_at(bytes, 2) == kClientHello) {
    return 2 + ((byte_at(bytes, 0) & 0x7f) << 8) + byte_at(bytes, 1);
  }
  std::size_t length = kMessageHeader;  // of the message, as far as its header is known
  std::size_t seen = 0;                 // bytes of the message
  std::size_t header = 0;               // the bytes of its header, as a number
  for (std::size_t at = 0;;) {
    if (bytes.size() < at + kRecordHeader) return at + kRecordHeader;
    const std::size_t content = (byte_at(bytes, at + 3) << 8) + byte_at(bytes, at + 4);
    const bool is_handshake =
        byte_at(bytes, at) == kHandshake && byte_at(bytes, at + 1) == kMajorVersion;
    at += kRecordHeader;
    if (!is_handshake || content == 0 || content > kMaxRecord) return at;  // OpenSSL refuses it
    const std::size_t here = std::min(content, bytes.size() - at);
    if (seen == 0 && here != 0 && byte_at(bytes, at) != kClientHello) return at;  // so it does here
    for (std::size_t i = 0; i < here && seen + i < kMessageHeader; ++i) {
      header = header << 8 | byte_at(bytes, at + i);
      if (seen + i + 1 == kMessageHeader) length = kMessageHeader + (header & 0xffffff);
    }
    seen += content;
    at += content;
    if (here < content || seen >= length) return at;
  }
}

}  // namespace worker::tls
