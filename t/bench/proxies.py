"""Pound and its peers on this machine, configured for equal work, each on its own ports.

All have two workers or threads, keep connections to the backend open, keep clients for ten minutes,
accept TLS 1.2 and 1.3 with the same certificate and tickets, speak HTTP/2 and HTTP/1.1 over TLS as
the client prefers, and add X-Forwarded-For. Differences favour the peers: HAProxy may splice, and
only Pound adds X-Forwarded-Proto, -Host and -Port. Logs go to a file; those of HAProxy go to a
syslog socket, because HAProxy cannot write files.
"""

import dataclasses
import os
import pathlib
import re
import shutil
import signal
import subprocess

from harness import POUND, proc, reserve_port, wait_until

import machine

WORKERS = 2
MOST_STREAMS = 256  # of a connection, where it can be set; more than any scenario uses
# Pound's order. The order of OpenSSL begins with AES-256.
SUITES = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
TO_FILE = "file"  # a value of `log` that is not the path of a socket


@dataclasses.dataclass
class Work:
    """The task of a proxy in a scenario."""
    backend: int                # the port of the backend
    directory: pathlib.Path
    certificate: pathlib.Path
    slow: tuple = ()            # (path, port): requests for `path` go to this backend
    log: str = ""               # the path of a syslog socket or TO_FILE; empty: no access log
    routes: int = 0             # Pound only: number of services before the one that serves
    route: str = 'HeadRequire: "^Host: h{0}\\\\.example$"'  # each of these; {0}: its number
    sessions: int = 0           # Pound only: seconds of a session by the cookie `sid`
    max_sessions: int = 0       # Pound only: the size of the table
    store: int = 0              # Pound only: the port of a session store
    backends: tuple = ()        # Pound only: ports of further backends of the service
    workers: int = WORKERS
    secure: pathlib.Path = None  # the backend speaks TLS with this certificate, for `localhost`


class Proxy:
    """One running proxy; `pid` is its first process."""

    name = ""
    program = ""

    def __init__(self, work):
        self.work = work
        self.http, self.https = reserve_port(), reserve_port()
        self.directory = work.directory / f"{self.name}-{self.http}"
        self.directory.mkdir()
        self.pid = None
        self.process = None
        self.start()
        for port in (self.http, self.https):
            wait_until(lambda p=port: machine.is_open(p),
                       lambda: f"{self.name} to open its port; its output: " + self.said())
        self.read_pid()

    def write(self, name, text):
        path = self.directory / name
        path.write_text(text)
        return str(path)

    def run(self, command, **environment):
        with open(self.directory / "said", "wb") as said:
            self.process = subprocess.Popen(  # pylint: disable=consider-using-with
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                env={**os.environ, **environment})
        self.pid = self.process.pid

    def start(self):
        raise NotImplementedError

    def read_pid(self):
        """Sets `pid` for a proxy that runs in the background."""

    def said(self):
        return (self.directory / "said").read_text(errors="replace")

    def port(self, tls):
        return self.https if tls else self.http

    def is_well(self):
        return proc.is_alive(self.pid)

    def stop(self):
        members = machine.family(self.pid) if self.is_well() else []
        if members:
            os.kill(self.pid, signal.SIGTERM)
        try:
            self.process.wait(5)
            wait_until(lambda: not any(map(proc.is_alive, members)), "the proxy to end", 5)
        except (subprocess.TimeoutExpired, AssertionError):
            for member in members:
                try:
                    os.kill(member, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.process.wait()


class Nginx(Proxy):
    name = "nginx"
    program = os.environ.get("NGINX", "nginx")

    def start(self):
        work = self.work
        log = f"{self.directory}/access.log combined" if work.log else "off"
        pages = "location / { proxy_pass http://backend; }"
        if work.secure:
            pages = pages.replace("http:", "https:")
        secure = f"""proxy_ssl_verify on; proxy_ssl_trusted_certificate {work.secure};
  proxy_ssl_name localhost; proxy_ssl_server_name on;""" if work.secure else ""
        if work.slow:
            pages += f" location = {work.slow[0]} {{ proxy_pass http://slow; }}"
        slow = f"upstream slow {{ server 127.0.0.1:{work.slow[1]}; }}" if work.slow else ""
        parameter, directive = ("", "http2 on;") if self.knows_http2_on() else ("http2", "")
        certificate = f"ssl_certificate {work.certificate}; ssl_certificate_key {work.certificate};"
        path = self.write("nginx.conf", f"""
user root;
worker_processes {work.workers};
daemon off;
pid {self.directory}/pid;
error_log stderr crit;
events {{ worker_connections {2 * machine.most_clients()}; }}
http {{
  access_log {log};
  client_body_temp_path {self.directory}/body;
  proxy_temp_path {self.directory}/proxy;
  fastcgi_temp_path {self.directory}/f; uwsgi_temp_path {self.directory}/u;
  scgi_temp_path {self.directory}/s;
  keepalive_timeout 600; keepalive_requests 1000000000; client_max_body_size 0;
  http2_max_concurrent_streams {MOST_STREAMS};
  ssl_protocols TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers on;
  ssl_conf_command Ciphersuites {SUITES};
  proxy_http_version 1.1; proxy_max_temp_file_size 0;
  proxy_set_header Connection ""; proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  {secure}
  upstream backend {{
    server 127.0.0.1:{work.backend}; keepalive 1024; keepalive_requests 1000000000;
  }}
  {slow}
  server {{ listen 127.0.0.1:{self.http} backlog=4096 reuseport; {pages} }}
  server {{ listen 127.0.0.1:{self.https} ssl {parameter} backlog=4096 reuseport; {directive}
    {certificate} {pages} }}
}}
""")
        self.run([self.program, "-c", path, "-p", str(self.directory), "-e", "stderr"])

    @classmethod
    def version(cls):
        return machine.version([cls.program, "-v"], r"nginx/(\S+)")

    @classmethod
    def knows_http2_on(cls):
        """Since 1.25.1 HTTP/2 has a directive of its own."""
        numbers = re.findall(r"\d+", cls.version())
        return [int(number) for number in numbers[:3]] >= [1, 25, 1]


class HAProxy(Proxy):
    name = "HAProxy"
    program = os.environ.get("HAPROXY", "haproxy")

    def start(self):
        work = self.work
        log = f" log {work.log} local0\n option httplog" if work.log else ""
        use = slow = ""
        if work.slow:
            use = f" use_backend slow if {{ path {work.slow[0]} }}"
            slow = f"backend slow\n server s 127.0.0.1:{work.slow[1]}"
        secure = ""
        if work.secure:
            secure = f" ssl verify required ca-file {work.secure} verifyhost localhost"
            secure += " sni str(localhost)"
        tls = f"ssl crt {work.certificate} alpn h2,http/1.1 ssl-min-ver TLSv1.2"
        tls += f" ciphersuites {SUITES}"
        path = self.write("haproxy.cfg", f"""
global
 maxconn {machine.most_clients()}
 nbthread {work.workers}
 tune.h2.max-concurrent-streams {MOST_STREAMS}
defaults
 mode http
{log}
 timeout client 600s
 timeout server 60s
 timeout connect 5s
 timeout http-keep-alive 600s
 option forwardfor
 option splice-auto
 http-reuse always
frontend f
 bind 127.0.0.1:{self.http} backlog 4096
 bind 127.0.0.1:{self.https} {tls} backlog 4096
{use}
 default_backend b
backend b
 server s 127.0.0.1:{work.backend}{secure}
{slow}
""")
        self.run([self.program, "-db", "-f", path])

    @classmethod
    def version(cls):
        return machine.version([cls.program, "-v"], r"version (\S+)")


class Pound(Proxy):
    name = "Pound"
    program = POUND

    def start(self):
        work = self.work
        path = self.write("pound.yaml", self.configuration())
        command = [self.program, "-f", path, "-p", str(self.directory / "pid")]
        # With -F the log goes to standard output.
        self.run(command if self.is_daemon() else command + ["-F"])

    def is_daemon(self):
        return self.work.log not in ("", TO_FILE)

    def read_pid(self):
        if self.is_daemon():
            self.process.wait(10)  # it returns once the daemon is ready
            self.pid = int((self.directory / "pid").read_text())

    def configuration(self):
        work = self.work
        ports = (work.backend, *work.backends)
        lines = ["Global:", f"  Workers: {work.workers}"]
        lines += ["  AccessLog: combined" if work.log else '  AccessLog: "off"']
        if self.is_daemon():
            lines += [f"  LogSocket: {work.log}"]
        if work.max_sessions:
            lines += [f"  MaxSessions: {work.max_sessions}"]
        if work.store:
            lines += [f"  Secret: {self.write('secret', 'bench' * 8)}",
                      f"  SessionStore: {{Address: 127.0.0.1, Port: {work.store}}}"]
        lines += ["Backends:"]
        for i, port in enumerate(ports + ((work.slow[1],) if work.slow else ())):
            lines += [f"  - &b{i}", "    Address: 127.0.0.1", f"    Port: {port}",
                      "    Threads: 0", "    TimeOut: 60"]
            if work.secure:
                lines += [f"    TLS: {{Name: localhost, CA: {work.secure}}}"]
        rules = []
        if work.slow:
            rules += [f'      - URL: "^{work.slow[0]}$"', f"        Backends: [*b{len(ports)}]"]
        for i in range(work.routes):
            rules += ["      - " + work.route.format(i), "        Backends: [*b0]"]
        services = ["      - Backends: [" + ", ".join(f"*b{i}" for i in range(len(ports))) + "]"]
        if work.sessions:
            services += [f"        Session: {{Type: COOKIE, ID: sid, TTL: {work.sessions}}}"]
        for kind, port in (("HTTP", self.http), ("HTTPS", self.https)):
            lines += [f"{kind}Listeners:", "  - Address: 127.0.0.1", f"    Port: {port}",
                      "    Threads: 0", "    Client: 600"]
            if kind == "HTTPS":
                lines += [f"    Certificates: {work.certificate}"]
                rules = rules if work.slow else []  # a second set would only take memory
            lines += ["    Services:", *rules, *services]
        return "\n".join(lines) + "\n"

    @classmethod
    def version(cls):
        return machine.version([cls.program, "-v"], r"(\d+\.\d+\S*)")


ALL = (Pound, Nginx, HAProxy)


def missing():
    return [one.program for one in ALL if not shutil.which(one.program)]
