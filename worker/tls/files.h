// The certificate files that a path of the configuration names.
//
// Lists and measures files and reads none of them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "conf/config.h"
#include "conf/diagnostic.h"

namespace worker::tls {

inline constexpr std::size_t kMaxPemFile = 1u << 20;

// A file stands for itself, a directory for all its *.pem files, and a pattern with * ? [ for all
// files that match. Sorted by name. Adds an error when there is no file.
// With a `key` the entry is one file.
std::vector<std::string> expand_path(const conf::Tls::Certificate& entry,
                                     conf::Diagnostics& diagnostics);

// The file with the private key of `certificate`: X.pem.key or X.key beside X.pem, or privkey.pem
// beside fullchain.pem, the names that certbot gives. Empty if there is none.
std::string key_beside(const std::string& certificate);

// The sum of the sizes of a listener's certificates and keys, each counted as at most kMaxPemFile
// bytes. What is missing counts nothing.
std::size_t file_bytes(const conf::Tls& tls);

}  // namespace worker::tls
