#include <doctest/doctest.h>

#include "t/unit/tls/harness.h"
#include "worker/tls/certificate.h"

using namespace tls_test;
using worker::tls::Certificate;
using worker::tls::ShownTo;

namespace {

std::vector<Certificate> read(const std::string& text, conf::Diagnostics& diagnostics,
                              ShownTo whom = ShownTo::clients) {
  std::vector<Certificate> out;
  worker::tls::read_certificates({text, "site.pem", {}}, nullptr, whom, out, diagnostics);
  return out;
}

// The diagnostic for a text that cannot be used.
std::string complaint(const std::string& text) {
  conf::Diagnostics diagnostics;
  CHECK(read(text, diagnostics).empty());
  REQUIRE(diagnostics.all().size() == 1);
  CHECK(diagnostics.has_errors());
  return diagnostics.all()[0].message;
}

// A root, an intermediate and a leaf.
struct Family {
  worker::tls::KeyPointer root_key = make_ec_key();
  worker::tls::KeyPointer middle_key = make_ec_key();
  worker::tls::KeyPointer leaf_key = make_ec_key();
  worker::tls::X509Pointer root =
      make_certificate(root_key.get(), {.cn = "Root", .is_authority = true});
  worker::tls::X509Pointer middle = make_certificate(
      middle_key.get(),
      {.cn = "Middle", .issuer = root.get(), .issuer_key = root_key.get(), .is_authority = true});
  worker::tls::X509Pointer leaf =
      make_certificate(leaf_key.get(), {.san = "DNS:a.test,DNS:*.A.test,IP:127.0.0.1",
                                        .issuer = middle.get(),
                                        .issuer_key = middle_key.get()});
};

}  // namespace

TEST_CASE(
    "certificates: the order in the file is free; the key tells the leaf; no root, no duplicates") {
  const Family f;
  const std::string key = pem(f.leaf_key.get());
  const std::string leaf = pem(f.leaf.get());
  const std::string middle = pem(f.middle.get());
  const std::string root = pem(f.root.get());
  for (const std::string& text :
       {key + leaf + middle, leaf + middle + key, middle + key + leaf, root + middle + leaf + key,
        "a comment\n" + leaf + leaf + middle + middle + root + key}) {
    conf::Diagnostics diagnostics;
    const auto found = read(text, diagnostics);
    CAPTURE(diagnostics.text());
    REQUIRE(found.size() == 1);
    CHECK(diagnostics.all().empty());
    CHECK(X509_cmp(found[0].leaf.get(), f.leaf.get()) == 0);
    REQUIRE(found[0].chain.size() == 1);
    CHECK(X509_cmp(found[0].chain[0].get(), f.middle.get()) == 0);
    CHECK(found[0].names == std::vector<std::string>{"a.test", "*.a.test"});
  }
}

TEST_CASE("certificates: certificates that issued each other make no endless chain") {
  const worker::tls::KeyPointer leaf_key = make_ec_key();
  const worker::tls::KeyPointer other_key = make_ec_key();
  const auto named = make_certificate(other_key.get(), {.cn = "Other", .is_authority = true});
  const auto leaf = make_certificate(
      leaf_key.get(),
      {.cn = "a.test", .issuer = named.get(), .issuer_key = other_key.get(), .is_authority = true});
  const auto other = make_certificate(
      other_key.get(),
      {.cn = "Other", .issuer = leaf.get(), .issuer_key = leaf_key.get(), .is_authority = true});
  conf::Diagnostics diagnostics;
  const auto found = read(pem(leaf.get()) + pem(other.get()) + pem(leaf_key.get()), diagnostics);
  REQUIRE(found.size() == 1);
  REQUIRE(found[0].chain.size() == 1);
  CHECK(X509_cmp(found[0].chain[0].get(), other.get()) == 0);
}

TEST_CASE("certificates: a chain of two intermediates goes upwards, whatever their order") {
  const Family f;
  const worker::tls::KeyPointer key = make_ec_key();
  const auto lower = make_certificate(key.get(), {.cn = "Lower",
                                                  .issuer = f.middle.get(),
                                                  .issuer_key = f.middle_key.get(),
                                                  .is_authority = true});
  const worker::tls::KeyPointer leaf_key = make_ec_key();
  const auto leaf = make_certificate(
      leaf_key.get(), {.cn = "b.test", .issuer = lower.get(), .issuer_key = key.get()});
  const std::string own = pem(leaf.get()) + pem(leaf_key.get());
  const std::string low = pem(lower.get());
  const std::string middle = pem(f.middle.get());
  for (const std::string& text : {own + low + middle, middle + low + own}) {
    conf::Diagnostics diagnostics;
    const auto found = read(text, diagnostics);
    REQUIRE(found.size() == 1);
    REQUIRE(found[0].chain.size() == 2);
    CHECK(X509_cmp(found[0].chain[0].get(), lower.get()) == 0);
    CHECK(X509_cmp(found[0].chain[1].get(), f.middle.get()) == 0);
  }
}

TEST_CASE("certificates: the name is CN where SAN has no DNS name") {
  conf::Diagnostics diagnostics;
  CHECK(read(simple_pem("Old.Test"), diagnostics).at(0).names ==
        std::vector<std::string>{"old.test"});
  CHECK(read(simple_pem("old.test", "IP:127.0.0.1"), diagnostics).at(0).names ==
        std::vector<std::string>{"old.test"});
  CHECK(read(simple_pem("old.test", "DNS:new.test"), diagnostics).at(0).names ==
        std::vector<std::string>{"new.test"});
  CHECK(read(simple_pem("Example Ltd."), diagnostics).at(0).names.empty());
}

TEST_CASE("certificates: two keys in one file make two certificates") {
  conf::Diagnostics diagnostics;
  CHECK(read(simple_pem("a.test") + simple_pem("b.test"), diagnostics).size() == 2);
  CHECK(diagnostics.all().empty());
}

TEST_CASE("certificates: each unusable file gets its reason") {
  const worker::tls::KeyPointer key = make_ec_key();
  const worker::tls::KeyPointer other = make_ec_key();
  const worker::tls::X509Pointer leaf = make_certificate(key.get(), {});
  const std::string certificate = pem(leaf.get());
  const std::string head = "the certificate `site.pem` cannot be used: ";
  const std::string tail = "; expected a PEM file with certificate, chain and key";
  CHECK(complaint("") == head + "it contains no certificate" + tail);
  CHECK(complaint(pem(key.get())) == head + "it contains no certificate" + tail);
  CHECK(complaint(certificate) ==
        head + "it contains no private key, and no file beside it does" + tail);
  CHECK(complaint(certificate + pem(other.get())) == head + "its key matches no certificate in it");
  CHECK(complaint(certificate + pem(key.get(), "1234")) ==
        head + "its private key is encrypted, and Pound cannot ask for the password" + tail);
  std::string broken = pem(key.get());
  broken.erase(60, 20);
  CHECK(complaint(certificate + broken).find(head) == 0);
  CHECK(complaint("-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n").find(head) ==
        0);
  CHECK(complaint(certificate.substr(0, 200)).find(head + "not valid PEM: ") == 0);
}

TEST_CASE("certificates: RSA of 2047 bits and small curves are too weak, RSA of 2048 bits is not") {
  const auto file = [](const worker::tls::KeyPointer& key) {
    return pem(make_certificate(key.get(), {}).get()) + pem(key.get());
  };
  CHECK(complaint(file(make_rsa_key(2047)))
            .find("its RSA key of 2047 bits is too weak; expected 2048 or more") !=
        std::string::npos);
  CHECK(complaint(file(make_ec_key("P-192"))).find("its key is too weak: 80 bits of security") !=
        std::string::npos);
  conf::Diagnostics diagnostics;
  CHECK(read(file(make_rsa_key(2048)), diagnostics).size() == 1);
}

TEST_CASE("certificates: one that has expired, or is not valid yet, gets a warning") {
  const worker::tls::KeyPointer key = make_ec_key();
  const auto warned = [&](long from, long until, ShownTo whom = ShownTo::clients) {
    conf::Diagnostics diagnostics;
    const auto certificate = make_certificate(key.get(), {.from = from, .until = until});
    CHECK(read(pem(certificate.get()) + pem(key.get()), diagnostics, whom).size() == 1);
    REQUIRE(diagnostics.all().size() == 1);
    CHECK_FALSE(diagnostics.has_errors());
    return diagnostics.all()[0].message;
  };
  CHECK(warned(-7200, -3600) == "the certificate `site.pem` has expired; clients will refuse it");
  CHECK(warned(3600, 99L * 86'400) ==
        "the certificate `site.pem` is not valid yet; clients will refuse it");
  CHECK(warned(3600, 99L * 86'400, ShownTo::backend) ==
        "the certificate `site.pem` is not valid yet; the backend will refuse it");
  const std::string soon = warned(-7200, 6L * 86'400 + 3600);
  CHECK(soon.starts_with("the certificate `site.pem` expires in 6 days (20"));
  CHECK(soon.ends_with(" UTC)"));
}

TEST_CASE("certificates: their dates, those that expire first at the top") {
  const worker::tls::KeyPointer key = make_ec_key();
  const auto text = [&](const char* cn, const char* san, long until) {
    const auto made = make_certificate(key.get(), {.cn = cn, .san = san, .until = until});
    return pem(made.get()) + pem(key.get());
  };
  conf::Diagnostics diagnostics;
  std::vector<Certificate> found;
  const std::int64_t now = std::time(nullptr);
  for (const auto& [san, until] :
       {std::pair{"DNS:late.test,DNS:b.test", 90L * 86'400},
        std::pair{"DNS:soon.test", 9L * 86'400}, std::pair{"IP:127.0.0.1", 30L * 86'400}}) {
    for (Certificate& one : read(text("\xc3\xa9", san, until), diagnostics)) {
      found.push_back(std::move(one));
    }
  }
  const auto dates = worker::tls::dates_of(found);
  REQUIRE(dates.size() == 3);
  CHECK(dates[0].name == "soon.test");
  CHECK(dates[0].path == "site.pem");
  CHECK(dates[0].told == worker::tls::Expiry::weeks);
  CHECK(dates[0].not_after_s - now >= 9 * 86'400);
  CHECK(dates[0].not_after_s - now <= 9 * 86'400 + 60);
  CHECK(dates[1].name.empty());
  CHECK(dates[1].told == worker::tls::Expiry::far);
  CHECK(dates[2].name == "late.test");
}

TEST_CASE("certificates: files, folders and patterns, in their order") {
  const Folder folder;
  std::filesystem::create_directory(folder.path + "/d");
  folder.write("d/2.pem", simple_pem("two.test"));
  folder.write("d/1.pem", simple_pem("one.test"));
  folder.write("d/.hidden.pem", "no");
  folder.write("d/notes.txt", "no");
  folder.write("x.crt", simple_pem("x.test"));
  const auto load = [&](const std::string& path, conf::Diagnostics& diagnostics) {
    std::string names;
    const std::vector<conf::Tls::Certificate> files{{.path = path, .where = {}}};
    std::vector<Certificate> loaded;
    worker::tls::Steps steps =
        worker::tls::load_certificates(files, ShownTo::clients, loaded, diagnostics);
    while (steps.next()) continue;
    for (const Certificate& one : loaded) {
      names += one.names.at(0) + " ";
    }
    return names;
  };
  conf::Diagnostics diagnostics;
  CHECK(load(folder.path + "/d", diagnostics) == "one.test two.test ");
  CHECK(load(folder.path + "/d/*.pem", diagnostics) == "one.test two.test ");
  CHECK(load(folder.path + "/x.crt", diagnostics) == "x.test ");
  CHECK(diagnostics.all().empty());

  CHECK(load(folder.path + "/none.pem", diagnostics).empty());
  CHECK(load(folder.path + "/none*", diagnostics).empty());
  std::filesystem::create_directory(folder.path + "/empty");
  CHECK(load(folder.path + "/empty", diagnostics).empty());
  const std::string text = diagnostics.text();
  CHECK(text.find("/none.pem`: No such file or directory; expected a readable PEM file") !=
        std::string::npos);
  CHECK(text.find("/none*`: nothing matches; expected PEM files") != std::string::npos);
  CHECK(text.find("/empty`: there is no *.pem in it; expected PEM files") != std::string::npos);
  CHECK(diagnostics.all().size() == 3);
}

TEST_CASE("certificates: the hosts that a name covers") {
  using worker::tls::name_covers;
  CHECK(name_covers("a.test", "A.Test"));
  CHECK(name_covers("a.test", "a.test."));
  CHECK_FALSE(name_covers("a.test", "b.a.test"));
  CHECK_FALSE(name_covers("a.test", ""));
  CHECK(name_covers("*.a.test", "x.a.test"));
  CHECK(name_covers("*.a.test", "X.A.TEST."));
  CHECK_FALSE(name_covers("*.a.test", "a.test"));
  CHECK_FALSE(name_covers("*.a.test", ".a.test"));
  CHECK_FALSE(name_covers("*.a.test", "x.y.a.test"));
  CHECK_FALSE(name_covers("*.test", "a.test"));
  CHECK_FALSE(name_covers("x*.a.test", "xy.a.test"));
  CHECK_FALSE(name_covers("*.*.test", "a.b.test"));
}

TEST_CASE("certificates: the key in a file of its own, named or beside the certificate") {
  const Folder folder;
  const worker::tls::KeyPointer key = make_ec_key();
  const auto leaf = make_certificate(key.get(), {.cn = "a.test"});
  const std::string certificate = pem(leaf.get());
  const auto load = [&](const std::string& name, const std::string& key_name) {
    const std::string key_path = key_name.empty() ? "" : folder.path + "/" + key_name;
    conf::Diagnostics diagnostics;
    const std::vector<conf::Tls::Certificate> files{{folder.path + "/" + name, {}, key_path, {}}};
    std::vector<Certificate> found;
    worker::tls::Steps steps =
        worker::tls::load_certificates(files, ShownTo::clients, found, diagnostics);
    while (steps.next()) continue;
    std::string said = std::to_string(found.size());
    for (const conf::Diagnostic& one : diagnostics.all()) said += "|" + one.message;
    for (std::size_t at; (at = said.find(folder.path)) != said.npos;) {
      said.replace(at, folder.path.size(), "FOLDER");
    }
    return said;
  };
  for (const char* name : {"a.pem", "b.pem", "c.crt", "fullchain.pem", "d.pem", "lone.pem"}) {
    folder.write(name, certificate);
  }
  folder.write("a.pem.key", pem(key.get()));
  folder.write("b.key", pem(key.get()));
  folder.write("c.key", pem(key.get()));
  folder.write("privkey.pem", pem(key.get()));
  folder.write("d.pem.key", pem(make_ec_key().get()));
  for (const char* name : {"a.pem", "b.pem", "c.crt", "fullchain.pem"}) {
    CAPTURE(name);
    CHECK(load(name, "") == "1");
  }
  CHECK(load("lone.pem", "b.key") == "1");
  CHECK(load("d.pem", "b.key") == "1");
  // A key in the certificate's file does not count beside a named one.
  folder.write("both.pem", certificate + pem(key.get()));
  CHECK(load("both.pem", "b.key") == "1");
  CHECK(load("both.pem", "") == "1");

  const std::string head = "0|the certificate `FOLDER/";
  const std::string tail = "; expected a PEM file with a private key";
  CHECK(load("d.pem", "") ==
        head + "d.pem` cannot be used: the key in `FOLDER/d.pem.key` matches no certificate in it");
  CHECK(load("lone.pem", "") ==
        head +
            "lone.pem` cannot be used: it contains no private key, and no file beside it does; "
            "expected a PEM file with certificate, chain and key");
  CHECK(load("lone.pem", "none") ==
        "0|cannot read the private key `FOLDER/none`: No such file or directory; expected a "
        "readable PEM file");
  CHECK(load("lone.pem", "lone.pem") ==
        "0|the private key `FOLDER/lone.pem` cannot be used: it contains none" + tail);
  folder.write("locked.key", pem(key.get(), "1234"));
  CHECK(load("lone.pem", "locked.key") ==
        "0|the private key `FOLDER/locked.key` cannot be used: its private key is encrypted, and "
        "Pound cannot ask for the password" +
            tail);
}
