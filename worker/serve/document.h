// Which document a request asks of a service with Serve, and how to make it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "conf/config.h"
#include "worker/serve/body.h"
#include "worker/serve/state.h"

namespace worker::serve {

enum class Document : std::uint8_t { status_page, status_json, open_metrics, prometheus };

// `path_query` and `accept`: of the request. Nothing: it names a page without the "/" at its end,
// which the references of a page need; the client is to be sent to page_location().
std::optional<Document> document_of(conf::Serve serve, std::string_view path_query,
                                    std::string_view accept);
// A relative reference to the same path with a "/" at its end, without a query.
std::string page_location(std::string_view path_query);

std::unique_ptr<Body> make_body(Document document, const State& state, std::uint64_t now_ms);

}  // namespace worker::serve
