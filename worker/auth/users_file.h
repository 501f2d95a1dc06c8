// A file of users, as the helper process gets it: a copy that no process maps but the helper.
//
// The master makes a sealed copy (net/sealed_copy.h), checks it there, and forgets the mapping. So
// no hash is in a worker. A helper that starts again finds the same users, whatever has become of
// the file.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "conf/config.h"
#include "conf/diagnostic.h"
#include "worker/net/unique_fd.h"

namespace worker::auth {

// Random; the same for two files of one process if their contents are the same. Remembered results
// carry it, so a changed file makes them void.
using FileIdentity = std::array<std::uint64_t, 2>;

struct UsersFile {
  std::string path;
  std::shared_ptr<const net::UniqueFd> copy;  // sealed: nobody can change it
  FileIdentity identity{};
};

// Reads the file of `auth`. Faults are errors at their line in the file; the result is then of no
// use. A file that everybody may read is a warning.
UsersFile load_users_file(const conf::Auth& auth, conf::Diagnostics& diagnostics);

// Whether both have the same contents.
bool same_users(const UsersFile& one, const UsersFile& other);

}  // namespace worker::auth
