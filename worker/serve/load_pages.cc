// The operator's pages: see load_pages.h.
#include "worker/serve/load_pages.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "conf/file.h"
#include "worker/log/escape.h"

namespace worker::serve {

namespace {

// Pages are kept in memory and sent in one piece.
constexpr auto kMostBytes = static_cast<std::size_t>(conf::kMostPageBytes);

class PageReader {
 public:
  explicit PageReader(conf::Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  // Null, and an error, when the file cannot be read. `what`: "page" or "file"; `key`: of the
  // configuration; `expected`: "HTML file".
  http::PageText read(const conf::PageFile& file, std::string_view what, const std::string& key,
                      std::string_view expected) {
    const Known& known = find(file.path);
    if (known.text == nullptr) {
      diagnostics_.error(file.where, "cannot read the " + std::string(what) + " `" +
                                         log::escaped(file.path) + "` for " + key + ": " +
                                         known.why + "; expected a readable " +
                                         std::string(expected));
    }
    return known.text;
  }

  void read_all(const conf::ErrorPageFiles& files, http::OwnPages& pages) {
    for (const auto& [status, file] : files) {
      const std::string key = "Err" + std::to_string(status);
      if (http::PageText text = read(file, "page", key, "HTML file")) {
        pages.set(status, std::move(text));
      }
    }
  }

 private:
  struct Known {
    http::PageText text;
    std::string why;  // there is none
  };

  const Known& find(const std::string& path) {
    const auto [found, is_new] = known_.try_emplace(path);
    if (!is_new) return found->second;
    conf::FileError why;
    if (std::optional<std::string> text = conf::read_file(path, kMostBytes, why)) {
      found->second.text = std::make_shared<const std::string>(std::move(*text));
    } else {
      found->second.why = why.text();
    }
    return found->second;
  }

  conf::Diagnostics& diagnostics_;
  std::map<std::string, Known> known_;
};

}  // namespace

void load_pages(const conf::Config& config, http::ErrorPages& pages,
                std::vector<route::ListenerHeritage>& listeners, conf::Diagnostics& diagnostics) {
  PageReader reader(diagnostics);
  reader.read_all(config.global.error_pages, pages.global());
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    const conf::Listener& listener = config.listeners[i];
    route::ListenerHeritage& made = listeners[i];
    reader.read_all(listener.error_pages, made.pages);
    made.service_pages.resize(listener.services.size());
    for (std::size_t k = 0; k < listener.services.size(); ++k) {
      const conf::Service& service = listener.services[k];
      route::ServicePages& own = made.service_pages[k];
      reader.read_all(service.error_pages, own.errors);
      if (service.maintenance) {
        own.maintenance =
            reader.read(service.maintenance->page, "page", "Maintenance", "HTML file");
      }
      if (service.respond && service.respond->file) {
        own.file = reader.read(*service.respond->file, "file", "Respond", "file");
      }
    }
  }
}

}  // namespace worker::serve
