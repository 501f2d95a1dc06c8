r"""Reads the cases of t/e2e/http2/cases/*.txt: requests of HTTP/2 and what becomes of them.

A case begins with `## title`. Its other lines, by their first byte:

    POST /x         :method, :scheme of the listener, :path and `:authority: a.test`; only as the
                    first line
    name: value     a field of the header block; of the trailer, behind `> TRAILER`
    > DATA text     a frame behind HEADERS; `> DATA+END`, `> TRAILER` and `> RST` are others, and
                    `> TRAILER-OPEN` lacks END_STREAM. HEADERS has END_STREAM if no frame follows.
    > SEEN          waits until the backend has all the bytes that the case names
    % on NAME       the listener; `plain` without this line
    % open          HEADERS has no END_STREAM, and nothing follows
    % switch        the backend answers 101, and the client ends the tunnel
    % log LINE      the request line in the access record
    % each A | B    a case for each of the texts; \? stands for the text
    % byte 00-1f 7f a case for each of these bytes; \? stands for the byte
    = pass          the backend got one request, the client its answer
    = 400 reason    Pound's own answer, with the reason in the access record
    = reset 400 reason   RST_STREAM with PROTOCOL_ERROR; the status is that of the record
    = gone 499 reason    no answer, as the client has reset the stream
    | line          a line of what the backend got, with CRLF; `|- text` without. Without such lines
                    the backend got nothing. `| ...` stands for X-Forwarded-* (X-SSL-* too, if the
                    listener has TLS). $client, $port and $listen: addresses. $key: a fresh key.

Escapes stand for bytes: \r \n \t \s \0 \xHH \\, and \{N*text} for N times text.
"""

import dataclasses
import pathlib
import re

_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|\{(\d+)\*([^}]*)\}|(.))")
_SIMPLE = {"r": "\r", "n": "\n", "t": "\t", "s": " ", "0": "\0", "\\": "\\"}
_SHORT = re.compile(r"([A-Z]+) (/\S*)")
_VERDICT = re.compile(r"(pass)|(?:(reset|gone) )?(\d{3}) (\w+)")


@dataclasses.dataclass
class Case:
    name: str = ""         # file, title, and which of several
    section: str = ""      # file and title
    listener: str = "plain"
    short: tuple = ()      # method and path of the first line
    fields: list = dataclasses.field(default_factory=list)
    frames: list = dataclasses.field(default_factory=list)  # [kind, text or fields]
    is_open: bool = False
    switches: bool = False
    is_row: bool = False   # one of many bytes
    log: str | None = None
    kind: str = ""         # pass, answer, reset or gone
    status: int = 200
    reason: str | None = None
    seen: str | None = None


def unescape(text):
    def byte(match):
        if match[1]:
            return chr(int(match[1], 16))
        return unescape(match[3]) * int(match[2]) if match[2] else _SIMPLE[match[4]]
    return _ESCAPE.sub(byte, text)


def _bytes_of(ranges):
    for part in ranges.split():
        first, _, last = part.partition("-")
        yield from range(int(first, 16), int(last or first, 16) + 1)


def _field(line):
    colon = line.find(":", 1)
    assert colon > 0, f"not a field: {line}"
    value = line[colon + 1:]
    return (unescape(line[:colon]).encode("latin-1"),
            unescape(value.removeprefix(" ")).encode("latin-1"))


def _take_directive(case, text):
    word, _, rest = text.partition(" ")
    if word == "on":
        case.listener = rest
    elif word == "log":
        case.log = unescape(rest)
    elif word == "open":
        case.is_open = True
    else:
        assert word == "switch", text
        case.switches = True
        case.status = 101  # in the access record


def _take_line(case, line):
    mark, text = line[0], line[1:].removeprefix(" ")
    if mark == "%":
        _take_directive(case, text)
    elif mark == ">":
        kind, _, rest = text.partition(" ")
        is_trailer = kind.startswith("TRAILER")
        case.frames.append((kind, [] if is_trailer else unescape(rest).encode("latin-1")))
    elif mark == "=":
        match = _VERDICT.fullmatch(text)
        assert match and not case.kind, f"{case.name}: {line}"
        case.kind = match[1] or match[2] or "answer"
        case.status, case.reason = int(match[3] or case.status), match[4]
    elif mark == "|":
        is_open = line.startswith("|-")
        text = line[1 + is_open:].removeprefix(" ")
        case.seen = (case.seen or "") + unescape(text) + ("" if is_open else "\r\n")
    elif (match := _SHORT.fullmatch(line)) and not case.short and not case.fields:
        case.short = (match[1], unescape(match[2]).encode("latin-1"))
    elif case.frames and case.frames[-1][0].startswith("TRAILER"):
        case.frames[-1][1].append(_field(line))
    else:
        case.fields.append(_field(line))


def _make(name, section, lines, is_row=False):
    case = Case(name=name, section=section, is_row=is_row)
    for line in lines:
        _take_line(case, line)
    assert case.kind, f"{name}: no verdict"
    return case


def _expand(name, lines):
    """The cases of one section."""
    plain = [line for line in lines if not re.match(r"% (each|byte) ", line)]
    rows = [line for line in lines if line not in plain]
    if not rows:
        return [_make(name, name, plain)]
    assert len(rows) == 1, name
    word, texts = rows[0][2:].split(" ", 1)
    if word == "byte":
        texts = [f"\\x{byte:02x}" for byte in _bytes_of(texts)]
    else:
        texts = [text.strip() for text in texts.split(" | ")]
    return [_make(f"{name} [{text}]", name, [line.replace("\\?", text) for line in plain],
                  word == "byte") for text in texts]


def read_cases(folder):
    cases = []
    for file in sorted(pathlib.Path(folder).glob("*.txt")):
        _, *sections = re.split(r"^## ", file.read_text(), flags=re.M)
        for section in sections:
            title, *lines = section.splitlines()
            cases += _expand(f"{file.stem}: {title}", [line for line in lines if line])
    names = [case.name for case in cases]
    assert len(set(names)) == len(names), "two cases have one name"
    return cases
