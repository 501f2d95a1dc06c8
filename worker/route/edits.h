// What Request and Reply of a listener, a service and a backend change together.
//
// Made when a worker starts. Edits that follow each other are joined: which fields go, and which
// lines come, does not depend on the request; only the values of variables do.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "conf/config.h"
#include "worker/http/field_edits.h"
#include "worker/route/template.h"

namespace worker::route {

inline constexpr std::size_t kMostEditedValue = 8192;  // bytes of a value with its variables

class HeadEdits {
 public:
  // Joins `edits`, which must outlive this, with those before.
  void follow(const conf::FieldEdits& edits);

  bool empty() const { return removed_.empty() && lines_.empty(); }
  bool uses(conf::Variable variable) const;
  const http::RemovedFields& removed() const { return removed_; }

  // Appends the new lines: "Name: value\r\n". False when a value could not be sent; its line is
  // left out.
  bool append_lines(const TemplateValues& values, std::string& out) const;
  // Likewise for an answer of Pound's own, whose own fields stay as they are: `has(name)`.
  template <typename Has>
  bool append_other_lines(const TemplateValues& values, Has&& has, std::string& out) const {
    bool is_whole = true;
    for (const Line& line : lines_) {
      if (!has(std::string_view(line.name))) is_whole &= append(line, values, out);
    }
    return is_whole;
  }

 private:
  struct Line {
    std::string name;
    const conf::Template* value;
  };
  static bool append(const Line& line, const TemplateValues& values, std::string& out);
  void remove(std::string_view name, bool is_beginning);

  http::RemovedFields removed_;
  std::vector<Line> lines_;
};

struct BackendEdits {
  HeadEdits request;
  HeadEdits reply;
};

// Of one service.
struct ServiceEdits {
  std::unordered_map<const conf::Backend*, std::shared_ptr<const BackendEdits>> backends;
  HeadEdits answers;                // Reply, for answers of Pound's own
  bool differs_by_backend = false;  // the request that one backend gets is not that of another
};

// Makes the edits of the services of one listener. Services and backends that have none of their
// own share those of the listener.
class EditsMaker {
 public:
  // Borrows both.
  EditsMaker(const conf::Config& config, const conf::Listener& listener)
      : config_(config), listener_(listener) {}

  // Null when there is nothing to change.
  std::unique_ptr<const ServiceEdits> make(const conf::Service& service);
  // Reply of the listener, for answers without a service.
  HeadEdits answers() const;

 private:
  std::shared_ptr<const BackendEdits> joined(const conf::Edits& service,
                                             const conf::Edits& backend);

  const conf::Config& config_;
  const conf::Listener& listener_;
  std::map<std::pair<const conf::Edits*, const conf::Edits*>, std::shared_ptr<const BackendEdits>>
      made_;
};

}  // namespace worker::route
