// A request that somebody asks about, and the listener that would get it.
//
// Pure: no name is resolved, nothing is sent.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include "conf/config.h"

namespace worker::explain {

// There is no such request, or no listener that would get it.
struct BadQuestion : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Question {
  std::string method = {};
  std::string url =
      {};  // "https://www.example.com/path?query"; with `listener`, "/path?query" is enough
  std::vector<std::string> fields = {};  // "Name: value"; a Host here replaces that of the URL
  std::string peer = "127.0.0.1";        // the address that connects, or "unix:"
  std::string listener = {};             // its name, such as "192.0.2.1:80"; empty: by the URL
};

struct AskedRequest {
  std::size_t listener;  // of the configuration
  std::string head;      // as HTTP/1.1 text, whatever it is
};

// By scheme, port and address of the URL. A host that is a name fits every listener at that port.
// Throws BadQuestion.
AskedRequest read_question(const conf::Config& config, const Question& question);

}  // namespace worker::explain
