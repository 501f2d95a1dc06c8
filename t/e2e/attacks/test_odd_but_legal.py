"""Unusual but valid requests pass unchanged, byte for byte.

These are cases that proxies have broken by being strict or helpful. Pound decodes, encodes, merges,
sorts and normalises nothing.
"""

import pytest

from harness import Client, request, response
from harness.config import plain_site

CONFIG = plain_site()

TARGETS = {
    "GitLab": [
        "/api/v4/projects/group%2Fsub%2Fproject/repository/files/src%2Fmain%2Ec/raw?ref=main",
        "/api/v4/projects/diaspora%2Fdiaspora/repository/branches/feature%2Ffoo",
        "/group/project/-/tree/v1.0/a%20b?ref_type=tags",
        "/group/project.git/info/refs?service=git-upload-pack",
    ],
    "Collabora": [
        "/cool/https%3A%2F%2Fcloud.example%3A443%2Findex.php%2Fapps%2Frichdocuments%2Fwopi%2Ffiles"
        "%2F42_oc%3Faccess_token%3Dabc%26access_token_ttl%3D0/ws?WOPISrc=https%3A%2F%2Fcloud."
        "example%2Findex.php%2Fapps%2Frichdocuments%2Fwopi%2Ffiles%2F42_oc&compat=/ws",
        "/lool/convert-to/pdf",
        "/hosting/discovery",
    ],
    "ArgoCD": [
        "/api/v1/repositories/https%3A%2F%2Fgit.example%2Fa%2Fb.git/apps?revision=HEAD",
        "/api/v1/clusters/https%3A%2F%2Fkubernetes.default.svc?id.type=url",
        "/api/v1/stream/applications?name=a&resourceVersion=1&projects=",
    ],
    "OWA": [
        "/owa/service.svc?action=FindItem&EP=1&ID=-1&AC=1",
        "/owa/?ae=Item&t=IPM.Note&id=RgAAAAB%2b%2f%3d&a=Open",
        "/owa/ev.owa2?ns=PendingRequest&ev=PendingNotificationRequest&UA=0&cid=a-b_c",
        "/owa/14.3.123.3/scripts/premium/uglobal.js",
        "/Microsoft-Server-ActiveSync?User=dom%5Cuser&DeviceId=X1&DeviceType=iPhone&Cmd=Sync",
        "/autodiscover/autodiscover.json?@example.com/autodiscover/autodiscover.json",
    ],
    "SVN and WebDAV": [
        "/svn/repo/!svn/vcc/default", "/svn/repo/!svn/bc/1234/trunk/a%20b/%C3%A4.txt",
        "/svn/repo/!svn/rvr/17/trunk", "/svn/repo/trunk/file.c?p=12&r=14",
        "/remote.php/dav/files/anna/Ordner%20%C3%A4/~$doc.docx", "/dav/a&b/(1)/it's,+fine;v=1",
    ],
    "Matrix": [
        "/_matrix/client/v3/rooms/!abc:example.org/event/$143273582443PhrSn:example.org",
        "/_matrix/client/v3/directory/room/%23room%3Aexample.org",
        "/_matrix/client/v3/user/@anna:example.org/filter",
        "/_matrix/client/v3/rooms/!a%3Ab/send/m.room.message/m1.1?access_token=x",
        "/_matrix/federation/v1/state/!r:example.org?event_id=$e:example.org",
        "/_matrix/media/v3/download/example.org/AbC?allow_redirect=true",
    ],
    "paths that look like others": [
        "//", "//double//slash//", "/a/./b/../c", "/..", "/../../etc/passwd", "/%2e%2e/%2E%2E/",
        "/a%2fb%5c", "/%00", "/a;jsessionid=1;b", "/a:b@c", "/wiki/C++", "/~user",
        "/a,b;c=d&e!f*('g')",
        "/.", "/%41%7E%7e", "/-._~", "/=", "/a=b&c", "/@",
    ],
    "queries": [
        "/?", "/??", "/?/../", "/?a", "/?a=b=c", "/?&&", "/?a=%5B1%5D&b=%7C", "/?q=a+b%20c",
        "/?a;b",
        "/?url=http://b.example/?c=d", "/?@:!$&'()*+,;=-._~/?",
    ],
}


@pytest.fixture(scope="module", name="where")
def fixture_where(shared_site):
    backend = shared_site.backend(lambda asked: response(asked.body))
    return shared_site.pound(CONFIG, web=backend.port), backend


@pytest.mark.parametrize("family", TARGETS)
def test_targets_pass_as_they_are(where, family):
    pound, backend = where
    with Client(pound.port) as client:
        for target in TARGETS[family]:
            for method in ("GET", "PROPFIND"):
                assert client.ask(method, target).status == 200, target
                assert backend.requests[-1].start_line == f"{method} {target} HTTP/1.1"
            assert client.ask("GET", "http://www.example.com" + target).status == 200, target
            assert backend.requests[-1].target == target


FIELDS = [
    ("Destination", "http://www.example.com/dav/a%20b/%2F;c"),
    ("If", '(<opaquelocktoken:a> ["e"])'),
    ("Depth", "infinity"), ("Translate", "f"), ("Lock-Token", "<urn:uuid:1>"), ("Overwrite", "T"),
    ("Cookie", 'a="b c"; d={"e":[1,2]}; f=g=h; i'), ("Cookie", "a=" + "c" * 8000), ("X-Empty", ""),
    ("If-None-Match", 'W/"a", "b"'), ("Range", "bytes=0-0,-1"),
    ("User-Agent", "a (b; c) \\d\\ {e}"),
    ("Referer", "https://a.example/?q=[1]|{2}^3"), ("Accept-Language", "de;q=0.9,en;q=0.8,*;q=0.5"),
    ("Authorization", "Negotiate YII==="), ("X-Latin", "M\xfcller"), ("X-Tab", "a\tb"),
    ("Content-Disposition", "attachment; filename*=UTF-8''%e2%82%ac%20rates"),
    ("Sec-CH-UA", '"Chromium";v="1", "Not=A?Brand";v="2"'), ("X-Comma", ",,,"),
    ("Warning", '199 - "a"'),
    ("!#$%&'*+-.^_`|~1a", "every character of a name"), ("SOAPAction", '""'), ("Max-Forwards", "0"),
    ("x-ms-client-request-id", "{0-1}"),
    ("Via", "1.1 a, 1.0 b (c)"), ("Date", "Tue, 1 Jan 1980 00:00:00 GMT"), ("Priority", "u=1, i"),
]


def test_fields_pass_as_they_are(where):
    pound, backend = where
    with Client(pound.port) as client:
        for name, value in FIELDS:
            assert client.ask("GET", "/", f"{name}: {value}").status == 200, name
            assert backend.requests[-1].all(name) == [value]
            client.send(request("GET", "/", f"{name}:\t {value} \t"))
            assert client.read_response().status == 200, name
            assert backend.requests[-1].all(name) == [value]
        many = [f"{name}: {value}" for name, value in FIELDS]
        assert client.ask("GET", "/", *many).status == 200
        assert [f for f in backend.requests[-1].fields if f in FIELDS] == FIELDS


@pytest.mark.parametrize("host", ["a", "A.Example", "a.example:8080", "a.example.", "127.0.0.1",
                                  "[::1]:80", "[2001:DB8::1]", "xn--mller-kva.example",
                                  "a_b.example", "a-b", "1"])
def test_hosts_pass_as_they_are(where, host):
    pound, backend = where
    with Client(pound.port) as client:
        assert client.ask("GET", "/", host=host).status == 200
    assert backend.requests[-1].all("Host") == [host]


BODIES = {  # fields in front of a body; the forms of a valid request
    "empty lines before": b"\r\n\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
    "lower-case everything": b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc",
    "no blanks": b"POST / HTTP/1.1\r\nHost:a\r\nContent-Length:3\r\n\r\nabc",
    "HTTP/1.0": b"POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc",
    "HTTP/1.0 that stays": b"POST / HTTP/1.0\r\nConnection: keep-alive\r\n"
                           b"Content-Length: 3\r\n\r\nabc",
    "a body of GET": b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
    "a body of DELETE": b"DELETE / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                        b"3\r\nabc\r\n0\r\n\r\n",
    "chunks of one": b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                     b"1\r\na\r\n1\r\nb\r\n01;x=y\r\nc\r\n0\r\nX-Sum: 1\r\n\r\n",
}


@pytest.mark.parametrize("name", BODIES)
def test_bodies_pass(where, name):
    pound, backend = where
    with Client(pound.port) as client:
        client.send(BODIES[name])
        assert client.read_response().body == b"abc"
    assert backend.requests[-1].body == b"abc"
