// Looks up many names at once, in a child process, under one deadline.
//
// The resolver may hang, and it parses answers from the network. So a child does it, with the
// rights of the workers, and the master never waits for it. The child asks for all names at the
// same time and sends each answer when it has it. At the deadline the master kills it; names
// without an answer have an error. Numeric addresses need no child.
//
// Owns the child. Blocks in wait() only. Never throws for want of a process: then each name has an
// error.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "master/clock.h"
#include "master/privileges.h"
#include "worker/net/resolve.h"
#include "worker/net/unique_fd.h"

namespace shm {
class Segment;
}

namespace master {

inline constexpr std::uint64_t kLookUpMs = 5000;  // for all names together

class NameLookup {
 public:
  // The child takes the rights of `identity`, if this process is root, and can write nothing in
  // `segment`, if there is one yet.
  explicit NameLookup(std::vector<worker::net::Name> names, const Identity& identity = {},
                      shm::Segment* segment = nullptr);
  ~NameLookup();  // gives up what is not answered yet
  NameLookup(const NameLookup&) = delete;
  NameLookup& operator=(const NameLookup&) = delete;

  // All names have an answer or an error.
  bool is_done() const { return !socket_; }
  int fd() const { return socket_.get(); }  // readable: call `read`; -1 when done
  std::uint64_t due_ms() const { return is_done() ? kNever : deadline_ms_; }

  // Takes the answers that have arrived.
  void read();
  // Ends the look-up if the deadline has passed.
  void expire(std::uint64_t now_ms);
  // Waits until it is done, which takes at most kLookUpMs. For a process that has no other work
  // yet.
  void wait();
  // Tells that a child of this process was reaped.
  void on_exit(pid_t pid);

  // In the order of the names. That of a name has neither addresses nor an error until it comes.
  const std::vector<worker::net::Resolved>& answers() const { return answers_; }

 private:
  void start(const Identity& identity, shm::Segment* segment);
  bool take_answer();
  void finish(const char* why_not);

  std::vector<worker::net::Name> names_;
  std::vector<worker::net::Resolved> answers_;
  std::vector<std::size_t> open_;  // the names that the child looks up, by their index
  worker::net::UniqueFd socket_;   // the child's answers
  pid_t child_ = 0;                // 0: none, or reaped
  std::uint64_t deadline_ms_ = 0;
};

}  // namespace master
