// The clients with the largest counts: see top_clients.h. No system call, no lock.
#include "shm/top_clients.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <optional>

namespace shm {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr std::size_t kWords = TopClients::kMaxClientText / 8;
constexpr std::uint64_t kMostCount = std::uint64_t{1} << 56;  // so that no sum of 192 overflows

using Text = std::array<std::uint64_t, kWords>;

Text to_words(std::string_view client) {
  Text words{};
  std::memcpy(words.data(), client.data(), std::min(client.size(), TopClients::kMaxClientText));
  return words;
}

bool has_text(const TopClients::Entry& entry, const Text& text) {
  for (std::size_t i = 0; i < kWords; ++i) {
    if (entry.text[i].load(kRelaxed) != text[i]) return false;
  }
  return true;
}

std::string printable(const Text& words) {
  char bytes[TopClients::kMaxClientText];
  std::memcpy(bytes, words.data(), sizeof bytes);
  std::string text;
  for (const char c : bytes) {
    if (c == '\0') break;
    const bool is_word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');  // "unix:" is a peer
    text += is_word || c == '.' || c == ':' || c == '/' ? c : '?';
  }
  return text;
}

// Nothing for a free entry, and for one that changes meanwhile.
std::optional<TopClient> read(const TopClients::Entry& entry) {
  const std::uint64_t before = entry.version.load(std::memory_order_acquire);
  TopClient found;
  Text words{};
  found.count = std::min(entry.count.load(kRelaxed), kMostCount);
  found.error = std::min(entry.error.load(kRelaxed), found.count);
  for (std::size_t i = 0; i < kWords; ++i) words[i] = entry.text[i].load(kRelaxed);
  std::atomic_thread_fence(std::memory_order_acquire);
  if (before % 2 != 0 || entry.version.load(kRelaxed) != before || found.count == 0) return {};
  found.client = printable(words);
  return found;
}

}  // namespace

void TopClients::count(Row row, std::string_view client) {
  const Text text = to_words(client);
  Entry* chosen = nullptr;
  std::uint64_t least = 0;
  bool is_new = true;
  for (Entry& entry : rows_[row].entries) {
    const std::uint64_t count = entry.count.load(kRelaxed);
    if (count != 0 && has_text(entry, text)) {
      chosen = &entry;
      least = count;
      is_new = false;
      break;
    }
    if (chosen == nullptr || count < least) {
      chosen = &entry;
      least = count;
    }
  }
  const std::uint64_t version = chosen->version.load(kRelaxed) | 1;  // odd already after a kill
  chosen->version.store(version, kRelaxed);
  std::atomic_thread_fence(std::memory_order_release);
  if (is_new) {
    chosen->error.store(least, kRelaxed);
    for (std::size_t i = 0; i < kWords; ++i) chosen->text[i].store(text[i], kRelaxed);
  }
  chosen->count.store(least + 1, kRelaxed);
  chosen->version.store(version + 1, std::memory_order_release);
  bound_.include(row);
}

std::vector<TopClient> TopClients::merged(std::size_t most) const {
  std::map<std::string, TopClient> sums;
  for (Row row = 0; row < bound_.rows(); ++row) {
    for (const Entry& entry : rows_[row].entries) {
      std::optional<TopClient> found = read(entry);
      if (!found) continue;
      TopClient& sum = sums[found->client];
      sum.client = found->client;
      sum.count += found->count;
      sum.error += found->error;
    }
  }
  std::vector<TopClient> all;
  all.reserve(sums.size());
  for (auto& [client, sum] : sums) all.push_back(std::move(sum));
  std::stable_sort(all.begin(), all.end(),
                   [](const TopClient& a, const TopClient& b) { return a.count > b.count; });
  if (all.size() > most) all.resize(most);
  return all;
}

}  // namespace shm
