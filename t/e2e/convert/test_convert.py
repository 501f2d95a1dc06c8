"""pound-convert: the command, and that a converted site behaves as its configuration of Pound 2.x said.

Each site is written in the old format, converted, checked with `pound -c` and started. The results
of many other configurations are compared in t/unit/convert/test_translate.cc.
"""

import re
import ssl
import string
import subprocess

import pytest

from harness import (POUND, TIMEOUT, TlsClient, client_context, get, request, reserve_port, response,
                     run_pound)

LISTENER = "ListenHTTP\n\tAddress 127.0.0.1\n\tPort $listen\n"


def convert(*args, **kwargs):
    return subprocess.run(["pound-convert", *map(str, args)], executable=POUND, check=False, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT, **kwargs)


def backend_lines(port, *lines, kind="BackEnd"):
    return "\n".join([kind, "Address 127.0.0.1", f"Port {port}", *lines, "End", ""])


def start(site, old, **values):
    """Starts what the old configuration becomes. `$listen` in it is the port of a listener."""
    values.setdefault("listen", reserve_port())
    old_file = site.directory / "pound.cfg"
    old_file.write_text(string.Template(old).substitute(values, dir=site.directory))
    done = convert(old_file)
    assert done.returncode == 0, done
    new_file = site.directory / "converted.yaml"
    new_file.write_text(done.stdout)
    checked = run_pound("-c", "-f", new_file)
    assert checked.returncode == 0, checked
    return site.pound(done.stdout.replace("$", "$$"), listen=values["listen"])


def named(site, *names):
    """Backends that answer with their names."""
    return [site.backend(lambda r, n=name: response(n.encode())) for name in names]


def ask(pound, target="/", *fields, **kwargs):
    return get(pound.port, target, *fields, **kwargs).body.decode()


# --- the command ----------------------------------------------------------------------------------
OLD = """# web
ListenHTTP
	Address 192.0.2.1
	Port 80
	NoHTTPS11 1
	Service
		BackEnd
			Address 10.0.0.1
			Port 8080
		End
	End
End
"""


def test_the_configuration_goes_to_standard_output_and_the_report_to_standard_error(tmp_path):
    (tmp_path / "pound.cfg").write_text(OLD)
    done = convert("pound.cfg", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("# Made by pound-convert from pound.cfg. ")
    assert "  - &http1-service1-1\n    Address: 10.0.0.1\n    Port: 8080\n" in done.stdout
    lines = done.stderr.splitlines()
    assert lines[0] == "pound.cfg:2: ListenHTTP: carried over"
    assert lines[3] == ("pound.cfg:5: NoHTTPS11 1: left out: not needed: it was for Internet "
                        "Explorer")
    assert lines[-1] == "7 lines carried over, 0 changed, 1 left out"


def test_both_can_go_to_files(tmp_path):
    (tmp_path / "pound.cfg").write_text(OLD)
    done = convert("-o", "new.yaml", "-r", "report", "pound.cfg", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    both = convert("pound.cfg", cwd=tmp_path)
    assert (tmp_path / "new.yaml").read_text() == both.stdout
    assert (tmp_path / "report").read_text() == both.stderr


def test_help_and_version():
    usage = "usage: pound-convert [-o OUT] [-r REPORT] [-h] [-V] FILE\n"
    for option in ("-h", "--help"):
        done = convert(option)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith(usage + "\nReads FILE, ")
    done = convert("-V")
    assert done.returncode == 0 and re.fullmatch(r"pound-convert \d+\.\d+\.\d+\n", done.stdout)
    for args, mistake in (([], "expected the name of one file"),
                          (["a", "b"], "expected the name of one file"),
                          (["-x", "a"], "option -x is unknown"),
                          (["--long", "a"], "option --long is unknown"),
                          (["-o"], "option -o takes a file name"),
                          (["-o", "", "a"], "option takes a file name")):
        done = convert(*args)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"pound-convert: {mistake}\n{usage}"


@pytest.mark.parametrize("text, message", [
    ("ListenHTTP\n", "pound.cfg:1:1: no `End` ends the section ListenHTTP"),
    ("Alive 1\n  User \"a\n", "pound.cfg:2:8: no quote ends this text"),
    ("Include \"none.cfg\"\n", "none.cfg: No such file or directory, included by pound.cfg:1"),
    ("\x1b[31m\n", "pound.cfg:1:1: the byte \\x1b is no part of a printable text; expected UTF-8"),
])
def test_what_cannot_be_read_is_an_error(tmp_path, text, message):
    (tmp_path / "pound.cfg").write_text(text)
    done = convert("pound.cfg", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"pound-convert: {message}\n"


def test_files_that_are_not_there_or_cannot_be_written(tmp_path):
    (tmp_path / "pound.cfg").write_text(OLD)
    done = convert("other.cfg", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "pound-convert: other.cfg: No such file or "
                                                 "directory\n")
    done = convert("-o", "none/out", "pound.cfg", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "pound-convert: cannot write none/out: No such file "
                                                 "or directory\n")


def test_the_old_file_stays_as_it_is(tmp_path):
    (tmp_path / "pound.cfg").write_text(OLD)
    for option in ("-o", "-r"):
        done = convert(option, "./pound.cfg", "pound.cfg", cwd=tmp_path)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == ("pound-convert: ./pound.cfg is the old configuration; name another "
                               "file\n")
    assert (tmp_path / "pound.cfg").read_text() == OLD


def test_a_result_that_pound_cannot_use_is_an_error(tmp_path):
    (tmp_path / "pound.cfg").write_text("Alive 20\n")
    done = convert("pound.cfg", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout.endswith("Global:\n  Alive: 20\n")
    assert done.stderr == ("pound.cfg:1: Alive 20: carried over\n"
                           "1 lines carried over, 0 changed, 0 left out\n"
                           "pound-convert: Pound cannot use the result:\n"
                           "pound.yaml: error: no listeners: there is nothing to do\n")


def test_pound_names_the_converter(tmp_path):
    (tmp_path / "pound.cfg").write_text(OLD)
    for option in ("-c", "-F"):
        done = run_pound(option, "-f", "pound.cfg", "-p", tmp_path / "pid", cwd=tmp_path)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            "pound.cfg:2:1: error: this is the format of Pound 2.x; `pound-convert pound.cfg` writes "
            "it as YAML, see pound-convert(8)\n  ListenHTTP\n  ^\n")


# --- routing --------------------------------------------------------------------------------------
def test_services_of_a_listener_come_first_then_the_global_ones(site):
    own, images, rest = named(site, "own", "images", "rest")
    other = reserve_port()
    pound = start(site, LISTENER + "Service\nURL \"^/own\"\n" + backend_lines(own.port)
                  + f"End\nEnd\nListenHTTP\nAddress 127.0.0.1\nPort {other}\nEnd\n"
                  "Service\nURL \"\\.(gif|jpg)$$\"\n" + backend_lines(images.port) + "End\n"
                  "Service\nURL \"^/o\"\n" + backend_lines(rest.port) + "End\n")
    assert ask(pound, "/own/a.gif") == "own"
    assert ask(pound, "/a.gif") == "images"
    assert ask(pound, "/other") == "rest"
    assert get(other, "/own/a.gif").body == b"images"
    assert get(other, "/own").body == b"rest"
    assert get(pound.port, "/none").status == 404


def test_conditions(site):
    www, bots, rest = named(site, "www", "bots", "rest")
    pound = start(site, LISTENER
                  + "Service\nHeadRequire \"Host: .*www.example.com.*\"\n"
                  "HeadDeny \"user-agent:.*BOT\"\nIgnoreCase 1\nURL \"^/Shop\"\n"
                  + backend_lines(www.port) + "End\n"
                  + "Service\nHeadRequire \"User-Agent:.*bot\"\nHeadRequire \"X-A: 1\"\n"
                  + backend_lines(bots.port) + "End\n"
                  + "Service \"off\"\nDisabled 1\n" + backend_lines(www.port) + "End\n"
                  + "Service \"lost\"\nURL \"^/(?!a)\"\n" + backend_lines(www.port) + "End\n"
                  + "Service\n" + backend_lines(rest.port) + "End\nEnd\n")
    assert ask(pound, "/sHOP/1", host="WWW.example.com") == "www"
    assert ask(pound, "/shop", host="other.example.com") == "rest"
    assert ask(pound, "/shop", "User-Agent: a robot") == "rest"
    assert ask(pound, "/shop", "User-Agent: a robot", "x-a: 1") == "bots"
    assert ask(pound, "/a") == "rest"


@pytest.mark.parametrize("level, allowed, refused", [
    (None, ["GET", "POST"], ["PUT", "OPTIONS", "PROPFIND"]),
    (1, ["GET", "PUT", "PATCH", "DELETE"], ["OPTIONS", "MKCOL"]),
    (2, ["PUT", "OPTIONS", "PROPFIND", "LOCK"], ["QUERY"]),
    (4, ["PROPFIND", "SUBSCRIBE", "RPC_IN_DATA"], ["QUERY"]),
])
def test_the_methods_of_xhttp(site, level, allowed, refused):
    (backend,) = named(site, "web")
    (site.directory / "501.html").write_text("<p>not here</p>")
    pound = start(site, LISTENER + (f"xHTTP {level}\n" if level is not None else "")
                  + "Err501 \"$dir/501.html\"\n"
                  + "Service\n" + backend_lines(backend.port) + "End\nEnd\n")
    for method in allowed:
        client = site.client(pound.port)
        client.send(request(method, body=b""))
        assert client.read_response(to=method).body == b"web"
    for method in refused:
        client = site.client(pound.port)
        client.send(request(method, body=b""))
        answer = client.read_response(to=method)
        assert (answer.status, answer.body) == (501, b"<p>not here</p>")
    assert len(backend.requests) == len(allowed)


# --- redirects ------------------------------------------------------------------------------------
@pytest.mark.parametrize("old, status, location", [
    ('"http://new.example.com"', 302, "http://new.example.com/a/b?c=d"),
    ('301 "https://new.example.com"', 301, "https://new.example.com/a/b?c=d"),
    ('307 "http://new.example.com/index.html"', 307, "http://new.example.com/index.html"),
    ('"http://new.example.com/"', 302, "http://new.example.com/"),
])
def test_a_redirect_without_a_path_appends_that_of_the_request(site, old, status, location):
    pound = start(site, LISTENER + f"Service\nRedirect {old}\nEnd\nEnd\n")
    answer = get(pound.port, "/a/b?c=d")
    assert (answer.status, answer.field("Location")) == (status, location)


# --- heads and bodies -----------------------------------------------------------------------------
def test_headers_are_removed_and_added(site):
    (backend,) = named(site, "web")
    pound = start(site, LISTENER + "HeadRemove \"X-Debug\"\nHeadRemove \"^X-Internal-.*:\"\n"
                  "HeadRemove \"X-Forwarded-Proto\"\nAddHeader \"X-Forwarded-Proto: http\"\n"
                  "AddHeader \"X-Price: 5$$\"\nAddHeader \"X-Debug: pound\"\n"
                  "Service\n" + backend_lines(backend.port) + "End\nEnd\n")
    ask(pound, "/", "X-Debug: client", "X-Internal-A: 1", "X-Other: 1", "X-Forwarded-Proto: https")
    (received,) = backend.requests
    assert received.all("X-Debug") == ["pound"]
    assert received.all("X-Internal-A") == []
    assert received.all("X-Other") == ["1"]
    assert received.all("X-Price") == ["5$"]
    assert received.all("X-Forwarded-Proto") == ["http"]


def test_a_long_body_gets_the_page_of_414(site):
    (backend,) = named(site, "web")
    (site.directory / "414.html").write_text("<p>too long</p>")
    pound = start(site, LISTENER + "MaxRequest 10\nErr414 \"$dir/414.html\"\n"
                  "Service\n" + backend_lines(backend.port) + "End\nEnd\n")
    client = site.client(pound.port)
    client.send(request("POST", body=b"x" * 10))
    assert client.read_response().body == b"web"
    client = site.client(pound.port)
    client.send(request("POST", body=b"x" * 11))
    answer = client.read_response()
    assert (answer.status, answer.body) == (413, b"<p>too long</p>")


def test_locations_of_the_backend_are_rewritten_by_default(site):
    backend = site.backend(lambda r: response(b"", f"Location: http://127.0.0.1:{backend.port}/x",
                                              status="302 Found"))
    pound = start(site, LISTENER + "Service\n" + backend_lines(backend.port) + "End\nEnd\n")
    assert get(pound.port, "/", host="www.example.com").field("Location") == (
        "http://www.example.com/x")


# --- backends -------------------------------------------------------------------------------------
def session_fields(kind, client):
    return {"BASIC": ("/", f"Authorization: Basic {['YTp4', 'Yjp4', 'Yzp4', 'ZDp4'][client % 4]}"),
            "URL": (f"/?sid={client}", "X: 1"), "PARM": (f"/page;{client}", "X: 1"),
            "COOKIE": ("/", f"Cookie: sid={client}"), "HEADER": ("/", f"sid: {client}"),
            "IP": ("/", "X: 1")}[kind]


@pytest.mark.parametrize("kind", ["IP", "BASIC", "URL", "PARM", "COOKIE", "HEADER"])
def test_a_session_keeps_its_backend(site, kind):
    one, two = named(site, "one", "two")
    identity = "ID \"sid\"\n" if kind in ("URL", "COOKIE", "HEADER") else ""
    pound = start(site, LISTENER + f"Service\nSession\nType {kind}\nTTL 300\n{identity}End\n"
                  + backend_lines(one.port) + backend_lines(two.port) + "End\nEnd\n")
    for client in range(4):
        target, field = session_fields(kind, client)
        first = ask(pound, target, field, source=f"127.0.6.{client + 1}")
        for _ in range(12):
            assert ask(pound, target, field, source=f"127.0.6.{client + 1}") == first


def test_priorities_are_weights(site):
    one, two, three = named(site, "one", "two", "three")
    pound = start(site, LISTENER + "Service\n" + backend_lines(one.port, "Priority 9")
                  + backend_lines(two.port, "Priority 1")
                  + backend_lines(three.port, "Priority 9", "Disabled 1") + "End\nEnd\n")
    client = site.client(pound.port)
    for _ in range(400):
        client.send(request())
        client.read_response()
    # 360 on average; the standard deviation is 6.
    assert 310 < len(one.requests) < 400
    assert len(two.requests) == 400 - len(one.requests)
    assert not three.requests


def test_emergency_serves_when_all_others_are_dead(site):
    one, sorry = named(site, "one", "sorry")
    pound = start(site, LISTENER + "Service\n" + backend_lines(one.port)
                  + backend_lines(sorry.port, kind="Emergency") + "End\nEnd\n")
    assert ask(pound) == "one"
    one.refuse()
    one.disconnect()
    assert ask(pound) == "sorry"
    assert ask(pound) == "sorry"


@pytest.mark.parametrize("old", ["TimeOut 1\n{listener}Service\n{backend}End\nEnd\n",
                                 "{listener}Service\n{own}End\nEnd\n"])
def test_a_silent_backend_gives_504_after_its_time_out(site, old):
    silent = site.backend(script=lambda connection: connection.read_request_head() and
                          connection.read_request_head())
    lines = old.format(listener=LISTENER, backend=backend_lines(silent.port),
                       own=backend_lines(silent.port, "TimeOut 1"))
    pound = start(site, lines)
    assert get(pound.port).status == 504


def test_many_requests_of_a_backend_are_in_flight_at_a_time(site):
    """A backend of Pound 2.x has no limit; the default of Pound is 8."""
    backend = site.backend(lambda r: b"")
    pound = start(site, LISTENER + "Service\n" + backend_lines(backend.port, "TimeOut 30")
                  + "End\nEnd\n")
    for number in range(20):
        site.client(pound.port, source=f"127.0.7.{number + 1}").send(request())
    backend.wait_requests(20)


# --- TLS ------------------------------------------------------------------------------------------
def test_https_on_both_sides(site, authority):
    front = authority.issue("convert-front", "www.example.com")
    back = authority.issue("convert-back", "other.example.com")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(back.pem)
    backend = site.backend(lambda r: response(b"tls"), tls=context)
    pound = start(site, "ListenHTTPS\nAddress 127.0.0.1\nPort $listen\n"
                  f"Cert \"{front.pem}\"\nDisable TLSv1_2\n"
                  "AddHeader \"X-Forwarded-Proto: https\"\nService\n"
                  + backend_lines(backend.port, "HTTPS") + "End\nEnd\n")
    client = site.add_client(TlsClient(pound.port, context=client_context(authority=authority.root.cert)))
    client.send(request())
    assert client.read_response().body == b"tls"
    assert client.tls.version() == "TLSv1.3"
    assert backend.requests[0].all("X-Forwarded-Proto") == ["https"]
