// Tests of tls/authorities: files of authorities and revocation lists, good and bad.
#include <doctest/doctest.h>

#include "t/unit/tls/harness.h"

using namespace tls_test;

namespace {

struct Files {
  Folder folder;
  worker::tls::KeyPointer key = make_ec_key();
  worker::tls::X509Pointer root = make_certificate(key.get(), {.cn = "Root", .is_authority = true});
  std::string root_pem = pem(root.get());

  std::string crl(long from = -3600, long until = 3600) const {
    return pem(make_crl({root.get(), key.get(), root.get(), from, until}).get());
  }
  // "C certificates, L lists", or the diagnostic with "FOLDER" in place of the folder's path.
  std::string load(const std::string& ca, const std::string& list = "") const {
    conf::Tls::ClientCert wanted;
    wanted.ca = ca;
    wanted.crl = list;
    conf::Diagnostics diagnostics;
    const auto made = worker::tls::load_authorities(wanted, diagnostics);
    CHECK(made.has_value() != diagnostics.has_errors());
    std::string said;
    if (made) {
      said = std::to_string(made->certificates.size()) + " certificates, " +
             std::to_string(made->crls.size()) + " lists";
    }
    for (const conf::Diagnostic& one : diagnostics.all()) said += "|" + one.message;
    for (std::size_t at; (at = said.find(folder.path)) != said.npos;) {
      said.replace(at, folder.path.size(), "FOLDER");
    }
    return said;
  }
};

}  // namespace

TEST_CASE("authorities: certificates and lists of both files, in any order") {
  const Files f;
  const std::string ca = f.folder.write("ca", f.root_pem);
  const std::string both = f.folder.write("both", f.crl() + "remark\n" + f.root_pem + f.crl());
  CHECK(f.load(ca) == "1 certificates, 0 lists");
  CHECK(f.load(both) == "1 certificates, 2 lists");
  CHECK(f.load(both, both) == "1 certificates, 4 lists");
  CHECK(f.load(ca, f.folder.write("crl", f.crl())) == "1 certificates, 1 lists");
}

TEST_CASE("authorities: each unusable file gets its reason") {
  const Files f;
  const std::string ca = f.folder.write("ca", f.root_pem);
  const std::string empty = f.folder.write("empty", "nothing\n");
  const std::string cut = f.folder.write("cut", f.root_pem + f.crl().substr(0, 100));
  const std::string tail_ca = "; expected a PEM file of certificates";
  const std::string tail_crl = "; expected a PEM file of CRLs";
  CHECK(f.load(f.folder.path + "/none") ==
        "|cannot use the authorities `FOLDER/none`: No such file or directory" + tail_ca);
  CHECK(f.load(empty) ==
        "|cannot use the authorities `FOLDER/empty`: it contains no certificate" + tail_ca);
  CHECK(f.load(f.folder.write("crl", f.crl())) ==
        "|cannot use the authorities `FOLDER/crl`: it contains no certificate" + tail_ca);
  CHECK(f.load(cut).find("|cannot use the authorities `FOLDER/cut`: not valid PEM: ") == 0);
  CHECK(f.load(ca, f.folder.path + "/none") ==
        "|cannot use the revocation lists `FOLDER/none`: No such file or directory" + tail_crl);
  CHECK(f.load(ca, ca) ==
        "|cannot use the revocation lists `FOLDER/ca`: it contains no CRL" + tail_crl);
}

TEST_CASE("authorities: a list that another key signed is refused, one of a stranger is not") {
  const Files f;
  const worker::tls::KeyPointer other = make_ec_key();
  const std::string ca = f.folder.write("ca", f.root_pem);
  const auto forged = make_crl({f.root.get(), other.get()});
  CHECK(f.load(ca, f.folder.write("forged", pem(forged.get()))) ==
        "|cannot use the revocation lists `FOLDER/forged`: the CRL of `CN=Root` has a signature "
        "that is not its issuer's; expected a PEM file of CRLs");
  const auto stranger = make_certificate(other.get(), {.cn = "Other", .is_authority = true});
  const auto theirs = make_crl({stranger.get(), other.get()});
  CHECK(f.load(ca, f.folder.write("theirs", pem(theirs.get()))) == "1 certificates, 1 lists");
}

TEST_CASE("authorities: a list that is out of date gets a warning") {
  const Files f;
  const std::string ca = f.folder.write("ca", f.root_pem);
  const std::string tail = "; Pound refuses all certificates of this issuer";
  CHECK(f.load(f.folder.write("late", f.root_pem + f.crl(-7200, -3600))) ==
        "1 certificates, 1 lists|the CRL of `CN=Root` in `FOLDER/late` has expired" + tail);
  CHECK(f.load(ca, f.folder.write("early", f.crl(3600, 7200))) ==
        "1 certificates, 1 lists|the CRL of `CN=Root` in `FOLDER/early` is not valid yet" + tail);
}

TEST_CASE("authorities: a file of the largest size, and of one byte more") {
  const Files f;
  std::string text = f.root_pem;
  text.append(worker::tls::kMaxAuthorityFile - text.size(), '\n');
  CHECK(f.load(f.folder.write("most", text)) == "1 certificates, 0 lists");
  CHECK(f.load(f.folder.write("more", text + "\n"))
            .find("|cannot use the authorities `FOLDER/more`: ") == 0);
}
