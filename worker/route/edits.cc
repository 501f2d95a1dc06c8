// See edits.h.
#include "worker/route/edits.h"

#include <algorithm>

#include "worker/http/chars.h"

namespace worker::route {

void HeadEdits::follow(const conf::FieldEdits& edits) {
  for (const conf::FieldEdits::Name& name : edits.remove) remove(name.text, name.is_beginning);
  for (const conf::FieldEdits::Line& line : edits.set) {
    remove(line.name, false);
    lines_.push_back({line.name, &line.value});
  }
  for (const conf::FieldEdits::Line& line : edits.add) lines_.push_back({line.name, &line.value});
}

// Of the fields that came, and of the lines that earlier edits add.
void HeadEdits::remove(std::string_view name, bool is_beginning) {
  removed_.add(name, is_beginning);
  http::RemovedFields these;
  these.add(name, is_beginning);
  std::erase_if(lines_, [&these](const Line& line) { return these.contains(line.name); });
}

bool HeadEdits::uses(conf::Variable variable) const {
  return std::ranges::any_of(lines_,
                             [variable](const Line& line) { return line.value->uses(variable); });
}

bool HeadEdits::append_lines(const TemplateValues& values, std::string& out) const {
  return append_other_lines(
      values, [](std::string_view) { return false; }, out);
}

// A value that begins or ends with a blank, because a variable is empty there, is malformed in
// HTTP/2.
bool HeadEdits::append(const Line& line, const TemplateValues& values, std::string& out) {
  const std::size_t begin = out.size();
  out.append(line.name).append(": ");
  const std::size_t value = out.size();
  if (!append_template(*line.value, values, kMostEditedValue, out)) {
    out.resize(begin);
    return false;
  }
  while (out.size() > value && http::is_blank(out.back())) out.pop_back();
  std::size_t blanks = 0;
  while (value + blanks < out.size() && http::is_blank(out[value + blanks])) ++blanks;
  out.erase(value, blanks);
  out.append("\r\n");
  return true;
}

std::unique_ptr<const ServiceEdits> EditsMaker::make(const conf::Service& service) {
  auto edits = std::make_unique<ServiceEdits>();
  bool changes = !service.rewrites.empty();
  const auto take = [&](std::size_t index) {
    const conf::Backend& backend = config_.backends[index];
    std::shared_ptr<const BackendEdits> one = joined(service.edits, backend.edits);
    changes |= !one->request.empty() || !one->reply.empty();
    edits->differs_by_backend |=
        !backend.edits.request.empty() || one->request.uses(conf::Variable::backend);
    edits->backends.emplace(&backend, std::move(one));
  };
  for (const std::size_t index : service.backends) take(index);
  for (const std::size_t index : service.emergency) take(index);
  edits->answers = answers();
  edits->answers.follow(service.edits.reply);
  if (!changes && edits->answers.empty()) return nullptr;
  return edits;
}

HeadEdits EditsMaker::answers() const {
  HeadEdits edits;
  edits.follow(listener_.edits.reply);
  return edits;
}

std::shared_ptr<const BackendEdits> EditsMaker::joined(const conf::Edits& service,
                                                       const conf::Edits& backend) {
  const auto key =
      std::pair(service.empty() ? nullptr : &service, backend.empty() ? nullptr : &backend);
  std::shared_ptr<const BackendEdits>& found = made_[key];
  if (found) return found;
  auto made = std::make_shared<BackendEdits>();
  for (const conf::Edits* one : {&listener_.edits, &service, &backend}) {
    made->request.follow(one->request);
    made->reply.follow(one->reply);
  }
  found = std::move(made);
  return found;
}

}  // namespace worker::route
