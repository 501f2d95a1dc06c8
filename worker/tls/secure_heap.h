// The memory for private keys: OpenSSL's secure heap, which is never swapped out and never part of
// a core dump.
//
// The master makes it once and then cannot enlarge it. Handshakes need some of it as well, for the
// keys of the key exchange. When it is full, RSA keys are kept in ordinary memory. Keys of other
// kinds need 64 bytes or less and stay in the heap.
#pragma once

#include <cstddef>
#include <vector>

#include "conf/config.h"
#include "conf/diagnostic.h"
#include "worker/tls/certificate.h"

namespace worker::tls {

// Bytes that keys leave free for handshakes: each one in flight needs 64 bytes or less.
inline constexpr std::size_t kRoomForHandshakes = 2u << 20;

// The size of the heap for files of certificates and keys of `file_bytes` bytes, in bytes. A file
// is larger than its key in memory (RSA of 4096 bits: 1792 bytes from 3272), and while a reload is
// going on there are two generations of keys.
std::size_t secure_heap_size(std::size_t file_bytes);

// Makes the heap, with room for the keys of all `listeners`. Only the first call of a process does
// something. Adds a warning when the system does not let Pound lock so much memory.
void reserve_secure_heap(const std::vector<const conf::Tls*>& listeners,
                         conf::Diagnostics& diagnostics);

struct PrivateKey {
  KeyPointer key;
  bool is_in_heap = true;  // false: in ordinary memory, because the heap is full
};

// Takes a key that OpenSSL has just parsed. Moves it to ordinary memory if handshakes could run out
// of the heap otherwise.
PrivateKey leave_room(KeyPointer key);

}  // namespace worker::tls
