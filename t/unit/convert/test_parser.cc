// Tests of convert/parser: sections, comments, Include, and each way to refuse a file.
#include <doctest/doctest.h>

#include <filesystem>

#include "master/convert/parser.h"
#include "t/unit/folder.h"

using namespace master::convert;

namespace {

// Names in lower case; sections with braces; comments in parentheses before what they belong to.
std::string shape(const std::vector<Directive>& directives) {
  std::string out;
  for (const Directive& directive : directives) {
    if (!out.empty()) out += ' ';
    for (const std::string& comment : directive.comments) out += '(' + comment + ')';
    out += directive.name;
    if (!directive.is_section) continue;
    out += '{' + shape(directive.children);
    for (const std::string& comment : directive.trailing_comments) out += '(' + comment + ')';
    out += '}';
  }
  return out;
}

std::string parse(std::string_view text) {
  const Source source = parse_text("p.cfg", text);
  std::string out = shape(source.directives);
  for (const std::string& comment : source.trailing_comments) out += '(' + comment + ')';
  return out;
}

template <typename Read>
std::string refusal_of(Read read) {
  try {
    read();
  } catch (const ParseError& error) {
    return error.what();
  }
  return "";
}

std::string refusal(std::string_view text) {
  return refusal_of([&] { parse_text("p.cfg", text); });
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

}  // namespace

TEST_CASE("directives make a tree") {
  CHECK(parse("") == "");
  CHECK(parse("Alive 30\r\nGrace 1\n") == "alive grace");
  CHECK(parse("LISTENHTTP\nAddress a\nService\nBackEnd\nPort 1\nEnd\nEnd\nend\nAlive 1") ==
        "listenhttp{address service{backend{port}}} alive");
  CHECK(parse("Service \"x\"\nSession\nEnd\nEmergency\nEnd\nEnd") ==
        "service{session{} emergency{}}");
}

TEST_CASE("sections of 4.x") {
  CHECK(parse("ACL \"a\"\n\"10.0.0.0/8\"\nEnd\nService\nACL \"a\"\nEnd") == "acl{} service{acl}");
  CHECK(parse("Service\nACL\n\"::1\"\nEnd\nNot ACL\n\"::1\"\nEnd\nNot Host \"a\"\nEnd") ==
        "service{acl{} not{} not}");
  CHECK(parse("Service\nMatch OR\nHost \"a\"\nEnd\nRewrite response\nElse\nEnd\nEnd") ==
        "service{match{host} rewrite{else}}");
  CHECK(parse("Control \"/a\"\nControl\nSocket \"/a\"\nEnd\nTrustedIP \"a\"\nTrustedIP\nEnd") ==
        "control control{socket} trustedip trustedip{}");
}

TEST_CASE("comments belong to what follows them") {
  CHECK(parse("# a\n\n#b\nAlive 1 # c\n# d\nService # e\n# f\nEnd\n# g\n") ==
        "( a)(b)( c)alive ( d)( e)service{( f)}( g)");
}

TEST_CASE("directives know their place and their text") {
  const Source source = parse_text("p.cfg", "\n\nRedirect 301  \"http://a\"\n");
  const Directive& directive = source.directives.front();
  CHECK(directive.where.file == "p.cfg");
  CHECK(directive.where.line == 3);
  CHECK(directive.text() == "Redirect 301 \"http://a\"");
  CHECK(directive.arguments() == 2);
  CHECK(directive.argument(1) == "http://a");
  CHECK(directive.argument(2) == "");
  const Source wide = parse_text("p.cfg", "URL \"" + repeated("x", 500) + "\"");
  CHECK(wide.directives.front().text() == "URL \"" + repeated("x", 195) + "...");
}

TEST_CASE("a verdict gets worse, never better, and keeps each reason once") {
  Directive directive;
  directive.change("a");
  directive.carry();
  directive.change("b");
  directive.change("a");
  CHECK(directive.fate == Fate::changed);
  CHECK(directive.why == "a; b");
  directive.leave_out("c");
  directive.change("d");
  CHECK(directive.fate == Fate::left_out);
  CHECK(directive.why == "a; b; c; d");
}

TEST_CASE("what is no configuration is refused with its place") {
  CHECK(refusal("Alive 1\nEnd\n") == "p.cfg:2:1: `End` without a section that it could end");
  CHECK(refusal("ListenHTTP\nService \"a\"\nEnd\n") ==
        "p.cfg:1:1: no `End` ends the section ListenHTTP");
  CHECK(refusal("\nUser \"a\n") == "p.cfg:2:6: no quote ends this text");
  CHECK(refusal("Include\n") == "p.cfg:1:1: `Include` expects the name of a file");
  CHECK(refusal("Include \"a\" \"b\"\n") == "p.cfg:1:1: `Include` expects the name of a file");
  CHECK(refusal_of([] { parse_text("p.cfg", "Include \"a\"", false); }) ==
        "p.cfg:1:1: `Include` is not possible");
}

TEST_CASE("sections, directives and files are bounded") {
  CHECK(refusal(repeated("Service\n", kMaxSections) + repeated("End\n", kMaxSections)) == "");
  CHECK(refusal(repeated("Service\n", kMaxSections + 1)) ==
        "p.cfg:17:1: more than 16 sections in each other");
  CHECK(refusal(repeated("a\n", kMaxDirectives)) == "");
  CHECK(refusal(repeated("a\n", kMaxDirectives + 1)) ==
        "p.cfg:200001:1: more than 200000 directives");
  CHECK(refusal(repeated("#", kMaxFileBytes)) == "");
  CHECK(refusal(repeated("#", kMaxFileBytes + 1)) == "p.cfg: the configuration is too large");
}

TEST_CASE("Include reads a file where it stands") {
  const Folder folder;
  folder.write("inner.cfg", "# i\nHeadDeny \"x\"\n");
  const std::string path = folder.write(
      "outer.cfg", "Service\n# o\nInclude \"" + folder.file("inner.cfg") + "\"\nURL \"y\"\nEnd\n");
  const Source source = parse_file(path);
  CHECK(shape(source.directives) == "service{( o)include ( i)headdeny url}");
  CHECK(source.directives[0].children[0].fate == Fate::carried);
  CHECK(source.directives[0].children[1].where.file == folder.file("inner.cfg"));
  CHECK(source.directives[0].children[1].where.line == 2);
}

TEST_CASE("Include finds a relative file beside the file that names it") {
  const Folder folder;
  folder.write("inner.cfg", "Alive 1\n");
  const std::string path = folder.write("outer.cfg", "Include \"inner.cfg\"\n");
  const Source source = parse_file(path);
  CHECK(shape(source.directives) == "include alive");
  CHECK(source.directives[0].fate == Fate::changed);
  CHECK(source.directives[0].why == "the file is read from the folder of " + path +
                                        ", because the current folder has no such file");
}

TEST_CASE("a file that includes itself, one that is not there, and a folder are refused") {
  const Folder folder;
  const std::string a = folder.file("a"), b = folder.file("b");
  folder.write("a", "Include \"" + b + "\"\n");
  folder.write("b", "\nInclude \"" + a + "\"\n");
  CHECK(refusal_of([&] { parse_file(a); }) ==
        a + ": the file includes itself, included by " + b + ":2, included by " + a + ":1");
  CHECK(refusal_of([&] { parse_file(folder.file("c")); }) ==
        folder.file("c") + ": No such file or directory");
  CHECK(refusal_of([&] { parse_file(folder.path); }) == folder.path + ": not a regular file");
  folder.write("b", "Include \"" + folder.file("c") + "\"\n");
  CHECK(refusal_of([&] { parse_file(a); }) == folder.file("c") +
                                                  ": No such file or directory, included by " + b +
                                                  ":1, included by " + a + ":1");
}

TEST_CASE("the depth and the number of included files are bounded") {
  const Folder folder;
  const auto chain = [&](std::size_t files) {
    for (std::size_t i = 0; i < files; ++i) {
      folder.write(std::to_string(i),
                   i + 1 == files ? "Alive 1\n"
                                  : "Include \"" + folder.file(std::to_string(i + 1)) + "\"\n");
    }
    return refusal_of([&] { parse_file(folder.file("0")); });
  };
  CHECK(chain(kMaxIncludes + 1) == "");
  CHECK(chain(kMaxIncludes + 2)
            .starts_with(folder.file("17") + ": more than 16 files include each other"));
  folder.write("leaf", "");
  const std::string line = "Include \"" + folder.file("leaf") + "\"\n";
  folder.write("many", repeated(line, kMaxFiles - 1));
  CHECK(refusal_of([&] { parse_file(folder.file("many")); }) == "");
  folder.write("many", repeated(line, kMaxFiles));
  CHECK(refusal_of([&] {
          parse_file(folder.file("many"));
        }).starts_with(folder.file("leaf") + ": the configuration is too large"));
}
