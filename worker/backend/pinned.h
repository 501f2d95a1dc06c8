// An idle connection to a backend that belongs to one client: the backend has authenticated it for
// that client, or a header of the PROXY protocol has named the client on it.
//
// A client's connection keeps it between two requests. Never pooled. Owns the connection and closes
// it when the backend sends bytes or closes without a request, and in its destructor.
#pragma once

#include <memory>
#include <string_view>

#include "worker/backend/connection.h"

namespace worker::backend {

struct Backend;

class PinnedUpstream final : public UpstreamUser {
 public:
  PinnedUpstream(net::EventLoop& loop, Backend& backend,
                 std::unique_ptr<UpstreamConnection> upstream);
  ~PinnedUpstream() { drop(); }
  PinnedUpstream(const PinnedUpstream&) = delete;
  PinnedUpstream& operator=(const PinnedUpstream&) = delete;

  const Backend& backend() const { return backend_; }
  // The backend has authenticated the client on it, so that every request must go there.
  bool is_personal() const { return upstream_ && upstream_->is_personal; }
  // The header that names the client; empty when there is none.
  std::string_view announced() const {
    return upstream_ ? std::string_view(upstream_->announced) : std::string_view();
  }
  // nullptr when the connection has ended, when something has come on it, or when the backend no
  // longer has its address.
  std::unique_ptr<UpstreamConnection> take();

  void on_upstream_event(UpstreamConnection& upstream) override {
    if (!upstream.is_quiet()) drop();
  }
  void on_upstream_deadline(UpstreamConnection&) override { drop(); }

 private:
  void drop();

  net::EventLoop& loop_;
  Backend& backend_;
  std::unique_ptr<UpstreamConnection> upstream_;
};

}  // namespace worker::backend
