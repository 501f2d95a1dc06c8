// See subject.h.
#include "worker/route/subject.h"

#include <algorithm>

#include "conf/matching.h"
#include "worker/http/chars.h"
#include "worker/http/normal_path.h"
#include "worker/http/percent.h"
#include "worker/http/uri.h"

namespace worker::route {

namespace {

bool is_named(std::string_view host, const conf::HostName& name) {
  return name.is_wildcard ? conf::is_below_host(host, name.name) : host == name.name;
}

constexpr std::string_view kHostLine = "Host: ";

bool host_holds(const std::vector<conf::HostName>& names, std::string_view host) {
  return std::ranges::any_of(names,
                             [&](const conf::HostName& name) { return is_named(host, name); });
}

// The prefixes are as the operator has written them.
bool path_holds(const std::vector<std::string>& prefixes, std::string_view path) {
  std::string scratch;
  return std::ranges::any_of(prefixes, [&](const std::string& prefix) {
    return conf::is_in_path(path, http::normal_path_query(prefix, scratch));
  });
}

bool is_found(const std::vector<conf::Pattern>& patterns, std::string_view value) {
  return std::ranges::any_of(patterns,
                             [&](const conf::Pattern& pattern) { return pattern.search(value); });
}

bool parameter_holds(const conf::NamedPatterns& wanted, Subject& subject) {
  bool holds = false;
  subject.for_each_parameter([&](std::string_view name, std::string_view value) {
    if (!holds && name == wanted.name) holds = is_found(wanted.patterns, value);
  });
  return holds;
}

bool field_holds(const conf::NamedPatterns& wanted, const Subject& subject) {
  bool holds = false;
  subject.for_each_field([&](std::string_view name, std::string_view value) {
    if (holds || !http::equals_lower(name, wanted.name)) return;
    holds = is_found(wanted.patterns, value);
  });
  return holds;
}

}  // namespace

void Subject::start(std::string_view method, std::string_view path_query,
                    std::string_view field_lines) {
  method_ = method;
  path_query_ = path_query;
  field_lines_ = field_lines;
  has_host_ = has_normal_ = false;
}

std::string_view Subject::host() {
  if (has_host_) return host_;
  has_host_ = true;
  host_.clear();
  if (!field_lines_.starts_with(kHostLine)) return host_;
  std::string_view value = field_lines_.substr(kHostLine.size());
  value = http::host_of(value.substr(0, value.find('\r')));
  if (value.ends_with('.')) value.remove_suffix(1);
  for (const char c : value) host_ += http::lower(c);
  return host_;
}

std::string_view Subject::normal() {
  if (!has_normal_) normal_view_ = http::normal_path_query(path_query_, normal_);
  has_normal_ = true;
  return normal_view_;
}

void Subject::decode(std::string_view text, std::string& out) {
  out.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (http::is_escape(text, i)) {
      out += http::unescaped(text, i);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
}

bool has_method(const conf::Matchers& matchers, std::string_view method) {
  return matchers.methods.empty() ||
         std::ranges::any_of(matchers.methods, [&](const conf::WantedMethod& wanted) {
           return wanted.name == method;
         });
}

std::string_view failing_key(const conf::Matchers& matchers, Subject& subject) {
  if (!matchers.hosts.empty() && !host_holds(matchers.hosts, subject.host())) return "Host";
  if (!matchers.paths.empty() && !path_holds(matchers.paths, subject.path())) return "Path";
  return failing_key_elsewhere(matchers, subject);
}

std::string_view failing_key_elsewhere(const conf::Matchers& matchers, Subject& subject) {
  if (!has_method(matchers, subject.method())) return "Methods";
  for (const conf::NamedPatterns& wanted : matchers.query) {
    if (!parameter_holds(wanted, subject)) return "Query";
  }
  for (const conf::NamedPatterns& wanted : matchers.fields) {
    if (!field_holds(wanted, subject)) return "Header";
  }
  return {};
}

}  // namespace worker::route
