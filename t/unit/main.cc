// The main function of every unit test program.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <csignal>

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);  // as in a worker
  return doctest::Context(argc, argv).run();
}
