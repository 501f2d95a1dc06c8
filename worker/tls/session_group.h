// What all TLS sessions of one listener, or of one backend, share: their settings, the transport
// and the scratch.
//
// Owned by the generation of a worker and outlives its sessions. Only one session at a time uses
// the transport and the scratch, for the length of one call.
#pragma once

#include <openssl/types.h>

#include <cstdint>
#include <memory>
#include <string>

struct bio_method_st;  // OpenSSL's BIO_METHOD

namespace worker::tls {

// Memory that a session needs only during a call.
struct Scratch {
  std::string output;                // records on their way to the socket
  std::unique_ptr<char[]> gathered;  // kRecordSize bytes, for small pieces that share a record
};

// The BIO that OpenSSL reads and writes through, with the table of its functions.
struct SharedTransport {
  struct Delete {
    void operator()(BIO* bio) const;
    void operator()(bio_method_st* method) const;
  };
  std::unique_ptr<bio_method_st, Delete> method;
  std::unique_ptr<BIO, Delete> bio;
};

class SessionGroup {
 public:
  enum class Side : std::uint8_t { server, client };  // which side of TLS Pound is

  explicit SessionGroup(Side side);  // throws when memory is short
  SessionGroup(const SessionGroup&) = delete;
  SessionGroup& operator=(const SessionGroup&) = delete;

  Side side() const { return side_; }
  BIO* transport() const { return transport_.bio.get(); }
  Scratch& scratch();

  // One side of one connection, still without a transport. The caller owns it. Null when memory is
  // short.
  virtual SSL* new_session() = 0;

 protected:
  ~SessionGroup() = default;

 private:
  const Side side_;
  Scratch scratch_;
  SharedTransport transport_;
};

}  // namespace worker::tls
