// A list of addresses and networks: the value of a key, and the text of a file that it names.
//
// Opens no file: worker/net/address_lists.h does, and hands the text over.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "conf/diagnostic.h"
#include "conf/network.h"
#include "conf/section.h"

namespace conf {

// A network, the path of a file with networks, or the clients of Unix sockets.
struct AddressItem {
  Network network;   // unless there is a file
  std::string file;  // the path behind "file:"
  Position where;
  bool is_unix = false;  // "unix:", the clients of Unix sockets, instead of both
};
using AddressList = std::vector<AddressItem>;

inline constexpr std::string_view kUnixItem = "unix:";

// The items of `key`, which has the shape `texts`. Reports those that are neither. Empty when the
// key is absent. `may_be_unix`: an item may be kUnixItem.
AddressList load_addresses(const Section& section, std::string_view key, Diagnostics& diagnostics,
                           bool may_be_unix = false);

// What tells a list from others: equal texts are equal lists.
std::string identity(const AddressList& list);

// The networks in the text of a file: one in each line, with white space around it and a comment
// that begins with '#', or nothing of these. Lines end as in YAML.
class AddressLines {
 public:
  static constexpr int kMostErrors = 20;  // then the rest of the file is not read

  explicit AddressLines(std::shared_ptr<const SourceFile> file);

  // Reads up to and including the next network. Reports lines that have something else. False at
  // the end of the text.
  bool next(Network& network, Diagnostics& diagnostics);
  // Of the network that next() has read, counted from 1.
  std::size_t line() const { return line_; }
  std::size_t column() const { return column_; }
  bool has_errors() const { return errors_ != 0; }

 private:
  std::shared_ptr<const SourceFile> file_;
  std::string_view rest_;
  std::size_t line_ = 0;
  std::size_t column_ = 0;
  int errors_ = 0;
};

}  // namespace conf
