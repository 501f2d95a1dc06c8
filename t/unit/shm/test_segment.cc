// The segment: mapped before fork and shared by it, small until used, clean after a death.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>

#include "shm/segment.h"
#include "t/unit/shm/children.h"

using shm::Segment;

namespace {

// Resident shared memory of this process, in KiB.
long resident_shared() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    long kib = 0;
    if (std::sscanf(line.c_str(), "RssShmem: %ld kB", &kib) == 1) return kib;
  }
  return -1;
}

}  // namespace

TEST_CASE("a fresh segment has its marks and next to no pages") {
  const long before = resident_shared();
  REQUIRE(before >= 0);
  Segment segment;
  CHECK(segment.intact());
  CHECK(resident_shared() - before <= 64);

  // One worker with a few backends, sessions and log lines costs pages, not tables.
  REQUIRE(segment.workers().take(0, 1) == 0u);
  for (std::uint32_t i = 0; i < 8; ++i) {
    REQUIRE(segment.backends().enroll(i + 1, 8, 0) == i);
    REQUIRE(segment.backends().gate(i).try_enter(0, 1, 0));
    segment.backends().count_request(i, 0);
    CHECK(segment.backends().counters(i).requests == 1);
    segment.backends().count_response(i, 0, 200, 700);
    CHECK(segment.backends().response_times(i).total() == 1);
  }
  REQUIRE(segment.services().enroll({1, 2, 3}));
  segment.services().count_request(1, 0);
  REQUIRE(segment.listeners().enroll(1, 8) == 0u);
  segment.listeners().count_refusal(0, 0, 5);
  CHECK(segment.listeners().refusals(0)[5] == 1);
  segment.log_ring(0).write(6, "hello");
  segment.sessions().remember({1, 2}, 3, 300, 0);
  CHECK(segment.sessions().totals(0).live == 1);
  segment.release_row(0);
  CHECK(resident_shared() - before <= 512);
}

TEST_CASE("the parent sees what a child writes, in every table") {
  Segment segment(1000);
  REQUIRE(segment.workers().take(0, 1) == 0u);
  REQUIRE(segment.backends().enroll(1, 8, 0) == 0u);
  REQUIRE(segment.listeners().enroll(1, 8) == 0u);
  REQUIRE(children::succeeded(children::start([&] {
    segment.workers().count_request(0);
    segment.listeners().cells(0, 0).count_request(shm::RequestProtocol::http11);
    segment.sessions().remember({1, 2}, 3, 300, 0);
    segment.log_ring(0).write(5, "from the child");
    return segment.backends().gate(0).try_enter(0, 1, 0) &&
           segment.backends().mark_dead(0, shm::DeadReason::refused, 9);
  })));
  CHECK(segment.workers().info(0).requests == 1);
  CHECK(segment.listeners().counters(0).all_requests() == 1);
  CHECK(segment.sessions().look_up({1, 2}, 0) == 3u);
  CHECK_FALSE(segment.backends().is_live(0));
  CHECK(segment.backends().gate(0).in_service(1) == 1);
  int priority = 0;
  std::string text;
  REQUIRE(shm::LogReader().read(segment.log_ring(0), priority, text));
  CHECK(text == "from the child");
}

TEST_CASE("release_row leaves nothing of a dead process but its counts") {
  Segment segment(1);
  REQUIRE(segment.workers().take(0, 1) == 0u);
  REQUIRE(segment.workers().take(1, 1) == 1u);
  REQUIRE(segment.backends().enroll(1, 8, 0) == 0u);
  REQUIRE(segment.listeners().enroll(1, 8) == 0u);
  for (shm::Row row = 0; row < 2; ++row) {
    REQUIRE(segment.backends().gate(0).try_enter(row, 2, 0));
    REQUIRE(segment.listeners().gate(0).try_enter(row, 2, 0));
    segment.backends().count_request(0, row);
    segment.listeners().cells(0, row).count_request(shm::RequestProtocol::http11);
    segment.workers().count_request(row);
  }
  segment.backends().gate(0).publish_waiting(0, segment.backends().gate(0).draw_ticket(), 1);
  segment.release_row(0);
  CHECK(segment.backends().gate(0).in_service(2) == 1);
  CHECK(segment.backends().gate(0).waiting(2) == 0);
  CHECK(segment.listeners().gate(0).in_service(2) == 1);
  CHECK(segment.backends().counters(0).requests == 2);
  CHECK(segment.listeners().counters(0).all_requests() == 2);
  CHECK(segment.workers().total_requests() == 2);
  CHECK(segment.workers().info(0).state == shm::WorkerState::free);
  CHECK(segment.workers().take(5, 2) == 0u);
}

TEST_CASE("a segment that cannot be mapped says so") {
  // 2^32-1 sessions are 192 GiB: more than an address space limited to this has room for.
  const pid_t pid = children::start([] {
    try {
      Segment segment(0xffffffff);
      return true;  // this machine grants the memory; there is nothing to test
    } catch (const std::runtime_error& error) {
      const std::string text = error.what();
      return text.rfind("cannot map the shared segment of ", 0) == 0 &&
             text.find(" bytes: Cannot allocate memory") != std::string::npos;
    }
  });
  CHECK(children::succeeded(pid));
}

namespace {

// Whether a child of this process, confined to a row, dies of SIGSEGV when it does this.
template <class Act>
bool is_fatal(Segment& segment, Act act, shm::Row row = 1) {
  const int status = children::wait_for(children::start([&] {
    ::signal(SIGSEGV, SIG_DFL);
    segment.confine(row);
    act();
    return true;
  }));
  CHECK((status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV)));
  return status != 0;
}

}  // namespace

TEST_CASE("a confined process writes its own row and the common part, and reads everything") {
  Segment segment(1000);
  REQUIRE(segment.workers().take(0, 1) == 0u);
  REQUIRE(segment.workers().take(1, 1) == 1u);
  REQUIRE(segment.backends().enroll(7, 8, 0) == 0u);
  REQUIRE(segment.listeners().enroll(1, 8) == 0u);
  REQUIRE(segment.services().enroll({1}));
  REQUIRE(segment.backends().gate(0).try_enter(0, 2, 0));
  segment.log_ring(0).write(6, "of row 0");
  REQUIRE(children::succeeded(children::start([&] {
    segment.confine(1);
    segment.workers().beat(1, 77);
    segment.workers().count_request(1);
    segment.workers().invite(0, 3);
    segment.backends().count_request(0, 1);
    segment.backends().count_response(0, 1, 200, 500);
    segment.backends().mark_dead(0, shm::DeadReason::refused, 9);
    segment.listeners().cells(0, 1).count_request(shm::RequestProtocol::http11);
    segment.listeners().count_refusal(0, 1, 2);
    segment.services().count_request(0, 1);
    segment.sessions().remember({1, 2}, 3, 300, 0);
    segment.log_ring(1).write(5, "of row 1");
    return segment.intact() && segment.backends().gate(0).try_enter(1, 2, 0) &&
           segment.backends().gate(0).in_service(2) == 2 &&
           segment.backends().gate(0).draw_ticket() == 1 && segment.workers().info(0).slot == 0;
  })));
  CHECK(segment.workers().info(1).heartbeat_ms == 77);
  CHECK(segment.workers().take_invitations(0) == 8);
  CHECK(segment.backends().counters(0).requests == 1);
  CHECK(segment.backends().response_times(0).total() == 1);
  CHECK(segment.backends().gate(0).in_service(2) == 2);
  CHECK(segment.sessions().look_up({1, 2}, 0) == 3u);
  CHECK(segment.listeners().refusals(0)[2] == 1);
}

TEST_CASE("a confined process can write neither the master's part nor another row") {
  Segment segment(1000);
  CHECK(segment.is_sealed());
  REQUIRE(segment.workers().take(0, 1) == 0u);
  REQUIRE(segment.workers().take(1, 1) == 1u);
  REQUIRE(segment.backends().enroll(7, 8, 0) == 0u);
  CHECK_FALSE(is_fatal(segment, [&] { segment.workers().beat(1, 1); }));
  CHECK(is_fatal(segment, [&] { segment.workers().beat(0, 1); }));
  CHECK(is_fatal(segment, [&] { segment.workers().beat(2, 1); }));
  CHECK(is_fatal(segment, [&] { segment.backends().gate(0).leave(0); }));
  CHECK(is_fatal(segment, [&] { segment.log_ring(0).write(6, "x"); }));
  CHECK(is_fatal(segment, [&] { segment.workers().set_state(1, shm::WorkerState::free); }));
  CHECK(is_fatal(segment, [&] { segment.backends().gate(0).set_limit(1); }));
  CHECK(is_fatal(segment, [&] { segment.backends().retire(0); }));
  CHECK(is_fatal(segment, [&] { segment.ticket_keys().rotate({}); }));
  CHECK(is_fatal(segment, [&] { segment.backend_addresses().publish(0, 1, {}); }));
}

TEST_CASE(
    "the memory of the helper is writable for the helper alone, and the helper writes no other") {
  Segment segment(1000);
  REQUIRE(segment.workers().take(0, 1) == 0u);
  const auto remember = [&] { segment.auth().remembered.add({1, 2}, 0); };
  CHECK(is_fatal(segment, remember));
  CHECK(is_fatal(segment, remember, shm::kNoRow));
  CHECK_FALSE(segment.auth().remembered.knows({1, 2}, 0));
  CHECK_FALSE(is_fatal(segment, remember, shm::kHelperRow));
  CHECK(segment.auth().remembered.knows({1, 2}, 0));
  CHECK(is_fatal(
      segment, [&] { segment.attempts().take(1, 0); }, shm::kHelperRow));
  CHECK(is_fatal(
      segment, [&] { segment.workers().beat(0, 1); }, shm::kHelperRow));
  CHECK(is_fatal(
      segment, [&] { segment.ticket_keys().rotate({}); }, shm::kHelperRow));
  CHECK_FALSE(is_fatal(segment, [&] { segment.attempts().take(1, 0); }));
}

TEST_CASE("what is read-only cannot be made writable again") {
  Segment segment(1000);
  REQUIRE(segment.workers().take(0, 1) == 0u);
  REQUIRE(segment.workers().take(1, 1) == 1u);
  segment.log_ring(2).write(6, "of row 2");
  void* const keys = &segment.ticket_keys();
  void* const ring = &segment.log_ring(0);
  CHECK(children::succeeded(children::start([&] {
    segment.confine(1);
    for (void* const at : {keys, ring}) {
      constexpr std::uintptr_t kPage = 4096;
      void* const page =
          reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(at) / kPage * kPage);
      if (::mprotect(page, kPage, PROT_READ | PROT_WRITE) == 0 || errno != EACCES) return false;
      if (::madvise(page, kPage, MADV_REMOVE) == 0) return false;
    }
    // Making the own row longer does not reach the next one.
    const std::span<std::byte> own = segment.writable(1)[0];
    void* const longer = ::mremap(own.data(), own.size(), 2 * own.size(), MREMAP_MAYMOVE);
    if (longer == MAP_FAILED) return false;
    const auto* const next = static_cast<const std::byte*>(longer) + own.size();
    return std::all_of(next, next + own.size(), [](std::byte byte) { return byte == std::byte{}; });
  })));
}

TEST_CASE("a process without a row writes nothing at all") {
  Segment segment(1000);
  REQUIRE(segment.backends().enroll(7, 8, 0) == 0u);
  const auto mark = [&] { segment.backends().mark_dead(0, shm::DeadReason::refused, 9); };
  CHECK(is_fatal(segment, mark, shm::kNoRow));
  CHECK(is_fatal(
      segment, [&] { segment.workers().beat(0, 1); }, shm::kNoRow));
  CHECK_FALSE(is_fatal(
      segment, [&] { segment.backends().liveness(0); }, shm::kNoRow));
  CHECK(segment.backends().is_live(0));
  CHECK_FALSE(is_fatal(segment, mark));
  CHECK_FALSE(segment.backends().is_live(0));
}
