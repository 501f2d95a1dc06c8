// Which responses Pound may compress, for whom, and how their heads change: RFC 9110 8.4, 12.5.3.
//
// Pure, and ignorant of the codings themselves: they are names. Lines are "Name: value\r\n".
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "worker/http/framing.h"
#include "worker/http/header_list.h"
#include "worker/http/response_head.h"

namespace worker::http {

// The index in `offers` of the coding that the client likes best, by Accept-Encoding; of several
// that it likes as much, the first. Nothing when it takes none of them, says nothing, or likes the
// bytes as they are (identity) better. A name with a malformed weight is ignored; of a name that
// is given twice, the lower weight counts.
std::optional<std::size_t> choose_coding(const HeaderList& request,
                                         std::span<const std::string_view> offers);

// What a request says about the compression of its response, beside Accept-Encoding.
struct CodingTerms {
  bool forbids = false;          // Range, or Cache-Control: no-transform
  bool has_credentials = false;  // Cookie or Authorization
  bool is_cross_site = false;    // Sec-Fetch-Site: cross-site
  bool has_weak_tag = false;     // If-None-Match names a weak ETag, which may be one of Pound's
};
CodingTerms coding_terms(const HeaderList& request);

struct CodingRules {
  std::span<const std::string> types;  // media types in lower case: "text/html", "text/*"
  std::uint64_t least = 0;             // bytes of a body whose length is known
};
// Whether this response may be compressed for a client that takes a coding. `to_head`: the request
// was HEAD, so `head` speaks for a body that does not come.
bool is_compressible(const ResponseHead& head, const Framing& body, bool to_head,
                     const CodingRules& rules);

bool sets_cookie(const HeaderList& response);

// Makes the fields those of the same response in `coding`; appends new lines to `added`. Fields
// that describe the bytes (Content-Length, Accept-Ranges, digests) end; strong ETags become weak.
void set_coding(HeaderList& response, std::string_view coding, std::string& added);
// Vary says that the response depends on Accept-Encoding.
void vary_by_coding(HeaderList& response, std::string& added);
// For a 304, whose ETag has to be that of the compressed response which the client has.
void weaken_tags(HeaderList& response, std::string& added);

// The lines of a trailer without digests of the bytes.
std::string coded_trailer(std::string_view lines);

}  // namespace worker::http
