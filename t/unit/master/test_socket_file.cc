#include "master/socket_file.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <memory>

#include "master/listener.h"
#include "master/start_error.h"
#include "t/unit/folder.h"
#include "worker/net/address.h"
#include "worker/net/unique_fd.h"

using master::SocketFile;
using worker::net::UniqueFd;

namespace {

UniqueFd new_socket() {
  UniqueFd made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(made);
  return made;
}

int connect_error(const std::string& path) {
  const UniqueFd socket = new_socket();
  const auto address = worker::net::path_address(path);
  const auto* name = reinterpret_cast<const sockaddr*>(&address.storage);
  return ::connect(socket.get(), name, address.size) == 0 ? 0 : errno;
}

std::string refusal(const std::string& path) {
  try {
    SocketFile::probe(path);
    return "none";
  } catch (const master::StartError& error) {
    return error.what();
  }
}

struct stat about(const std::string& path) {
  struct stat found {};
  REQUIRE(::lstat(path.c_str(), &found) == 0);
  return found;
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

}  // namespace

TEST_CASE("socket_file: is there while the object lives, with the mode that is allowed") {
  const Folder folder;
  const std::string path = folder.path + "/a.sock";
  const mode_t umask = ::umask(0027);
  {
    const UniqueFd socket = new_socket();
    const SocketFile file(path, socket.get());
    CHECK((about(path).st_mode & 07777) == 0);
    CHECK(connect_error(path) != 0);
    for (const unsigned mode : {0660u, 0600u, 0666u, 0000u, 0777u}) {
      file.allow({mode, ::getegid()});
      CHECK((about(path).st_mode & 07777) == mode);
    }
    REQUIRE(::listen(socket.get(), 1) == 0);
    CHECK(connect_error(path) == 0);
    CHECK(refusal(path) == "cannot listen on " + path + ": Address already in use");
    CHECK_THROWS_AS(SocketFile(path, new_socket().get()), master::StartError);
  }
  CHECK_FALSE(exists(path));
  CHECK(::umask(umask) == 0027);
}

TEST_CASE("socket_file: replaces a socket to which nobody listens, and nothing else") {
  const Folder folder;
  const std::string path = folder.path + "/a.sock";
  CHECK(refusal(path) == "none");
  const auto address = worker::net::path_address(path);
  REQUIRE(::bind(new_socket().get(), reinterpret_cast<const sockaddr*>(&address.storage),
                 address.size) == 0);
  CHECK(refusal(path) == "none");
  CHECK(exists(path));
  {
    const UniqueFd socket = new_socket();
    const SocketFile file(path, socket.get());
    REQUIRE(::unlink(path.c_str()) == 0);
    std::ofstream(path) << "another";
    CHECK_THROWS_AS(file.allow({0666, {}}), master::StartError);
  }
  CHECK(exists(path));  // it is not ours
  CHECK(refusal(path) == "cannot listen on " + path + ": there is a file that is not a socket");
  CHECK(refusal(folder.path + "/none/a") ==
        "none");  // to bind will fail, with the reason of the system
  CHECK_THROWS_AS(SocketFile(folder.path + "/none/a", new_socket().get()), master::StartError);
}

TEST_CASE("listener: a Unix socket is one for all slots, and generations share it") {
  const Folder folder;
  const std::string path = folder.path + "/a.sock";
  master::ListeningSockets later{worker::net::path_address(path), {}};
  {
    master::ListeningSockets sockets{worker::net::path_address(path), {}};
    sockets.access = {0600, {}};
    master::bind_slots(sockets, 8);
    CHECK(sockets.is_shared());
    REQUIRE(sockets.all.size() == 1);
    later = sockets;
    master::bind_slots(later, 16);
    CHECK(later.all == sockets.all);
    sockets.listen();
    CHECK(connect_error(path) == 0);
    CHECK(sockets.restore(true) == "");
  }
  CHECK(connect_error(path) == 0);
  REQUIRE(::shutdown(later.all[0]->get(), SHUT_RDWR) == 0);
  CHECK(later.restore(true) ==
        "the socket of " + path + " was changed by a worker for good; restart pound");
  later = {worker::net::path_address(path), {}};
  CHECK_FALSE(exists(path));
}
