// See command.h.
#include "worker/store/command.h"

#include <hiredis/hiredis.h>

#include <array>
#include <cstddef>
#include <new>

namespace worker::store {

void append_command(std::string& out, std::span<const std::string_view> words) {
  constexpr std::size_t kMostWords = 8;
  std::array<const char*, kMostWords> begins{};
  std::array<std::size_t, kMostWords> sizes{};
  std::size_t count = 0;
  for (const std::string_view word : words) {
    begins.at(count) = word.data();
    sizes.at(count++) = word.size();
  }
  char* made = nullptr;
  const auto size =
      ::redisFormatCommandArgv(&made, static_cast<int>(count), begins.data(), sizes.data());
  if (size < 0) throw std::bad_alloc();
  out.append(made, static_cast<std::size_t>(size));
  ::redisFreeCommand(made);
}

}  // namespace worker::store
