// A file of users: see users_file.h.
#include "worker/auth/users_file.h"

#include <sys/random.h>
#include <sys/stat.h>

#include <stdexcept>
#include <utility>

#include "worker/auth/htpasswd.h"
#include "worker/log/escape.h"
#include "worker/net/sealed_copy.h"

namespace worker::auth {
namespace {

FileIdentity make_identity() {
  FileIdentity identity{};
  if (::getrandom(identity.data(), sizeof identity, 0) != static_cast<ssize_t>(sizeof identity)) {
    throw std::runtime_error("no random bytes for a file of users");
  }
  return identity;
}

// The name alone: a message that showed the line would show a hash.
conf::Position position(const std::string& path, std::size_t line, std::size_t column) {
  const auto file =
      std::make_shared<const conf::SourceFile>(conf::SourceFile{path, "", conf::kNamedFile});
  return {file, line, column};
}

void check(const conf::Auth& auth, const net::SealedCopy& opened, conf::Diagnostics& diagnostics) {
  const net::MappedText mapped(opened.copy.get());
  const Users users = read_users(mapped.text());
  for (const LineFault& fault : users.faults) {
    diagnostics.error(position(auth.users, fault.line, fault.column), fault.message);
  }
  const std::string shown = log::escaped(auth.users);
  if (users.all.empty() && users.faults.empty()) {
    diagnostics.warning(conf::Lint::empty_users, auth.users_where,
                        "the file `" + shown + "` has no users: nobody is let in");
  }
  if ((opened.mode & S_IROTH) != 0) {
    diagnostics.warning(conf::Lint::readable_secret, auth.users_where,
                        "everybody on this machine may read the file `" + shown +
                            "` with password hashes; expected mode 0640 or less");
  }
}

}  // namespace

UsersFile load_users_file(const conf::Auth& auth, conf::Diagnostics& diagnostics) {
  UsersFile file{.path = auth.users, .copy = nullptr, .identity = make_identity()};
  net::SealedCopy opened = net::copy_sealed(auth.users, "pound-users", kMostFile);
  if (!opened.why_not.empty()) {
    diagnostics.error(auth.users_where, "cannot read the users `" + log::escaped(auth.users) +
                                            "`: " + opened.why_not +
                                            "; expected a readable htpasswd file");
    return file;
  }
  check(auth, opened, diagnostics);
  file.copy = std::make_shared<const net::UniqueFd>(std::move(opened.copy));
  return file;
}

bool same_users(const UsersFile& one, const UsersFile& other) {
  const net::MappedText a(one.copy->get());
  const net::MappedText b(other.copy->get());
  return a.text() == b.text();
}

}  // namespace worker::auth
