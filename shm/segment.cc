// Lays the tables out in the sections of the segment. No constructor runs over the memory: zero
// bytes are the initial state of everything in it.
#include "shm/segment.h"

#include <sys/mman.h>

#include "shm/section_map.h"

namespace shm {
namespace {

constexpr std::uint64_t kMagic = 0x746e656d67655350;  // "PSegment" in memory
constexpr std::uint32_t kVersion = 11;

constexpr std::size_t kPage =
    4096;  // the smallest page of Linux; a larger page holds more than the keys

// The keys are alone on their page, which is kept out of swap and core dumps.
struct alignas(kPage) SecretPage {
  TicketKeys ticket_keys;
};

struct alignas(kSectionAlign) MasterSection {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t max_sessions;
  std::uint32_t max_limits;
  std::uint64_t size;
  alignas(kCacheLine) WorkerTable::MasterPart workers;
  ListenerTable::MasterPart listeners;
  ServiceTable::MasterPart services;
  BackendTable::MasterPart backends;
  BackendAddresses backend_addresses;
  LimitTable::MasterPart limits;
  RateTable::MasterPart rates;
  Standby standby;
  StoreState::MasterPart store;
  StoreOrders store_orders;
  std::atomic<std::uint32_t> log_detail;
  SecretPage secrets;
};

struct alignas(kSectionAlign) RowSection {
  WorkerTable::RowPart workers;
  ListenerTable::RowPart listeners;
  ClientShares::RowPart client_shares;
  ServiceTable::RowPart services;
  BackendTable::RowPart backends;
  LimitTable::RowPart limits;
  TopClients::RowPart busy_clients;
  ClientConnections::RowPart client_connections;
  StoreState::RowPart store;
  alignas(kPage) LogRing log_ring;
};

// The session table follows, and then the table of rates. Their sizes depend on max_sessions and
// max_limits.
struct alignas(kPage) CommonSection {
  WorkerTable::CommonPart workers;
  ListenerTable::CommonPart listeners;
  ServiceTable::CommonPart services;
  BackendTable::CommonPart backends;
  LimitTable::CommonPart limits;
  TopClients::CommonPart busy_clients;
  StoreState::CommonPart store;
  Attempts attempts;
};

struct alignas(kSectionAlign) HelperSection {
  AuthMemory auth;
};

static_assert(kFitForSegment<HelperSection>);
static_assert(kFitForSegment<MasterSection>);
static_assert(kFitForSegment<RowSection>);
static_assert(kFitForSegment<CommonSection>);

constexpr std::size_t align_section(std::size_t size) {
  return (size + kSectionAlign - 1) / kSectionAlign * kSectionAlign;
}

SectionMap::Sizes sizes_for(SegmentSize size) {
  return {sizeof(MasterSection), sizeof(RowSection),
          align_section(sizeof(CommonSection) + SessionTable::bytes_for(size.max_sessions) +
                        RateTable::bytes_for(size.max_limits)),
          sizeof(HelperSection)};
}

// Behind the session table, whose size is a multiple of a cache line.
void* rates_behind(CommonSection& common, std::uint32_t max_sessions) {
  return static_cast<char*>(static_cast<void*>(&common + 1)) +
         SessionTable::bytes_for(max_sessions);
}

}  // namespace

class Segment::Tables {
 public:
  explicit Tables(SegmentSize size)
      : sizes(sizes_for(size)),
        map(sizes),
        master(*static_cast<MasterSection*>(map.master())),
        common(*static_cast<CommonSection*>(map.common())),
        helper(*static_cast<HelperSection*>(map.helper())),
        rows(static_cast<RowSection*>(map.row(0)), sizeof(RowSection)),
        workers(master.workers, rows.at(&rows[0].workers), common.workers),
        listeners(master.listeners, rows.at(&rows[0].listeners), common.listeners),
        services(master.services, rows.at(&rows[0].services), common.services),
        backends(master.backends, rows.at(&rows[0].backends), common.backends),
        client_shares(rows.at(&rows[0].client_shares)),
        limits(master.limits, rows.at(&rows[0].limits), common.limits),
        busy_clients(rows.at(&rows[0].busy_clients), common.busy_clients),
        client_connections(rows.at(&rows[0].client_connections)),
        store(master.store, rows.at(&rows[0].store), common.store),
        sessions(&common + 1, size.max_sessions),
        rates(master.rates, rates_behind(common, size.max_sessions), size.max_limits) {
    RobustMutex::prepare();
    master.magic = kMagic;
    master.version = kVersion;
    master.max_sessions = size.max_sessions;
    master.max_limits = size.max_limits;
    master.size = sizes.total();
    // A precaution. A limit may refuse it; the keys work anyway.
    ::mlock(&master.secrets, sizeof master.secrets);
    hide_secrets();
  }

  void confine(Row own) {
    map.confine(own);
    hide_secrets();  // the new mapping does not know that it is to be hidden
  }

  SectionMap::Sizes sizes;
  SectionMap map;
  MasterSection& master;
  CommonSection& common;
  HelperSection& helper;
  PerRow<RowSection> rows;
  WorkerTable workers;
  ListenerTable listeners;
  ServiceTable services;
  BackendTable backends;
  ClientShares client_shares;
  LimitTable limits;
  TopClients busy_clients;
  ClientConnections client_connections;
  StoreState store;
  SessionTable sessions;
  RateTable rates;

 private:
  // From core dumps. An old kernel may refuse it.
  void hide_secrets() { ::madvise(&master.secrets, sizeof master.secrets, MADV_DONTDUMP); }
};

Segment::Segment(SegmentSize size) : tables_(std::make_unique<Tables>(size)) {}

Segment::Segment(std::uint32_t max_sessions) : Segment(SegmentSize{.max_sessions = max_sessions}) {}

Segment::~Segment() = default;

BackendTable& Segment::backends() { return tables_->backends; }

BackendAddresses& Segment::backend_addresses() { return tables_->master.backend_addresses; }

ListenerTable& Segment::listeners() { return tables_->listeners; }

ClientShares& Segment::client_shares() { return tables_->client_shares; }

ServiceTable& Segment::services() { return tables_->services; }

WorkerTable& Segment::workers() { return tables_->workers; }

LogRing& Segment::log_ring(Row row) { return tables_->rows[row].log_ring; }

TicketKeys& Segment::ticket_keys() { return tables_->master.secrets.ticket_keys; }

LimitTable& Segment::limits() { return tables_->limits; }

TopClients& Segment::busy_clients() { return tables_->busy_clients; }

ClientConnections& Segment::client_connections() { return tables_->client_connections; }

Standby& Segment::standby() { return tables_->master.standby; }

StoreState& Segment::store() { return tables_->store; }

StoreOrders& Segment::store_orders() { return tables_->master.store_orders; }

RateTable& Segment::rates() { return tables_->rates; }

Attempts& Segment::attempts() { return tables_->common.attempts; }

AuthMemory& Segment::auth() { return tables_->helper.auth; }

SessionTable& Segment::sessions() { return tables_->sessions; }

std::atomic<std::uint32_t>& Segment::log_detail() { return tables_->master.log_detail; }

std::uint32_t Segment::max_sessions() const { return tables_->master.max_sessions; }

std::uint32_t Segment::max_limits() const { return tables_->master.max_limits; }

void Segment::confine(Row own) { tables_->confine(own); }

bool Segment::is_sealed() const { return tables_->map.is_sealed(); }

std::array<std::span<std::byte>, 2> Segment::writable(Row row) {
  const auto bytes = [](void* at, std::size_t size) {
    return std::span<std::byte>(static_cast<std::byte*>(at), size);
  };
  const SectionMap& map = tables_->map;
  return {bytes(map.row(row), tables_->sizes.row), bytes(map.common(), tables_->sizes.common)};
}

bool Segment::intact() const {
  return tables_->master.magic == kMagic && tables_->master.version == kVersion &&
         tables_->master.size == tables_->sizes.total();
}

std::uint64_t Segment::mend_common(std::uint64_t now_ms) {
  return backends().mend(now_ms) + listeners().mend();
}

void Segment::release_row(Row row) {
  backends().release_row(row);
  listeners().release_row(row);
  client_shares().release_row(row);
  client_connections().release_row(row);
  store().release_row(row);
  workers().free(row);
}

}  // namespace shm
