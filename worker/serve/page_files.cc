// See page_files.h. The assembler includes the files; the Makefile names them as what this depends
// on.
#include "worker/serve/page_files.h"

#include "worker/http/base64.h"
#include "worker/tls/digest.h"

asm(R"(
    .section .rodata
    .global pound_status_css, pound_status_css_end, pound_status_js, pound_status_js_end
pound_status_css:
    .incbin "worker/serve/status_page.css"
pound_status_css_end:
pound_status_js:
    .incbin "worker/serve/status_texts.js"
    .incbin "worker/serve/status_charts.js"
    .incbin "worker/serve/status_tables.js"
    .incbin "worker/serve/status_page.js"
pound_status_js_end:
    .byte 0
    .text
)");

extern "C" {
extern const char pound_status_css[];
extern const char pound_status_css_end[];
extern const char pound_status_js[];
extern const char pound_status_js_end[];
}

namespace worker::serve {
namespace {

std::string source_of(std::string_view file) {
  return "'sha256-" + http::encode_base64(tls::sha256(file)) + "'";
}

}  // namespace

std::string_view status_css() { return {pound_status_css, pound_status_css_end}; }
std::string_view status_js() { return {pound_status_js, pound_status_js_end}; }

std::string page_fields() {
  return "Content-Type: text/html; charset=utf-8\r\nContent-Security-Policy: default-src 'none'; "
         "script-src " +
         source_of(status_js()) + "; style-src " + source_of(status_css()) +
         "; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n";
}

}  // namespace worker::serve
