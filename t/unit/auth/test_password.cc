// Tests of auth/password and auth/apr1 with hashes that other programs have made: htpasswd and
// openssl passwd for $apr1$, crypt(3) by Python for the others.
#include "worker/auth/password.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "worker/auth/apr1.h"
#include "worker/auth/htpasswd.h"

using worker::auth::matches;

namespace {

struct Vector {
  std::string password;
  std::string hash;
};

const std::vector<Vector> kVectors = {
    {"", "$apr1$18yY3vfk$P4JLFsRuhuY2DA8haVETW/"},
    {"x", "$apr1$abcdefgh$82JubPF2dQkt1tVfvLnXS."},
    {"secret", "$apr1$Zz./09$S14./2g5Qx51QIE1g5UZ9."},
    {"0123456789abcdef", "$apr1$saltsalt$noZiBycUL1t9WTQEO7/nr1"},
    {std::string(17, 'p'), "$apr1$q$cLvWkCiRJ100v2Kbb7tyw/"},
    {"\xc3\xa4\xc3\xb6", "$apr1$s$QGxJ6pYo1QDHbw1I48qcs0"},
    {std::string(100, 'a'), "$apr1$12345678$XUgawe9rI.Q.pC4iat45x/"},
    {std::string(200, 'L'), "$apr1$s$FdOIzBYqNBa8vnL6pzuaL/"},
    {"secret", "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"},
    {"secret", "$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a"},
    {"secret", "$2a$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"},
    {"", "$2y$04$abcdefghijklmnopqrstuubyCG3zY1GIXMyxfivm.ClDiInHzxjiq"},
    {"secret", "$5$saltstring$C3o4O1TC6aRHF4FI.QSZMXtHbaj2gSXr4sUc/3NcUi."},
    {"secret", "$5$rounds=1000$saltstring$AH5PD0i.riCRu4BNDy9v7OPV7u3dfLBApcXI6khquVA"},
    {"", "$5$s$u9jS/E6rlpZoj8KCMVhpLKJh2MrO5hc9UBdfKCcvVU7"},
    {"secret",
     "$6$saltstring$AIsRs/Ee56G/tC8MEHhvReZTfx8u3rXXMl6eYrjCG9ibix19DxoMBLogdTET5Ukw9Sf7eZTITsuk0Ry"
     "5qulYz."},
    {"secret",
     "$6$rounds=1000$0123456789abcdef$mcCDk6dNL5N0ijt8G9cMeU.2SLHUPRvQks/"
     "S0b3xWPKwxC/ouwbeCpt1WQloVhjazWF95X44lzjAj904IpNm1/"},
    {std::string(511, 'm'),
     "$6$rounds=1000$s$iqhNgvJPWSgZEH7PXN7FT4VyBqyqmMzlsLwKoHrXT7b9tkbuIgOWbuQ6A8CaygvrUxHhOcyKqNri"
     "73ecAIqlD."},
};

}  // namespace

TEST_CASE("password: what other programs have hashed is found right, and nothing else") {
  for (const Vector& vector : kVectors) {
    const std::string& password = vector.password;
    const std::string& hash = vector.hash;
    CAPTURE(hash);
    CHECK(worker::auth::read_users("u:" + hash).faults.empty());
    CHECK(matches(password, hash));
    CHECK_FALSE(matches(password + "x", hash));
    CHECK_FALSE(matches(password.empty() ? "y" : password.substr(1), hash));
    if (!password.empty()) CHECK_FALSE(matches("", hash));
    std::string other = hash;
    other.back() = other.back() == '.' ? '/' : '.';
    CHECK_FALSE(matches(password, other));
  }
}

TEST_CASE("password: bcrypt takes the first 72 bytes") {
  const std::string hash = "$2y$04$abcdefghijklmnopqrstuuUJf9qAIqFFWObw4K4AvdtuO.PaE5J/W";
  CHECK(matches(std::string(72, 'b'), hash));
  CHECK(matches(std::string(73, 'b'), hash));
  CHECK_FALSE(matches(std::string(71, 'b'), hash));
}

TEST_CASE("password: a damaged hash matches nothing") {
  for (const std::string hash : {"$2y$04$", "$5$", "$6$s$", "$apr1$", "$apr1$a$", "*0", "*1",
                                 "$2y$99$abcdefghijklmnopqrstuu"}) {
    CAPTURE(hash);
    CHECK_FALSE(matches("", hash));
    CHECK_FALSE(matches("*0", hash));
  }
}
