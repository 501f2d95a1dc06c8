// What every transaction of a worker uses. Borrows all of it; made once, when the worker starts.
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "shm/segment.h"
#include "worker/auth/checks.h"
#include "worker/backend/backend.h"
#include "worker/backend/health.h"
#include "worker/backend/probe.h"
#include "worker/http/error_page.h"
#include "worker/http/response_head.h"
#include "worker/log/access_log.h"
#include "worker/log/activity.h"
#include "worker/log/log.h"
#include "worker/net/deadline.h"
#include "worker/net/event.h"
#include "worker/net/read_buffer.h"
#include "worker/route/keyed_hash.h"
#include "worker/serve/state.h"
#include "worker/store/session_store.h"
#include "worker/transaction/buffer_budget.h"
#include "worker/transaction/client_sample.h"
#include "worker/transaction/request_ids.h"

namespace worker::transaction {

struct Context {
  net::EventLoop& loop;
  log::Log& log;
  log::AccessLog& access_log;
  log::ActivityNote& activity;
  shm::Segment& segment;
  shm::Row row;  // this worker's
  route::HashSecret client_secret;
  const http::ErrorPages& pages;
  backend::Backends& backends;
  BufferBudget& budget;
  auth::Checks& checks;
  store::SessionStore& store;
  backend::Health& health;
  backend::Probe& probe;
  net::ReadBuffer& buffer;
  const serve::State& served;
  std::mt19937_64 random{std::random_device()()};
  RequestIds request_ids{};
  ClientSample client_sample{};
  http::ResponseHead response_head{};  // scratch of the call that parses one
  std::string coded{};                 // scratch of the call that compresses a part of a body
  std::string edited_head{};           // scratch of the call that sends one
};

}  // namespace worker::transaction
