// See lint.h.
#include "conf/lint.h"

#include <algorithm>
#include <array>

namespace conf {

namespace {

struct Row {
  Lint lint;
  std::string_view code;
};

constexpr auto kRows = std::to_array<Row>({
    {Lint::all_disabled, "all-disabled"},
    {Lint::certificate_dates, "certificate-dates"},
    {Lint::default_threads, "default-threads"},
    {Lint::double_hsts, "double-hsts"},
    {Lint::empty_users, "empty-users"},
    {Lint::everybody_trusted, "everybody-trusted"},
    {Lint::host_pattern, "host-pattern"},
    {Lint::locked_memory, "locked-memory"},
    {Lint::missing_address, "missing-address"},
    {Lint::missing_socket, "missing-socket"},
    {Lint::needs_restart, "needs-restart"},
    {Lint::never_matches, "never-matches"},
    {Lint::no_backends, "no-backends"},
    {Lint::no_effect, "no-effect"},
    {Lint::no_services, "no-services"},
    {Lint::overlapping_address, "overlapping-address"},
    {Lint::public_state, "public-state"},
    {Lint::readable_secret, "readable-secret"},
    {Lint::redirect_loop, "redirect-loop"},
    {Lint::unknown_cipher, "unknown-cipher"},
    {Lint::unreachable_service, "unreachable-service"},
    {Lint::unresolved_name, "unresolved-name"},
    {Lint::unused_backend, "unused-backend"},
    {Lint::unused_service, "unused-service"},
    {Lint::unused_store, "unused-store"},
    {Lint::weak_key, "weak-key"},
    {Lint::writable_jail, "writable-jail"},
});

}  // namespace

std::string_view lint_code(Lint lint) { return std::ranges::find(kRows, lint, &Row::lint)->code; }

std::optional<Lint> find_lint(std::string_view code) {
  const auto* const found = std::ranges::find(kRows, code, &Row::code);
  if (found == kRows.end()) return std::nullopt;
  return found->lint;
}

std::vector<std::string_view> lint_codes() {
  std::vector<std::string_view> codes;
  for (const Row& row : kRows) codes.push_back(row.code);
  return codes;
}

}  // namespace conf
