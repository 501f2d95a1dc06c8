// Attacks on shared memory and on what processes share besides.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <random>

#include "evil.h"

namespace evil {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kRingData = 128;  // from the begin of a log ring to its first record
constexpr std::size_t kRingBytes = 256 * 1024;
constexpr int kDescriptors = 256;

bool is_writable(const Map& map) { return (map.protection & PROT_WRITE) != 0; }

std::string count_text(std::size_t count) { return std::to_string(count); }

// The ring of this worker, which begins with the record of an earlier request of 127.0.0.1.
char* find_ring() {
  constexpr char kRecord[] = "127.0.0.1 - - [";
  for (const Map& map : shared_maps()) {
    if (!is_writable(map)) continue;
    for (std::size_t at = 0; at + kRingData + kRingBytes <= map.size; at += kPage) {
      const char* const text = map.at + at + kRingData + 8;
      if (std::memcmp(text, kRecord, sizeof kRecord - 1) == 0) return map.at + at;
    }
  }
  return nullptr;
}

std::atomic<std::uint64_t>& written_of(char* ring) {
  return *reinterpret_cast<std::atomic<std::uint64_t>*>(ring);
}

void put_record(char* ring, std::uint32_t priority, const std::string& text) {
  std::atomic<std::uint64_t>& written = written_of(ring);
  const std::uint64_t at = written.load();
  const std::uint32_t header[2] = {static_cast<std::uint32_t>(text.size()), priority};
  const auto put = [&](std::uint64_t where, const void* from, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
      ring[kRingData + (where + i) % kRingBytes] = static_cast<const char*>(from)[i];
    }
  };
  put(at, header, sizeof header);
  put(at + sizeof header, text.data(), text.size());
  written.store(at + sizeof header + (text.size() + 7) / 8 * 8);
}

std::uint64_t now_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000 +
         static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000;
}

// Fills all that this worker may write, and dies.
Attack fill("fill", [](const std::string& byte) {
  for (const Map& map : shared_maps()) {
    if (is_writable(map)) std::memset(map.at, std::stoi(byte), map.size);
  }
  std::abort();
  return std::string();
});

// Writes somewhere to what this worker must not write: dies, or tells how far it came.
Attack trespass("trespass", [](const std::string& which) {
  const std::size_t wanted = std::stoul(which);
  std::size_t seen = 0;
  for (const Map& map : shared_maps()) {
    if (is_writable(map) || seen++ != wanted) continue;
    std::memset(map.at, 'A', kPage);
    return std::string("written");
  }
  return "there are " + count_text(seen) + " mappings";
});

// How many shared mappings of this worker are writable, and how many more it can make so.
Attack unlock("unlock", [](const std::string&) {
  std::size_t writable = 0;
  std::size_t made = 0;
  for (const Map& map : shared_maps()) {
    writable += is_writable(map) ? 1 : 0;
    if (!is_writable(map)) {
      made += ::mprotect(map.at, kPage, PROT_READ | PROT_WRITE) == 0 ? 1 : 0;
    }
  }
  return count_text(writable) + " writable, " + count_text(made) + " more";
});

// Random bytes in random places. The worker goes on with what it finds there.
Attack scribble("scribble", [](const std::string& seed) {
  std::mt19937_64 random(std::stoull(seed));
  for (int i = 0; i < 100; ++i) {
    for (const Map& map : shared_maps()) {
      if (!is_writable(map)) continue;
      const std::size_t size = 1 + random() % 64;
      char* const at = map.at + random() % (map.size - size);
      const bool is_same = random() % 4 == 0;
      for (std::size_t k = 0; k < size; ++k) at[k] = is_same ? '\xff' : static_cast<char>(random());
    }
  }
  return std::string("done");
});

// Records without a text, as fast as the master takes them, for so many milliseconds.
Attack empty_records("empty_records", [](const std::string& ms) {
  char* const ring = find_ring();
  if (ring == nullptr) return std::string("no ring");
  std::memset(ring + kRingData, 0, kRingBytes);
  const auto& taken = *reinterpret_cast<const std::atomic<std::uint64_t>*>(ring + 64);
  const std::uint64_t end = now_ms() + std::stoull(ms);
  while (now_ms() < end) {
    while (written_of(ring).load() - taken.load() < kRingBytes) written_of(ring).fetch_add(8);
  }
  return std::string("done");
});

// A record as root's own would be, and an impossible number of lost ones.
Attack forge("forge", [](const std::string& pid) {
  char* const ring = find_ring();
  if (ring == nullptr) return std::string("no ring");
  put_record(ring, 0,
             "forged by " + pid +
                 " \x9b"
                 "31m\x1b[0m\nJan  1 00:00:00 pound[1]: x");
  reinterpret_cast<std::atomic<std::uint64_t>*>(ring)[1].store(1'000'000'000'000'000);
  return std::string("done");
});

// Makes every descriptor block, fills all sockets, and kills another worker.
Attack block("block", [](const std::string& pid) {
  for (int fd = 3; fd < kDescriptors; ++fd) {
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags >= 0) ::fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
  }
  for (int fd = 3; fd < kDescriptors; ++fd) {
    for (int i = 0; i < 10'000 && ::send(fd, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1; ++i) {
    }
  }
  ::kill(std::stoi(pid), SIGKILL);
  return std::string("done");
});

}  // namespace
}  // namespace evil
