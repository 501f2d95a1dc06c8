// Files of a test, and a folder in /tmp for them, which ends with the object.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

inline void write_file(const std::string& path, std::string_view text) {
  std::ofstream(path) << text;
}

struct Folder {
  Folder() {
    char name[] = "/tmp/pound-unit-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string file(const std::string& name) const { return path + "/" + name; }
  // Returns the path of the file.
  std::string write(const std::string& name, std::string_view text) const {
    write_file(file(name), text);
    return file(name);
  }

  std::string path;
};

inline std::string content_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}
