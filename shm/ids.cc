// Ids from descriptions: FNV-1a over the parts, each with its length, then a finishing mix.
//
// The hash has no key: the input is the administrator's configuration, and an id must be the same
// after a reload.
#include "shm/ids.h"

namespace shm {
namespace {

class Hash {
 public:
  explicit Hash(char kind) { add(static_cast<unsigned char>(kind)); }

  void add(std::uint64_t number) {
    for (int shift = 0; shift < 64; shift += 8) add(static_cast<unsigned char>(number >> shift));
  }

  // With its length, so that "ab" + "c" and "a" + "bc" differ.
  void add(std::string_view text) {
    add(std::uint64_t{text.size()});
    for (char c : text) add(static_cast<unsigned char>(c));
  }

  // The mix is needed because FNV leaves the upper bits weak for short input. 0 means "none".
  std::uint64_t value() const {
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 33)) * 0xff51afd7ed558ccdU;
    mixed = (mixed ^ (mixed >> 33)) * 0xc4ceb9fe1a85ec53U;
    mixed ^= mixed >> 33;
    return mixed == 0 ? 1 : mixed;
  }

 private:
  void add(unsigned char byte) { state_ = (state_ ^ byte) * 0x100000001b3U; }

  std::uint64_t state_ = 0xcbf29ce484222325U;
};

}  // namespace

BackendId make_backend_id(std::string_view anchor, std::string_view address, std::uint16_t port,
                          unsigned occurrence) {
  Hash hash('b');
  hash.add(anchor);
  hash.add(address);
  hash.add(std::uint64_t{port});
  hash.add(std::uint64_t{occurrence});
  return hash.value();
}

ListenerId make_listener_id(std::string_view address, std::uint16_t port) {
  Hash hash('l');
  hash.add(address);
  hash.add(std::uint64_t{port});
  return hash.value();
}

ServiceId make_service_id(std::string_view identity, unsigned occurrence) {
  Hash hash('s');
  hash.add(identity);
  hash.add(std::uint64_t{occurrence});
  return hash.value();
}

LimitId make_limit_id(std::uint64_t owner, std::uint32_t number, std::string_view clients) {
  Hash hash('r');
  hash.add(owner);
  hash.add(std::uint64_t{number});
  hash.add(clients);
  return hash.value();
}

}  // namespace shm
