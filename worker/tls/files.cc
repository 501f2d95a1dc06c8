// The certificate files that a path names: see files.h.
#include "worker/tls/files.h"

#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "worker/log/escape.h"

namespace worker::tls {

namespace {

std::vector<std::string> folder(const std::string& path, std::string& why) {
  std::vector<std::string> found;
  std::error_code error;
  for (auto entry = std::filesystem::directory_iterator(path, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::filesystem::path& name = entry->path();
    const bool is_hidden = name.filename().string().starts_with('.');
    if (name.extension() == ".pem" && !is_hidden) found.push_back(name.string());
  }
  if (error) why = error.message();
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<std::string> pattern(const std::string& path) {
  std::vector<std::string> found;
  glob_t matches{};
  if (::glob(path.c_str(), GLOB_ERR, nullptr, &matches) == 0) {
    found.assign(matches.gl_pathv, matches.gl_pathv + matches.gl_pathc);
  }
  ::globfree(&matches);
  return found;
}

}  // namespace

std::vector<std::string> expand_path(const conf::Tls::Certificate& entry,
                                     conf::Diagnostics& diagnostics) {
  if (!entry.key.empty()) return {entry.path};
  struct stat about {};
  const bool exists = ::stat(entry.path.c_str(), &about) == 0;
  const bool is_folder = exists && S_ISDIR(about.st_mode);
  const bool is_pattern = !exists && entry.path.find_first_of("*?[") != std::string::npos;
  if (!is_folder && !is_pattern) return {entry.path};
  std::string why = is_folder ? "there is no *.pem in it" : "nothing matches";
  std::vector<std::string> found = is_folder ? folder(entry.path, why) : pattern(entry.path);
  if (found.empty()) {
    diagnostics.error(entry.where, "no certificate in `" + log::escaped(entry.path) + "`: " + why +
                                       "; expected PEM files");
  }
  return found;
}

std::string key_beside(const std::string& certificate) {
  namespace fs = std::filesystem;
  const fs::path path(certificate);
  std::vector<fs::path> candidates{certificate + ".key", fs::path(path).replace_extension(".key")};
  if (path.filename() == "fullchain.pem") {
    candidates.push_back(fs::path(path).replace_filename("privkey.pem"));
  }
  for (const fs::path& one : candidates) {
    std::error_code error;
    if (one != path && fs::exists(one, error)) return one.string();
  }
  return {};
}

std::size_t file_bytes(const conf::Tls& tls) {
  std::size_t sum = 0;
  const auto add = [&sum](const std::string& path) {
    struct stat about {};
    if (path.empty() || ::stat(path.c_str(), &about) != 0 || !S_ISREG(about.st_mode)) return;
    sum += std::min(static_cast<std::size_t>(about.st_size), kMaxPemFile);
  };
  conf::Diagnostics unused;  // load_certificates() reports what is missing
  for (const conf::Tls::Certificate& entry : tls.certificates) {
    for (const std::string& path : expand_path(entry, unused)) {
      add(path);
      add(entry.key.empty() ? key_beside(path) : entry.key);
    }
  }
  return sum;
}

}  // namespace worker::tls
