// The privileged half of a worker's start: everything that needs a path or a user database. The
// master does it outside the jail: at the start, at a reload, and for `-c`.
//
// It works in steps, because certificates take long and the master has other work meanwhile. It
// resolves no name: the caller does, and hands over the results.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "conf/config.h"
#include "conf/diagnostic.h"
#include "worker/heritage.h"
#include "worker/net/address_lists.h"
#include "worker/net/resolve.h"
#include "worker/tls/steps.h"

namespace worker {

class Preparation {
 public:
  // Reads error pages, users and secrets, looks up User and Group, checks RootJail. Both
  // arguments must outlive this. A configuration may be one with errors (conf::Draft): then
  // everything that can be checked is checked, and `finish` returns nothing.
  Preparation(std::shared_ptr<const conf::Config> config, conf::Diagnostics& diagnostics);
  Preparation(const Preparation&) = delete;
  Preparation& operator=(const Preparation&) = delete;

  // Only what decides how requests are routed: names of listeners, lists of addresses, relaxed
  // rules. Reads no certificates, keys, users or pages. Nothing when `diagnostics` has an error.
  static std::optional<Heritage> routing(std::shared_ptr<const conf::Config> config,
                                         conf::Diagnostics& diagnostics);

  // The names to be resolved: those of all backends, those of all listeners, then
  // those of the session store.
  std::vector<net::Name> names() const;

  // Known after the constructor: those of User and Group.
  std::optional<uid_t> uid() const { return heritage_.uid; }
  std::optional<gid_t> gid() const { return heritage_.gid; }

  // Loads one more certificate, or sets one more certificate up; then reads lists of addresses.
  // False when nothing is left.
  bool step() { return certificates_.next() || addresses_.next(); }

  // Called once, after the last step. `resolved` has a result for each of names(). Returns nothing
  // when `diagnostics` has an error. A listener's name that does not resolve is an error,
  // any other is a warning.
  std::optional<Heritage> finish(const std::vector<net::Resolved>& resolved);

 private:
  struct OnlyRouting {};
  Preparation(std::shared_ptr<const conf::Config> config, conf::Diagnostics& diagnostics,
              OnlyRouting);

  tls::Steps load_certificates();
  tls::Steps load_addresses();

  conf::Diagnostics& diagnostics_;
  Heritage heritage_;
  net::AddressLists lists_;
  tls::Steps certificates_;
  tls::Steps addresses_;
};

// Frees a part of a heritage that no worker gets any more. False when only little is left.
bool free_step(Heritage& heritage);

}  // namespace worker
