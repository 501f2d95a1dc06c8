"""Headers of the PROXY protocol, as a TCP balancer sends them."""

import ipaddress
import struct

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
LOCAL, PROXY = 0x20, 0x21
TCP4, TCP6, UNIX, UNSPECIFIED = 0x11, 0x21, 0x31, 0


def line(source, destination=None, port=5000, to=80):
    """Version 1."""
    version = ipaddress.ip_address(source).version
    destination = destination or {4: "198.51.100.1", 6: "2001:db8::1"}[version]
    return f"PROXY TCP{version} {source} {destination} {port} {to}\r\n".encode()


def tlv(kind, value):
    return struct.pack(">BH", kind, len(value)) + value


def raw(command=PROXY, kind=UNSPECIFIED, content=b""):
    """Version 2, of any content."""
    return SIGNATURE + struct.pack(">BBH", command, kind, len(content)) + content


def binary(source, *tlvs, port=5000, to=80, command=PROXY, destination=None):
    """Version 2."""
    address = ipaddress.ip_address(source)
    kind = {4: TCP4, 6: TCP6}[address.version]
    usual = {4: "198.51.100.1", 6: "2001:db8::1"}[address.version]
    destination = ipaddress.ip_address(destination or usual)
    content = address.packed + destination.packed + struct.pack(">HH", port, to)
    return raw(command, kind, content + b"".join(tlvs))
