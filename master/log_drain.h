// Empties the workers' log rings into the journal.
//
// While records keep coming it looks at the rings every few milliseconds; after a second of silence
// it puts the rings to sleep, and the next record rings the doorbell. One turn is bounded, so that
// signals are answered however much is logged. A record that the journal cannot take now is kept,
// and the rings wait behind it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "master/journal.h"
#include "shm/segment.h"

namespace master {

inline constexpr unsigned kRecordsPerTurn = 1000;  // of each ring
inline constexpr int kDrainPauseMs = 10;
inline constexpr std::uint64_t kSilenceMs = 1000;

class LogDrain {
 public:
  LogDrain(shm::Segment& segment, Journal& journal);

  void opened(shm::Row row, std::uint64_t now_ms);  // a process was born into it
  void closing(shm::Row row);                       // its process is dead: take what is left
  void doorbell_rang(std::uint64_t now_ms);

  void turn(std::uint64_t now_ms);
  // How long the master may block: milliseconds, -1 = until the doorbell rings.
  int timeout_ms() const;
  // While a record is kept: the descriptor that becomes writable when it may be offered again, so
  // that a short queue on the other side costs no pauses; else -1.
  int waits_for() const { return has_kept_ ? journal_.sink_fd() : -1; }

 private:
  struct Record {
    int priority = 0;
    pid_t pid = 0;
    std::string text;
  };

  bool offer_kept();
  // True when at least one record was read.
  bool drain_rings();
  bool drain_ring(shm::Row row);
  void wake_up(std::uint64_t now_ms);
  void fall_asleep(std::uint64_t now_ms);
  void tell_drops(shm::Row row, std::uint64_t now_ms);
  bool is_taken(shm::Row row) const;

  shm::Segment& segment_;
  Journal& journal_;
  Record kept_;  // read from its ring, not yet taken by the journal
  bool has_kept_ = false;
  bool awake_ = true;
  bool more_ = false;  // the last turn ended at its bound
  std::uint64_t last_record_ms_;
  struct Drops {
    std::uint64_t told = 0;
    std::uint64_t told_at_ms = 0;
  };
  std::vector<Drops> drops_;  // by row
};

}  // namespace master
