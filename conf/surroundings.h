// What a configuration refers to beyond its own text: further files, and the environment.
//
// The tree of a configuration asks here when it meets `Include` or a variable. load() has those of
// the system. A text in memory has none, unless its caller brings some: the tests and the fuzz
// targets do, so that they need neither files nor setenv(3).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace conf {

// There is no file, and no variable is set.
class Surroundings {
 public:
  Surroundings() = default;
  virtual ~Surroundings() = default;
  Surroundings(const Surroundings&) = delete;
  Surroundings& operator=(const Surroundings&) = delete;
  Surroundings(Surroundings&&) = delete;
  Surroundings& operator=(Surroundings&&) = delete;

  // The bytes of a regular file, at most `most`. Nothing, and the reason in `error`, when it cannot
  // be read or is larger.
  virtual std::optional<std::string> read(const std::string& path, std::size_t most,
                                          std::string& error) const;
  // The files that match a pattern of glob(7), sorted by the bytes of their paths; without hidden
  // ones, unless the pattern has the dot, and without folders, FIFOs and the like. Nothing, and the
  // reason in `error`, when a folder cannot be read.
  virtual std::optional<std::vector<std::string>> match(const std::string& pattern,
                                                        std::string& error) const;
  // The same text for all paths of one file.
  virtual std::string identity(const std::string& path) const;
  virtual std::optional<std::string> variable(const std::string& name) const;
};

// The file system, and the environment of this process.
class SystemSurroundings : public Surroundings {
 public:
  std::optional<std::string> read(const std::string& path, std::size_t most,
                                  std::string& error) const override;
  std::optional<std::vector<std::string>> match(const std::string& pattern,
                                                std::string& error) const override;
  std::string identity(const std::string& path) const override;
  std::optional<std::string> variable(const std::string& name) const override;
};

}  // namespace conf
