// The normal form of a path: what most backends make of it before they look for a resource.
//
// Pure. Backends differ in what they decode and remove, so "/admin" has many spellings. The router
// searches URL patterns in the path as received and in this form, which Pound never forwards. The
// path ends at the first '?'; the query stays as it is.
//
//   received         normal      rule
//   /%61dmin         /admin      an encoded printable character is decoded, except % ; ? #
//   /a%2fb  /a\b     /a/b        an encoded slash and a backslash, encoded or not, are slashes
//   /caf%c3%a9       /caf%C3%A9  other encodings stay, with capital digits
//   //admin          /admin      repeated slashes are one
//   /./admin         /admin      a segment "." is removed
//   /x/../admin      /admin      a segment ".." is removed with the one before it
//   /x/..;y/admin    /admin      the parameters of a segment, from its ';' on, are removed
//   /admin;v=1       /admin
//
// The normal form is never longer than the path, and it is its own normal form.
#pragma once

#include <string>
#include <string_view>

namespace worker::http {

// Returns `path_query` itself when its path is normal or does not begin with '/'. Otherwise writes
// the normal form to `scratch` and returns a view of it. Allocates only to make `scratch` grow.
std::string_view normal_path_query(std::string_view path_query, std::string& scratch);

}  // namespace worker::http
