// The key Compress of a service: see load_compress.h.
//
// Its short form is a list of codings; a mapping has them under Codings.
#include "conf/load_compress.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>

#include "conf/compress_schema.h"
#include "conf/exclusive.h"
#include "conf/scalar.h"
#include "conf/suggest.h"

namespace conf {

namespace {

// Of each coding, in the order of the enum.
constexpr std::array<std::string_view, 3> kNames{"zstd", "br", "gzip"};
constexpr std::array kUsualLevels{3, 4, 5};
constexpr std::array kUsualCodings{Coding::zstd, Coding::br, Coding::gzip};

// What browsers and programs get that is text. Event streams are not among them: each would hold
// its memory for hours.
constexpr auto kUsualTypes = std::to_array<std::string_view>(
    {"text/html", "text/css", "text/plain", "text/javascript", "text/xml", "text/csv",
     "text/markdown", "application/javascript", "application/json", "application/ld+json",
     "application/manifest+json", "application/problem+json", "application/xml",
     "application/xhtml+xml", "application/rss+xml", "application/atom+xml", "application/wasm",
     "image/svg+xml"});

std::size_t index_of(Coding coding) { return static_cast<std::size_t>(coding); }

const Key& level_key(Coding coding) { return kCompressLevelSchema.keys[index_of(coding)]; }

std::optional<Coding> find_coding(std::string_view name) {
  for (const Coding coding : kUsualCodings) {
    if (equal_ignoring_case(name, kNames[index_of(coding)])) return coding;
  }
  return std::nullopt;
}

class Loader {
 public:
  explicit Loader(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  Compress load(const Section::Member& member) {
    compress_.where = member.value->where;
    const Node* const mapping = mapping_of(member);
    if (mapping == nullptr) {
      load_codings("Compress", member.items);
      finish();
      return std::move(compress_);
    }
    const Section section(kCompressSchema, *mapping, diagnostics_);
    load_codings("Codings", section.items("Codings"));
    load_types(section);
    compress_.least = static_cast<std::uint64_t>(
        section.number("Least", static_cast<std::int64_t>(compress_.least)));
    finish();
    load_levels(section);
    return std::move(compress_);
  }

 private:
  // A mapping may be the only item of a list.
  static const Node* mapping_of(const Section::Member& member) {
    if (member.value->is(Node::Kind::mapping)) return member.value;
    const bool is_only = member.items.size() == 1;
    return is_only && member.items[0]->is(Node::Kind::mapping) ? member.items[0] : nullptr;
  }

  // Defaults for what is not given.
  void finish() {
    if (compress_.offers.empty()) {
      for (const Coding coding : kUsualCodings) add(coding);
    }
    if (compress_.types.empty()) compress_.types.assign(kUsualTypes.begin(), kUsualTypes.end());
  }

  void add(Coding coding) { compress_.offers.push_back({coding, kUsualLevels[index_of(coding)]}); }

  bool has(Coding coding) const {
    return std::ranges::any_of(compress_.offers,
                               [coding](const auto& offer) { return offer.coding == coding; });
  }

  void load_codings(std::string_view key, std::span<const Node* const> items) {
    for (const Node* item : items) {
      const std::optional<Coding> coding = find_coding(item->text);
      if (!coding) {
        diagnostics_.error(item->where, "`" + std::string(key) + "` has " + describe(*item) +
                                            ", expected zstd, br or gzip, or a list of them" +
                                            did_you_mean(item->text, kNames));
      } else if (has(*coding)) {
        diagnostics_.error(item->where,
                           "`" + std::string(key) + "` has " + describe(*item) + " twice");
      } else {
        add(*coding);
      }
    }
  }

  void load_types(const Section& section) {
    for (const Node* item : section.items("Types")) {
      const std::string type = to_lower(item->text);
      const std::size_t slash = type.find('/');
      const bool has_both = slash != std::string::npos && is_token(type.substr(0, slash)) &&
                            is_token(type.substr(slash + 1));
      const bool has_star = type.find('*') != std::string::npos;
      const bool is_family = has_star && type.find('*') == type.size() - 1 && type.ends_with("/*");
      if (has_both && (!has_star || is_family)) {
        compress_.types.push_back(type);
      } else {
        diagnostics_.error(item->where, "`Types` has " + describe(*item) + ", expected " +
                                            expectation(*section.find("Types")->key));
      }
    }
  }

  void load_levels(const Section& section) {
    const Section::Member* const member = section.find("Level");
    if (member == nullptr) return;
    if (!member->value->is(Node::Kind::mapping)) return load_level(*member);
    const Section levels(kCompressLevelSchema, *member->value, diagnostics_);
    for (const Section::Member& level : levels.members()) {
      const Coding coding = *find_coding(level.key->name);
      if (!has(coding)) {
        diagnostics_.error(level.value->where,
                           "`Level` has " + std::string(level.key->name) +
                               ", which is not among the codings of the service");
      }
      set_level(coding, level.number);
    }
  }

  // One number for all codings.
  void load_level(const Section::Member& member) {
    const std::optional<std::int64_t> number = parse_whole_number(member.value->text);
    for (const Compress::Offer& offer : compress_.offers) {
      const Key& key = level_key(offer.coding);
      if (number && *number >= key.low && *number <= key.high) continue;
      diagnostics_.error(member.value->where, "`Level` is " + describe(*member.value) +
                                                  ", expected " + expectation(key) + " for " +
                                                  std::string(key.name));
      return;
    }
    for (const Coding coding : kUsualCodings) set_level(coding, *number);
  }

  void set_level(Coding coding, std::int64_t level) {
    for (Compress::Offer& offer : compress_.offers) {
      if (offer.coding == coding) offer.level = static_cast<int>(level);
    }
  }

  Diagnostics& diagnostics_;
  Compress compress_;
};

}  // namespace

std::optional<Compress> load_compress(const Section& service, Diagnostics& diagnostics) {
  const Section::Member* const member = service.find("Compress");
  if (member == nullptr) return std::nullopt;
  refuse_beside(service, "Compress", {"Redirect", "Serve", "Respond"}, diagnostics);
  return Loader(diagnostics).load(*member);
}

}  // namespace conf
