"""Further peers for HTTP/2: h2o and nghttpx, where they are installed.

They do the same work as the proxies in proxies.py, and write no log. Both also add
X-Forwarded-Proto, and h2o adds Via.
"""

import os
import shutil

import machine
from proxies import ALL, MOST_STREAMS, SUITES, Proxy


class H2o(Proxy):
    name = "h2o"
    program = os.environ.get("H2O", "h2o")

    def start(self):
        user = "user: root" if os.geteuid() == 0 else ""
        tls = (f"{{certificate-file: {self.work.certificate}, key-file: {self.work.certificate}, "
               "cipher-preference: server, ocsp-update-interval: 0}")
        # Its configuration has no place for the suites of TLS 1.3.
        openssl = self.write("openssl.cnf", f"""
openssl_conf = init
[init]
ssl_conf = ssl
[ssl]
system_default = defaults
[defaults]
Ciphersuites = {SUITES}
""")
        path = self.write("h2o.conf", f"""
num-threads: {self.work.workers}
max-connections: {machine.most_clients()}
{user}
http1-request-timeout: 600
http2-idle-timeout: 600
http2-max-concurrent-requests-per-connection: {MOST_STREAMS}
listen: {{host: 127.0.0.1, port: {self.http}}}
listen: {{host: 127.0.0.1, port: {self.https}, ssl: {tls}}}
hosts:
  default:
    paths:
      /:
        proxy.reverse.url: "http://127.0.0.1:{self.work.backend}/"
        proxy.preserve-host: ON
        proxy.timeout.keepalive: 60000
""")
        self.run([self.program, "-c", path], OPENSSL_CONF=openssl)

    @classmethod
    def version(cls):
        return machine.version([cls.program, "-v"], r"version (\S+)")


class Nghttpx(Proxy):
    name = "nghttpx"
    program = os.environ.get("NGHTTPX", "nghttpx")

    def start(self):
        certificate = str(self.work.certificate)
        self.run([self.program, "--conf=/dev/null", f"--workers={self.work.workers}",
                  f"--frontend=127.0.0.1,{self.http};no-tls", f"--frontend=127.0.0.1,{self.https}",
                  f"--backend=127.0.0.1,{self.work.backend}", "--backlog=4096", "--no-ocsp",
                  "--frontend-http2-read-timeout=600s", "--frontend-keep-alive-timeout=600s",
                  "--backend-keep-alive-timeout=60s", f"--tls13-ciphers={SUITES}",
                  f"--frontend-http2-max-concurrent-streams={MOST_STREAMS}",
                  "--add-x-forwarded-for", "--no-via", certificate, certificate])

    @classmethod
    def version(cls):
        return machine.version([cls.program, "-v"], r"nghttp2/(\S+)")


OPTIONAL = (H2o, Nghttpx)
FOR_HTTP2 = ALL + tuple(one for one in OPTIONAL if shutil.which(one.program))


def not_installed():
    return [one.program for one in OPTIONAL if one not in FOR_HTTP2]
