"""TLS to the servers that people use: nginx, Apache and node, with their default settings.

Each serves one file of 100 KiB and knows a certificate for www.example.com only. nginx asks for a
certificate of Pound's, too.
"""

import pathlib
import shutil
import subprocess

import pytest

from harness import TIMEOUT, Client, get, reserve_port, wait_until
from harness.config import plain_site
from harness.nginx import HTTP
from harness.status import read_status

NGINX = HTTP + """  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{
    listen 127.0.0.1:{port} ssl;
    root {folder}/www;
    ssl_certificate {pem};
    ssl_certificate_key {pem};
    ssl_verify_client on;
    ssl_client_certificate {ca};
    add_header Resumed $ssl_session_reused always;
    add_header Client $ssl_client_verify always;
  }}
}}
"""

APACHE = """
ServerRoot {folder}
ServerName localhost
PidFile {folder}/apache.pid
ErrorLog /dev/stderr
Listen 127.0.0.1:{port}
{modules}
DocumentRoot {folder}/www
SSLEngine on
SSLCertificateFile {pem}
SSLCertificateKeyFile {pem}
"""

APACHE_MODULES = ("mpm_event", "authz_core", "ssl")

NODE = """
const fs = require("fs"), https = require("https");
const page = fs.readFileSync("{folder}/www/page");
const options = {{key: fs.readFileSync("{pem}"), cert: fs.readFileSync("{pem}")}};
https.createServer(options, (request, reply) => reply.end(page)).listen({port}, "127.0.0.1");
"""


def nginx(folder, values):
    (folder / "nginx.conf").write_text(NGINX.format(**values))
    return ["nginx", "-e", "stderr", "-p", folder, "-c", folder / "nginx.conf"]


def apache(folder, values):
    found = pathlib.Path("/usr/lib/apache2/modules")
    modules = "\n".join(f"LoadModule {name}_module {found}/mod_{name}.so"
                        for name in APACHE_MODULES)
    (folder / "apache.conf").write_text(APACHE.format(modules=modules, **values))
    return ["apache2", "-X", "-f", folder / "apache.conf"]


def node(folder, values):
    (folder / "server.js").write_text(NODE.format(**values))
    return ["node", folder / "server.js"]


@pytest.fixture(name="house", params=[nginx, apache, node], ids=lambda server: server.__name__)
def fixture_house(request, site, authority, certificates, tmp_path):
    """A daemon before a real server; the second value is the page that it serves."""
    values = {"folder": tmp_path, "port": reserve_port(), "pem": certificates["ec"].pem,
              "ca": authority.root.cert}
    command = request.param(tmp_path, values)
    if not shutil.which(command[0], path="/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin"):
        pytest.skip(f"{command[0]} is not installed")
    page = bytes(i % 251 for i in range(100 * 1024))
    (tmp_path / "www").mkdir()
    (tmp_path / "www" / "page").write_bytes(page)
    own = certificates["rsa"]
    settings = f"TLS: {{CA: $ca, Name: www.example.com, Cert: {own.pem}}}"
    pound = site.prepare(plain_site("Workers: 1; Alive: 1", backends={"web": settings}),
                         ca=authority.root.cert, web=values["port"])
    with open(tmp_path / "said", "wb") as said:
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
    try:
        pound.start()
        wait_until(lambda: get(pound.port, "/page").status == 200,
                   lambda: (tmp_path / "said").read_text() + pound.log()[-2000:])
        yield pound, page
    finally:
        server.kill()
        server.wait(TIMEOUT)


def no_failures(pound):
    backend = read_status(pound).one("backend", name="web")
    return (backend["tls_verify"], backend["tls_handshake"]) == (0, 0)


def test_pages_over_one_connection(house):
    pound, page = house
    with Client(pound.port) as client:
        for _ in range(20):
            reply = client.ask("GET", "/page")
            assert (reply.status, reply.body) == (200, page)
            assert reply.field("Client") in (None, "SUCCESS")  # only nginx asked
        assert client.ask("HEAD", "/page").status == 200
    assert no_failures(pound)


def test_further_connections_resume_the_session(house):
    """A request with a body gets a connection of its own."""
    pound, _ = house
    resumed = []
    for _ in range(4):
        with Client(pound.port) as client:
            reply = client.ask("PUT", "/page", body=b"x" * 1000)
        assert reply.status in (200, 405)  # node serves it all the same
        resumed.append(reply.field("Resumed"))
    assert resumed in ([None] * 4, ["r"] * 4)  # nginx says so
    assert no_failures(pound)
