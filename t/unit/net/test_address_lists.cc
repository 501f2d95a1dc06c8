// Tests of net/address_lists: which files make a set, and which are refused.
#include "worker/net/address_lists.h"

#include <doctest/doctest.h>

#include <string>

#include "t/unit/folder.h"

using worker::net::AddressLists;
using worker::net::AddressMark;
using worker::net::AddressSet;

namespace {

const auto kConfig = std::make_shared<const conf::SourceFile>(conf::SourceFile{"t", "line\n"});

// "192.0.2.0/24" or "file:PATH", as if each stood in a line of its own.
conf::AddressList list_of(std::initializer_list<std::string> texts) {
  conf::AddressList list;
  for (const std::string& text : texts) {
    conf::AddressItem item{{}, {}, {kConfig, 1, list.size() + 1}};
    if (text.starts_with("file:")) {
      item.file = text.substr(5);
    } else {
      std::string error;
      item.network = conf::parse_network(text, error).value();
    }
    list.push_back(item);
  }
  return list;
}

struct Made {
  std::shared_ptr<const AddressSet> set;
  std::string messages;
  int steps = 0;
};

Made make(const conf::AddressList& allow, const conf::AddressList& deny = {}) {
  conf::Diagnostics diagnostics;
  AddressLists lists(diagnostics);
  Made made;
  for (worker::tls::Steps steps = lists.load(allow, deny, made.set); steps.next();) ++made.steps;
  made.messages = diagnostics.text();
  CHECK((made.set == nullptr) == (diagnostics.has_errors() || (allow.empty() && deny.empty())));
  return made;
}

AddressMark find(const Made& made, std::string_view address) {
  return made.set->find(conf::parse_ip(address).value());
}

}  // namespace

TEST_CASE("address_lists: items and files make one set") {
  const Folder folder;
  const std::string file = folder.write("cdn", "# ours\r\n192.0.2.0/24\r\n\r\n2001:db8::/32 # v6");
  const Made made = make(list_of({"10.0.0.1", "file:" + file}), list_of({"10.0.0.0/8"}));
  CHECK(made.messages == "");
  CHECK(find(made, "10.0.0.1") == AddressMark::allow);
  CHECK(find(made, "10.0.0.2") == AddressMark::deny);
  CHECK(find(made, "192.0.2.9") == AddressMark::allow);
  CHECK(find(made, "2001:db8::9") == AddressMark::allow);
  CHECK(find(made, "2001:db9::9") == AddressMark::none);
}

TEST_CASE("address_lists: no list makes no set") { CHECK(make({}).messages == ""); }

TEST_CASE("address_lists: a file that cannot be read") {
  const Folder folder;
  CHECK(make(list_of({"10.0.0.1", "file:" + folder.path + "/none"})).messages ==
        "t:1:2: error: cannot read the addresses in `" + folder.path +
            "/none`: No such file or directory; expected a file with one address or network in "
            "each line\n  line\n   ^\n");
  CHECK(make(list_of({"file:" + folder.path})).messages.find("not a regular file") !=
        std::string::npos);
}

TEST_CASE("address_lists: a file without an address") {
  const Folder folder;
  for (const char* text : {"", "\n", "# 192.0.2.1\n\n"}) {
    const std::string file = folder.write("empty", text);
    CHECK(make(list_of({"10.0.0.1", "file:" + file})).messages ==
          "t:1:2: error: there is no address in `" + file +
              "`; expected one address or network in each line\n  line\n   ^\n");
  }
}

TEST_CASE("address_lists: a faulty line is named with its file") {
  const Folder folder;
  const std::string file = folder.write("list", "10.0.0.1\n 10.0.0.1/8\n");
  CHECK(make(list_of({"file:" + file})).messages ==
        file +
            ":2:2: error: `10.0.0.1/8`, which has bits set behind its prefix; write "
            "10.0.0.0/8\n   10.0.0.1/8\n   ^\n");
}

TEST_CASE("address_lists: a network that is allowed and denied") {
  const Folder folder;
  const std::string file = folder.write("deny", "192.0.2.1\n10.0.0.0/8\n10.0.0.0/8\n");
  CHECK(make(list_of({"10.0.0.0/8", "10.0.0.0/9"}), list_of({"file:" + file})).messages ==
        file +
            ":2:1: error: `10.0.0.0/8` is both allowed and denied\n  10.0.0.0/8\n  ^\n"
            "t:1:1: note: it is allowed here\n  line\n  ^\n");
  CHECK(make(list_of({"10.0.0.0/8", "10.0.0.0/8"})).messages == "");
}

TEST_CASE("address_lists: as many networks as fit, and one more") {
  const Folder folder;
  std::string text;
  for (std::size_t i = 0; i < worker::net::kMostAddresses; ++i) {
    text += conf::ip_text({0, 0x0a000000 + i, false}) + "\n";
  }
  const std::string file = folder.write("long", text);
  const Made most = make(list_of({"file:" + file}));
  CHECK(most.messages == "");
  CHECK(most.steps >= 100);
  CHECK(find(most, "10.15.66.63") == AddressMark::allow);
  CHECK(find(most, "10.15.66.64") == AddressMark::none);
  CHECK(make(list_of({"192.0.2.1", "file:" + file})).messages ==
        file + ":1000000:1: error: more than 1000000 networks in one list\n  10.15.66.63\n  ^\n");
}

TEST_CASE("address_lists: lists that say the same share a set, and report once") {
  const Folder folder;
  const conf::AddressList list = list_of({"file:" + folder.write("list", "192.0.2.1\n")});
  const conf::AddressList bad = list_of({"file:" + folder.path + "/none"});
  conf::Diagnostics diagnostics;
  AddressLists lists(diagnostics);
  const auto load = [&](const conf::AddressList& allow, const conf::AddressList& deny) {
    std::shared_ptr<const AddressSet> made;
    for (worker::tls::Steps steps = lists.load(allow, deny, made); steps.next();) continue;
    return made;
  };
  const auto first = load(list, {});
  CHECK(first != nullptr);
  CHECK(load(list, {}) == first);
  CHECK(load({}, list) != first);
  CHECK(load(bad, {}) == nullptr);
  CHECK(load(bad, {}) == nullptr);
  CHECK(diagnostics.all().size() == 1);
}
