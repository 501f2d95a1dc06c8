"""Certificates for one test run, and a TLS client that lets a test control every record.

Authority runs the openssl command. TlsClient puts Python's ssl between two memory buffers, so the
test decides how records are split into segments, when close_notify goes out and which bytes are
never sent. The client verifies no certificate unless the test asks for it.
"""

import pathlib
import re
import socket
import ssl
import subprocess
import time

from .client import Client
from .timing import TIMEOUT

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def openssl(*args, **kwargs):
    done = subprocess.run(["openssl", *map(str, args)], capture_output=True, check=False,
                          timeout=TIMEOUT * 3, **kwargs)
    assert done.returncode == 0, f"openssl {args}: {done.stderr.decode()}"
    return done.stdout


def s_client(port, *args, request=b"", name="www.example.com"):
    """The output of `openssl s_client` that sends `request` and reads to the end."""
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername",
                           name, "-ign_eof", *map(str, args)], input=request, check=False,
                          capture_output=True, timeout=TIMEOUT)
    return (done.stdout + done.stderr).decode(errors="backslashreplace")


class Certificate:
    """Paths of a certificate, of its key, and of the file for Pound: both and the chain."""

    def __init__(self, directory, name):
        self.cert = directory / f"{name}.crt"
        self.key = directory / f"{name}.key"
        self.pem = directory / f"{name}.pem"


def make_key(path, kind):
    algorithm, size = kind.split(":")
    option = {"rsa": "rsa_keygen_bits", "ec": "ec_paramgen_curve"}[algorithm]
    openssl("genpkey", "-algorithm", algorithm, "-pkeyopt", f"{option}:{size}", "-out", path)


class Authority:
    """A root and an intermediate that signs; servers must send the intermediate as their chain."""

    def __init__(self, directory, name="Test"):
        self.directory = pathlib.Path(directory)
        self.root = Certificate(self.directory, "ca")
        make_key(self.root.key, "ec:P-256")
        openssl("req", "-x509", "-new", "-key", self.root.key, "-subj", f"/CN={name} CA", "-days",
                30, "-out", self.root.cert)
        (self.directory / "index").touch()
        self._config = self.directory / "ca.conf"
        self._config.write_text(
            f"[ca]\ndefault_ca=c\n[c]\ndatabase={self.directory}/index\n"
            f"new_certs_dir={self.directory}\nrand_serial=yes\ndefault_md=sha256\npolicy=p\n"
            "unique_subject=no\ncopy_extensions=copy\n[p]\ncommonName=supplied\n")
        self.signer = self.root
        self.signer = self.issue("signer", subject=f"/CN={name} signer",
                                 extensions=["basicConstraints=critical,CA:TRUE"])

    def issue(self, file, *names, kind="ec:P-256", subject=None, key=None, expired=False,
              until=None, extensions=()):
        """Issues a certificate for `names`. The first is its CN; without names there is no SAN.

        `until` is its last second, since 1970; the default is the year 2049.
        """
        made = Certificate(self.directory, file)
        if key:
            made.key = key
        else:
            make_key(made.key, kind)
        request = self.directory / f"{file}.csr"
        san = ",".join(("IP:" if re.fullmatch(r"[\d.]+", n) else "DNS:") + n for n in names)
        extensions = [*extensions, *([f"subjectAltName={san}"] if san else [])]
        openssl("req", "-new", "-key", made.key, "-subj", subject or f"/CN={names[0]}", "-out",
                request, *(word for one in extensions for word in ("-addext", one)))
        last = "20210101000000Z" if expired else "20491231000000Z"
        if until is not None:
            last = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(until))
        openssl("ca", "-batch", "-notext", "-config", self._config, "-cert", self.signer.cert,
                "-keyfile", self.signer.key, "-in", request, "-startdate", "20200101000000Z",
                "-enddate", last, "-out", made.cert)
        made.pem.write_bytes(made.cert.read_bytes() + self.signer.cert.read_bytes()
                             + made.key.read_bytes())
        return made


def write_many_certificates(folder, count):
    """Writes `count` self-signed certificates with keys to folder/NNNNN.pem, for
    hostNNNNN.example."""
    folder.mkdir()
    program = folder.with_suffix(".program")
    source = pathlib.Path(__file__).with_name("many_certificates.c")
    subprocess.run(["cc", "-O1", "-o", program, source, "-lcrypto"], check=True)
    subprocess.run([program, folder, str(count)], check=True, timeout=TIMEOUT)


class TlsSocket:
    """A socket for Wire that splits its output into records and segments as the test asks."""

    def __init__(self, sock, context, name, session=None):
        self.sock = sock
        self.record = 16384     # bytes of data in a record, at most
        self.segment = None     # bytes written to the socket at once, at most
        self.notified = False   # the peer has sent close_notify
        self._in = ssl.MemoryBIO()
        self._out = ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._in, self._out, server_hostname=name, session=session)

    def flush(self):
        data = self._out.read()
        step = self.segment or len(data) or 1
        for at in range(0, len(data), step):
            self.sock.sendall(data[at:at + step])

    def _feed(self):
        data = self.sock.recv(65536)
        if data:
            self._in.write(data)
        else:
            self._in.write_eof()

    def _until_done(self, call):
        while True:
            try:
                return call()
            except ssl.SSLWantReadError:
                self.flush()
                self._feed()
            finally:
                self.flush()

    def handshake(self):
        self._until_done(self.tls.do_handshake)

    def sendall(self, data):
        for at in range(0, len(data), self.record):
            self.tls.write(data[at:at + self.record])
            if self._out.pending > 1 << 20:
                self.flush()
        self.flush()

    def recv(self, size):
        try:
            data = self._until_done(lambda: self.tls.read(size))
        except ssl.SSLZeroReturnError:  # raised in place of b"" after our own close_notify
            data = b""
        except ssl.SSLEOFError:
            return b""
        self.notified = not data
        return data

    def notify(self):
        """Sends close_notify."""
        try:
            self.tls.unwrap()
        except (ssl.SSLWantReadError, ssl.SSLError):
            pass
        self.flush()

    def shutdown(self, how):
        if how == socket.SHUT_WR:
            self.notify()
        self.sock.shutdown(how)

    def __getattr__(self, name):
        return getattr(self.sock, name)


def client_context(version=None, ciphers=None, certificate=None, authority=None, alpn=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if authority:
        context.load_verify_locations(authority)
        context.verify_mode = ssl.CERT_REQUIRED
        context.check_hostname = True
    if version:
        context.minimum_version = context.maximum_version = VERSIONS[version]
    if ciphers:
        context.set_ciphers(ciphers)
    if certificate:
        context.load_cert_chain(certificate.cert, certificate.key)
    if alpn:
        context.set_alpn_protocols(alpn)
    return context


class TlsClient(Client):
    """A client that speaks HTTPS. `name` is the SNI; None sends none."""

    def __init__(self, port, name="www.example.com", context=None, session=None, handshake=True,
                 **options):
        socket_options = {k: options.pop(k) for k in ("host", "receive_buffer", "source", "first")
                          if k in options}
        super().__init__(port, **socket_options)
        plain = self.sock
        self.sock = TlsSocket(plain, context or client_context(**options), name, session)
        try:
            if handshake:
                self.sock.handshake()
        except BaseException:
            plain.close()
            raise

    @property
    def tls(self):
        return self.sock.tls

    def peer_names(self):
        """The names in the server's certificate, valid or not."""
        der = self.tls.getpeercert(binary_form=True)
        text = openssl("x509", "-inform", "DER", "-noout", "-ext", "subjectAltName", "-subject",
                       input=der).decode()
        return re.findall(r"DNS:([^,\s]+)", text) or re.findall(r"CN ?= ?(\S+)", text)
