// A small web server that serves as a backend in the demo and the tests; not a part of Pound.
//
// Usage: demo_backend [--name NAME] [--port PORT]. Listens on 127.0.0.1, with port 0 on any free
// port, and prints the address. Each page names the server and shows the method, the path, the
// X-Forwarded fields and the size of the body that arrived. /1k answers with 1,024 bytes of text,
// /count with the number of requests so far, without those for /count.
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <netinet/in.h>
#include <signal.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

constexpr std::size_t kPageBytes = 1024;  // the size of /1k
constexpr int kBacklog = 4096;

struct Arguments {
  std::string name = "demo";
  std::uint16_t port = 0;
};

template <auto destroy>
struct Destroyer {
  template <typename T>
  void operator()(T* object) const {
    destroy(object);
  }
};
using Base = std::unique_ptr<event_base, Destroyer<event_base_free>>;
using Http = std::unique_ptr<evhttp, Destroyer<evhttp_free>>;
using Event = std::unique_ptr<event, Destroyer<event_free>>;

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    const char* value = i + 1 < argc ? argv[++i] : nullptr;
    if (value == nullptr) throw std::invalid_argument("usage: [--name NAME] [--port PORT]");
    if (option == "--name") {
      arguments.name = value;
    } else if (option == "--port") {
      const char* end = value + std::strlen(value);
      const auto [stop, error] = std::from_chars(value, end, arguments.port);
      if (error != std::errc() || stop != end) throw std::invalid_argument("--port: 0..65535");
    } else {
      throw std::invalid_argument("unknown option " + std::string(option));
    }
  }
  return arguments;
}

const char* method_of(evhttp_request* request) {
  switch (evhttp_request_get_command(request)) {
    case EVHTTP_REQ_GET:
      return "GET";
    case EVHTTP_REQ_POST:
      return "POST";
    case EVHTTP_REQ_HEAD:
      return "HEAD";
    case EVHTTP_REQ_PUT:
      return "PUT";
    case EVHTTP_REQ_DELETE:
      return "DELETE";
    case EVHTTP_REQ_OPTIONS:
      return "OPTIONS";
    case EVHTTP_REQ_PATCH:
      return "PATCH";
    default:
      return "another method";
  }
}

class Server {
 public:
  explicit Server(std::string name) : name_(std::move(name)), page_(kPageBytes, 'x') {
    page_.back() = '\n';
  }

  void answer(evhttp_request* request) {
    const std::string_view path = evhttp_request_get_uri(request);
    if (path == "/count") return send(request, std::to_string(served_) + "\n");
    ++served_;
    send(request, path == "/1k" ? page_ : describe(request, path));
  }

 private:
  std::string describe(evhttp_request* request, std::string_view path) const {
    std::string text = "This is backend " + name_ + ".\n";
    text += std::string(method_of(request)) + " " + std::string(path) + "\n";
    evkeyvalq* headers = evhttp_request_get_input_headers(request);
    for (const evkeyval* field = headers->tqh_first; field != nullptr;
         field = field->next.tqe_next) {
      if (::strncasecmp(field->key, "X-Forwarded-", 12) != 0) continue;
      text += std::string(field->key) + ": " + field->value + "\n";
    }
    const std::size_t size = evbuffer_get_length(evhttp_request_get_input_buffer(request));
    if (size != 0) text += "body: " + std::to_string(size) + " bytes\n";
    return text;
  }

  static void send(evhttp_request* request, const std::string& text) {
    evkeyvalq* headers = evhttp_request_get_output_headers(request);
    evhttp_add_header(headers, "Content-Type", "text/plain; charset=utf-8");
    evbuffer_add(evhttp_request_get_output_buffer(request), text.data(), text.size());
    evhttp_send_reply(request, HTTP_OK, "OK", nullptr);
  }

  std::string name_;
  std::string page_;
  std::uint64_t served_ = 0;
};

// Returns a listening socket. evhttp could open one itself, but with a short queue.
int listen_on(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  socklen_t size = sizeof address;
  auto* name = reinterpret_cast<sockaddr*>(&address);
  if (socket < 0 || ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::bind(socket, name, size) != 0 || ::listen(socket, kBacklog) != 0 ||
      ::getsockname(socket, name, &size) != 0) {
    throw std::runtime_error("cannot listen on 127.0.0.1:" + std::to_string(port) + ": " +
                             std::strerror(errno));
  }
  std::printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return socket;
}

Event stop_on(const Base& base, int signal) {
  const auto stop = [](evutil_socket_t, short, void* loop) {
    event_base_loopbreak(static_cast<event_base*>(loop));
  };
  Event event(event_new(base.get(), signal, EV_SIGNAL | EV_PERSIST, stop, base.get()));
  event_add(event.get(), nullptr);
  return event;
}

void serve(const Arguments& arguments) {
  const Base base(event_base_new());
  const Http http(evhttp_new(base.get()));
  Server server(arguments.name);
  evhttp_set_gencb(
      http.get(),
      [](evhttp_request* request, void* self) { static_cast<Server*>(self)->answer(request); },
      &server);
  const Event interrupted = stop_on(base, SIGINT);
  const Event terminated = stop_on(base, SIGTERM);
  evhttp_accept_socket(http.get(), listen_on(arguments.port));
  event_base_dispatch(base.get());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    serve(parse(argc, argv));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "demo_backend: %s\n", error.what());
    return 1;
  }
}
