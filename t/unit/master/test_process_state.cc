#include <doctest/doctest.h>
#include <unistd.h>

#include "master/process_state.h"

using master::process_state_text;

TEST_CASE("process_state: the state in words, and where the process waits") {
  CHECK(process_state_text("12 (pound) T 1 12", "do_signal_stop") ==
        "state T (stopped), waiting in do_signal_stop");
  CHECK(process_state_text("12 (pound) R 1 12", "0") == "state R (running)");
  CHECK(process_state_text("12 (pound) D 1 12", "") == "state D (in an uninterruptible call)");
  CHECK(process_state_text("12 (pound) Q 1 12", "") == "state Q (unknown)");
}

TEST_CASE("process_state: the name of the program may look like a state") {
  CHECK(process_state_text("12 (a) R (b) S 1 12", "") == "state S (sleeping)");
}

TEST_CASE("process_state: a wchan that is no symbol is left out") {
  CHECK(process_state_text("12 (pound) S 1", "bad\nthing") == "state S (sleeping)");
}

TEST_CASE("process_state: without a readable stat the state is unknown") {
  CHECK(process_state_text("", "") == "its state is unknown");
  CHECK(process_state_text("12 (pound) ", "") == "its state is unknown");
  CHECK(process_state_text(::getpid()).find("state R (running)") == 0);
}
