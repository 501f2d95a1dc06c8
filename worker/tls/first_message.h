// Where a client's first message, the ClientHello, ends in the bytes of a connection.
//
// Pure. Lets a session wait for the whole message before it makes anything for the client: a client
// that stops in the middle then costs no more than the bytes that it has sent.
#pragma once

#include <cstddef>
#include <string_view>

namespace worker::tls {

// The most bytes of the records of a ClientHello; the message alone may have 16 KiB in one record.
// Browsers send about 2 KiB.
inline constexpr std::size_t kMaxFirstMessage = 18 * 1024;

// How many bytes must be there before the message is whole, or before it is clear that it is none:
// at most bytes.size() when the handshake can begin. Otherwise more may be needed when as many are
// there.
std::size_t first_message_size(std::string_view bytes);

}  // namespace worker::tls
