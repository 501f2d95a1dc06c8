// Maps the segment and lays the tables out in it.
//
// Anonymous and shared: children inherit the memory by fork, no other process can name it, and it
// ends with the last process of Pound. The kernel gives zero bytes, page by page as they are
// touched. No constructor runs over them except those of the session locks.
#include "shm/segment.h"

#include <sys/mman.h>

#include <boost/interprocess/anonymous_shared_memory.hpp>
#include <boost/interprocess/exceptions.hpp>
#include <boost/interprocess/mapped_region.hpp>
#include <cstring>
#include <stdexcept>
#include <string>

namespace shm {
namespace {

constexpr std::uint64_t kMagic = 0x746e656d67655350;  // "PSegment" in memory
constexpr std::uint32_t kVersion = 5;

constexpr std::size_t kPage =
    4096;  // the smallest page of Linux; a larger page holds more than the keys

}  // namespace

// The keys are alone on their page, which is kept out of swap and core dumps.
struct alignas(kPage) SecretPage {
  TicketKeys ticket_keys;
};

struct Segment::Layout {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t max_sessions;
  std::uint64_t size;
  alignas(kCacheLine) WorkerTable workers;
  ListenerTable listeners;
  ServiceTable services;
  BackendTable backends;
  BackendAddresses backend_addresses;
  ClientShares client_shares;
  alignas(kCacheLine) LogRing log_rings[kMaxRows];
  SecretPage secrets;
  // The session table follows. Its size depends on max_sessions.
};

class Segment::Mapping {
 public:
  explicit Mapping(std::uint32_t max_sessions)
      : size_(sizeof(Layout) + SessionTable::bytes_for(max_sessions)),
        region_(map(size_)),
        sessions_(session_memory(), max_sessions) {
    static_assert(kFitForSegment<Layout>);
    static_assert(sizeof(Layout) % kCacheLine == 0);
    SessionTable::format(session_memory());
    layout().magic = kMagic;
    layout().version = kVersion;
    layout().max_sessions = max_sessions;
    layout().size = size_;
    // Both are precautions. A limit or an old kernel may refuse them; the keys work anyway.
    ::mlock(&layout().secrets, sizeof layout().secrets);
    ::madvise(&layout().secrets, sizeof layout().secrets, MADV_DONTDUMP);
  }

  Layout& layout() { return *static_cast<Layout*>(region_.get_address()); }
  SessionTable& sessions() { return sessions_; }
  std::size_t size() const { return size_; }

 private:
  static boost::interprocess::mapped_region map(std::size_t size) {
    try {
      return boost::interprocess::anonymous_shared_memory(size);
    } catch (const boost::interprocess::interprocess_exception& error) {
      const int reason = error.get_native_error();
      throw std::runtime_error("cannot map the shared segment of " + std::to_string(size) +
                               " bytes: " + (reason != 0 ? std::strerror(reason) : error.what()));
    }
  }

  void* session_memory() { return static_cast<char*>(region_.get_address()) + sizeof(Layout); }

  std::size_t size_;
  boost::interprocess::mapped_region region_;
  SessionTable sessions_;
};

Segment::Segment(std::uint32_t max_sessions) : mapping_(std::make_unique<Mapping>(max_sessions)) {}

Segment::~Segment() = default;

Segment::Layout& Segment::layout() const { return mapping_->layout(); }

BackendTable& Segment::backends() { return layout().backends; }

BackendAddresses& Segment::backend_addresses() { return layout().backend_addresses; }

ListenerTable& Segment::listeners() { return layout().listeners; }

ClientShares& Segment::client_shares() { return layout().client_shares; }

ServiceTable& Segment::services() { return layout().services; }

WorkerTable& Segment::workers() { return layout().workers; }

LogRing& Segment::log_ring(Row row) { return layout().log_rings[row]; }

TicketKeys& Segment::ticket_keys() { return layout().secrets.ticket_keys; }

SessionTable& Segment::sessions() { return mapping_->sessions(); }

std::uint32_t Segment::max_sessions() const { return layout().max_sessions; }

bool Segment::intact() const {
  return layout().magic == kMagic && layout().version == kVersion &&
         layout().size == mapping_->size();
}

void Segment::release_row(Row row) {
  backends().release_row(row);
  listeners().release_row(row);
  client_shares().release_row(row);
  workers().free(row);
}

}  // namespace shm
