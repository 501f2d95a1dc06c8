// Tests of convert/translate: whole configurations in t/unit/data/convert, each with the pound.yaml
// and the report that it gives. The files are found from the root of the repository.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "conf/load.h"
#include "master/convert/parser.h"
#include "master/convert/translate.h"
#include "t/unit/folder.h"

using namespace master::convert;

namespace {

namespace fs = std::filesystem;

const fs::path kData = "t/unit/data/convert";

// The files are named as if they had been read in their own folder.
struct InFolder {
  InFolder() : before(fs::current_path()) { fs::current_path(kData); }
  ~InFolder() { fs::current_path(before); }
  InFolder(const InFolder&) = delete;
  InFolder& operator=(const InFolder&) = delete;
  fs::path before;
};

std::set<std::string> cases() {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(kData)) {
    if (entry.path().extension() == ".cfg") names.insert(entry.path().stem().string());
  }
  return names;
}

Result convert(const std::string& name) {
  const InFolder folder;
  return translate(parse_file(name + ".cfg"), name + ".cfg");
}

Result convert_text(std::string_view text) { return translate(parse_text("p.cfg", text), "p.cfg"); }

void collect_comments(const std::vector<Directive>& directives, std::vector<std::string>& out) {
  for (const Directive& directive : directives) {
    out.insert(out.end(), directive.comments.begin(), directive.comments.end());
    collect_comments(directive.children, out);
    out.insert(out.end(), directive.trailing_comments.begin(), directive.trailing_comments.end());
  }
}

std::size_t count_directives(const std::vector<Directive>& directives) {
  std::size_t count = directives.size();
  for (const Directive& directive : directives) count += count_directives(directive.children);
  return count;
}

std::string with_service(const std::string& lines) {
  return "ListenHTTP\nAddress 192.0.2.1\nPort 80\nService\n" + lines + "End\nEnd\n";
}

const std::string kBackend = "BackEnd\nAddress 10.0.0.1\nPort 80\nEnd\n";

// The report's line about a line of the source.
std::string verdict(const std::string& source, std::size_t line) {
  const std::string report = convert_text(source).report;
  const std::string begin = "p.cfg:" + std::to_string(line) + ": ";
  const std::size_t at = report.find(begin);
  REQUIRE(at != std::string::npos);
  return report.substr(at + begin.size(), report.find('\n', at) - at - begin.size());
}

}  // namespace

TEST_CASE("each configuration gives its pound.yaml and its report") {
  CHECK(cases().size() >= 20);
  for (const std::string& name : cases()) {
    CAPTURE(name);
    const Result result = convert(name);
    CHECK(result.yaml == content_of(kData / (name + ".yaml")));
    CHECK(result.report == content_of(kData / (name + ".txt")));
    CHECK(result.errors.empty() == (name != "nothing_usable"));
  }
}

TEST_CASE("each result loads without errors") {
  for (const std::string& name : cases()) {
    if (name == "nothing_usable") continue;
    conf::Diagnostics diagnostics;
    CHECK(conf::load_text(name, convert(name).yaml, diagnostics));
    CHECK_MESSAGE(!diagnostics.has_errors(), diagnostics.text());
  }
}

TEST_CASE("each comment of a source is in its result, and each line in its report") {
  for (const std::string& name : cases()) {
    CAPTURE(name);
    const Result result = convert(name);
    const InFolder folder;
    const Source source = parse_file(name + ".cfg");
    std::vector<std::string> comments = source.trailing_comments;
    collect_comments(source.directives, comments);
    for (const std::string& comment : comments) {
      CHECK_MESSAGE(result.yaml.find('#' + comment + '\n') != std::string::npos, comment);
    }
    const auto lines = static_cast<std::size_t>(std::ranges::count(result.report, '\n'));
    CHECK(lines > count_directives(source.directives));
  }
}

TEST_CASE("numbers out of range become the nearest one, and other texts are left out") {
  const auto client = [](const std::string& value) {
    return verdict("ListenHTTP\nAddress a\nPort 80\nClient " + value + "\nEnd\n", 4);
  };
  CHECK(client("1") == "Client 1: carried over");
  CHECK(client("86400") == "Client 86400: carried over");
  CHECK(client("0") == "Client 0: changed: Pound allows 1 to 86400");
  CHECK(client("86401") == "Client 86401: changed: Pound allows 1 to 86400");
  CHECK(client("99999999999999999999") ==
        "Client 99999999999999999999: changed: Pound allows 1 to 86400");
  CHECK(client("-1") == "Client -1: left out: expected a whole number");
  CHECK(client("1 2") == "Client 1 2: left out: expected one value");
  CHECK(client("") == "Client: left out: expected one value");
}

TEST_CASE("the second line of a kind is left out") {
  CHECK(verdict("ListenHTTP\nAddress a\nPort 80\nPort 81\nEnd\n", 4) ==
        "Port 81: left out: an earlier line has set Port");
}

TEST_CASE("yes and no have several names") {
  for (const std::string value : {"1", "yes", "True", "on", "0", "no", "false", "off"}) {
    CHECK(verdict(with_service(kBackend + "Disabled " + value + "\n"), 9).find("left out") ==
          std::string::npos);
  }
  CHECK(verdict(with_service(kBackend + "Disabled 2\n"), 9) ==
        "Disabled 2: left out: expected 0 or 1");
}

TEST_CASE("what Pound refuses is left out in Pound's words") {
  CHECK(verdict("ListenHTTP\nAddress a_b!\nPort 80\nEnd\n", 2)
            .starts_with("Address a_b!: left out: `Address` is text \"a_b!\", expected"));
}

TEST_CASE("a listener without an address makes the result unusable") {
  const Result result = convert_text("ListenHTTP\nPort 80\nEnd\n");
  CHECK(result.errors.find("an HTTP listener needs `Address`") != std::string::npos);
}

TEST_CASE("redirects of 4.x have other variables") {
  const auto redirect = [](const std::string& lines) {
    const std::string yaml = convert_text(with_service(lines)).yaml;
    const std::size_t at = yaml.find("Redirect: ");
    return at == std::string::npos ? "" : yaml.substr(at, yaml.find('\n', at) - at);
  };
  CHECK(redirect("Redirect \"https://%[host]\"\n") ==
        "Redirect: {Code: 302, URL: 'https://$host'}");
  CHECK(redirect("Redirect 303 \"https://a.example%[path]?%[query]\"\n") ==
        "Redirect: {Code: 303, URL: 'https://a.example$path?$query'}");
  CHECK(redirect("URL \"^/(.)\"\nRedirect \"https://a.example/$1$%41$$\"\n") ==
        "Redirect: {Code: 302, URL: 'https://a.example/$1%41$$'}");
  CHECK(redirect("Redirect \"https://a.example/$1\"\n") == "");
  CHECK(redirect("Redirect \"https://a.example/%[param x]\"\n") == "");
}

TEST_CASE("names of anchors are readable and unique") {
  const std::string service = "Service \"J\xc3\xb6rg's site\"\n" + kBackend + "End\n";
  const std::string yaml = convert_text(service + service).yaml;
  CHECK(yaml.find("  - &j-rg-s-site-1\n") != std::string::npos);
  CHECK(yaml.find("  - &j-rg-s-site-1-2\n") != std::string::npos);
  CHECK(yaml.find("  - &j-rg-s-site\n") != std::string::npos);
  CHECK(yaml.find("  - &j-rg-s-site-2\n") != std::string::npos);
}

TEST_CASE("a comment cannot leave its line") {
  const Result result = convert_text("# a\xe2\x80\xa8Global: {}\n#\xc2\x85x: y\nAlive 1\n");
  CHECK(result.yaml.find("  # a\\xe2\\x80\\xa8Global: {}\n  #\\xc2\\x85x: y\n") !=
        std::string::npos);
}

TEST_CASE("levels of the log") {
  const auto level = [](const std::string& value) {
    return verdict("LogLevel " + value + "\n", 1);
  };
  CHECK(level("0") == "LogLevel 0: carried over");
  CHECK(level("5").starts_with("LogLevel 5: changed: "));
  CHECK(level("6") == "LogLevel 6: left out: expected a level from 0 to 5");
  CHECK(level("\"Null\"") == "LogLevel \"Null\": carried over");
  CHECK(level("\"combined\"").starts_with("LogLevel \"combined\": changed: "));
}

TEST_CASE("pages of errors have a status from 400 to 599") {
  const auto page = [](const std::string& line) {
    return verdict("ListenHTTP\n" + line + "\nEnd\n", 2);
  };
  CHECK(page("Err404 \"a\"") == "Err404 \"a\": carried over");
  CHECK(page("Err599 \"a\"") == "Err599 \"a\": carried over");
  CHECK(page("ErrorFile 503 \"a\"") == "ErrorFile 503 \"a\": carried over");
  CHECK(page("Err404") == "Err404: left out: expected the name of a file");
  CHECK(page("ErrorFile 503") == "ErrorFile 503: left out: expected the name of a file");
  CHECK(page("ErrorFile 301 \"a\"") ==
        "ErrorFile 301 \"a\": left out: expected the name of a file");
  for (const std::string other : {"Err301", "Err5", "Err4040", "Errata"}) {
    CHECK(page(other) ==
          other + ": left out: pound-convert knows no such directive in this section");
  }
}

TEST_CASE("ciphers are names, perhaps with exclusions") {
  const auto ciphers = [](const std::string& list) {
    return verdict("ListenHTTPS\nCiphers \"" + list + "\"\nEnd\n", 2).find("carried over") !=
           std::string::npos;
  };
  CHECK(ciphers("ECDHE-RSA-AES128-GCM-SHA256"));
  CHECK(ciphers("TLS_AES_128_GCM_SHA256,ECDHE-RSA-AES128-GCM-SHA256 AES128-SHA:!RC4:"));
  for (const std::string list : {"HIGH", "ECDHE-RSA-AES128-GCM-SHA256:HIGH", "!RC4", "@STRENGTH",
                                 "-RC4-SHA", "AES128-SHA+RC4", "A-B@C"}) {
    CHECK_FALSE(ciphers(list));
  }
}

TEST_CASE("HAport has a port, perhaps after an address") {
  const auto check = [](const std::string& line) {
    return verdict(with_service("BackEnd\nAddress 10.0.0.1\nPort 80\n" + line + "\nEnd\n"), 8);
  };
  CHECK(check("HAport 1") == "HAport 1: carried over");
  CHECK(check("HAport 65535") == "HAport 65535: carried over");
  CHECK(check("HAport 10.0.0.2 80").starts_with("HAport 10.0.0.2 80: changed: "));
  for (const std::string line :
       {"HAport", "HAport 0", "HAport 65536", "HAport 80 10.0.0.2", "HAport a 80 b"}) {
    CHECK(check(line) == line + ": left out: expected a port");
  }
}

TEST_CASE("a check is not rarer than an hour, and a whole one takes at most its period") {
  const auto check = [](const std::string& alive) {
    const std::string yaml =
        convert_text("Alive " + alive + "\n" +
                     with_service("BackEnd\nAddress 10.0.0.1\nPort 80\nHAport 81\nEnd\n"))
            .yaml;
    const std::size_t at = yaml.find("Check: ");
    return yaml.substr(at, yaml.find('\n', at) - at);
  };
  CHECK(check("5") == "Check: {Port: 81, Every: 5, Within: 5, Rise: 1, Fall: 1}");
  CHECK(check("3601") == "Check: {Port: 81, Every: 3600, Within: 15, Rise: 1, Fall: 1}");
}

TEST_CASE("certificates of clients") {
  const auto mode = [](const std::string& lines) {
    const std::string yaml =
        convert_text("ListenHTTPS\nAddress a\nPort 443\nCert \"c\"\n" + lines + "End\n").yaml;
    const std::size_t at = yaml.find("    ClientCert:\n");
    return at == std::string::npos ? "" : yaml.substr(at, yaml.find("    Client: ") - at);
  };
  CHECK(mode("ClientCert 1 9\nVerifyList \"v\"\n") ==
        "    ClientCert:\n      Mode: ask\n      CA: v\n      Depth: 9\n");
  CHECK(mode("CAlist \"c\"\nClientCert 2\n") ==
        "    ClientCert:\n      Mode: require\n      CA: c\n");
  CHECK(mode("ClientCert 2 1\nClientCert 1 1\nVerifyList \"v\"\n") ==
        "    ClientCert:\n      Mode: require\n      CA: v\n      Depth: 1\n");
  for (const std::string lines :
       {"ClientCert 0\nVerifyList \"v\"\n", "VerifyList \"v\"\n", "ClientCert 2 1\n",
        "ClientCert 3 1\nVerifyList \"v\"\n", "ClientCert 4 1\nVerifyList \"v\"\n"}) {
    CHECK(mode(lines) == "");
  }
}

TEST_CASE("WSTimeOut is the longest of a listener's backends") {
  const auto stream = [](const std::string& source) {
    const std::string yaml = convert_text(source).yaml;
    const std::size_t at = yaml.find("StreamTimeOut: ");
    return yaml.substr(at, yaml.find('\n', at) - at);
  };
  const auto backend = [](const std::string& lines) {
    return "BackEnd\nAddress 10.0.0.1\nPort 80\n" + lines + "End\n";
  };
  CHECK(stream(with_service(kBackend)) == "StreamTimeOut: 600");
  CHECK(stream(with_service(backend("WSTimeOut 60\n"))) == "StreamTimeOut: 60");
  CHECK(stream(with_service(backend("WSTimeOut 60\n") + kBackend)) == "StreamTimeOut: 600");
  CHECK(stream("WSTimeOut 7\n" + with_service(backend("WSTimeOut 0\n"))) == "StreamTimeOut: 7");
  CHECK(stream(with_service(backend("WSTimeOut 99999\n"))) == "StreamTimeOut: 86400");
  CHECK(stream("ListenHTTP\nEnd\nService\n" + backend("WSTimeOut 5000\n") + "End\n") ==
        "StreamTimeOut: 5000");
}

TEST_CASE("a Unix socket has no port") {
  const std::string lines = "BackEnd\nPort 80\nAddress /run/a\nHAport 81\nEnd\n";
  CHECK(verdict(with_service(lines), 6) == "Port 80: left out: a Unix socket has no port");
  CHECK(verdict(with_service(lines), 8) == "HAport 81: left out: a Unix socket has no port");
  CHECK(convert_text(with_service(lines)).errors == "");
  const std::string listener = "ListenHTTP\nAddress /run/a\nPort 80\nEnd\n";
  CHECK(verdict(listener, 3) == "Port 80: left out: a Unix socket has no port");
  CHECK(convert_text(listener).errors == "");
}

TEST_CASE("StrictTransportSecurity belongs to HTTPS") {
  CHECK(verdict("ListenHTTPS\nStrictTransportSecurity 63072001\nEnd\n", 2) ==
        "StrictTransportSecurity 63072001: changed: Pound allows 0 to 63072000");
  CHECK(
      verdict("ListenHTTP\nStrictTransportSecurity 1\nEnd\n", 2) ==
      "StrictTransportSecurity 1: left out: pound-convert knows no such directive in this section");
}

TEST_CASE("Control needs its socket") {
  CHECK(verdict("ControlMode 0660\n", 1) == "ControlMode 0660: left out: there is no Control");
  CHECK(
      verdict("Control \"/a\"\nControlMode 8\n", 2).starts_with("ControlMode 8: left out: `Mode`"));
  CHECK(verdict("Control \"/a\"\nControlMode 600\nControlMode 660\n", 3) ==
        "ControlMode 660: left out: an earlier line has set Mode");
  CHECK(verdict("Control \"a\"\n", 1).starts_with("Control \"a\": left out: "));
}
