"""Header blocks in every representation of HPACK: RFC 7541. Errors: RFC 9113 section 4.3."""

import hpack
import pytest
from hpack.huffman import HuffmanEncoder
from hpack.huffman_constants import REQUEST_CODES, REQUEST_CODES_LENGTH

from harness import http2_frames as frames
from harness.http2 import Code

USER_AGENT = 58        # its index in the static table
FIRST = 62             # the index of the newest field in the dynamic table
TABLE_SIZE = 4096
HUFFMAN = HuffmanEncoder(REQUEST_CODES, REQUEST_CODES_LENGTH)
# The patterns of literals, and how many bits of the first byte an index has.
LITERALS = {"added": (0x40, 6), "not added": (0x00, 4), "never added": (0x10, 4)}


def index(number):
    return frames.integer(number, 7, 0x80)


def huffman(text):
    coded = HUFFMAN.encode(text.encode())
    return frames.integer(len(coded), 7, 0x80) + coded


def table_size(size):
    return frames.integer(size, 5, 0x20)


def added(name, value):
    return b"\x40" + frames.string(name) + frames.string(value)


def send(h2, *, before=b"", after=b""):
    """Sends a request with HPACK of the test's own before or after its fields."""
    stream = h2.next_stream()
    h2.send(frames.headers(stream, before + h2.block("GET", "/3") + after))
    return stream


def expect_taken(h2, **own):
    assert h2.response(send(h2, **own)).body == b"xxx"


def expect_error(h2, **own):
    send(h2, **own)
    h2.expect_connection_error(Code.COMPRESSION_ERROR)


# --- 6.1 and 2.3.3 indexed fields

def test_an_indexed_field_without_a_value_is_taken(h2, web):
    expect_taken(h2, after=index(USER_AGENT))
    assert web.requests[-1].all("user-agent") == [""]


def test_a_request_of_indexed_fields_is_taken(h2, web):
    """:method GET, :path /, :scheme, and :authority as a literal with an indexed name."""
    scheme = {"http": 6, "https": 7}[h2.scheme]
    h2.send(frames.headers(1, index(2) + index(4) + index(scheme)
                           + b"\x41" + huffman("www.example.com")))
    assert h2.response(1).status == 200
    assert web.requests[-1].field("host") == "www.example.com"


def test_index_0_is_an_error(h2):
    expect_error(h2, after=index(0))


@pytest.mark.parametrize("number", [FIRST, 126, 127, 1000, 2**31, 2**40])
def test_an_index_above_both_tables_is_an_error(h2, number):
    expect_error(h2, after=index(number))


def test_an_index_above_the_filled_table_is_an_error(h2, web):
    expect_taken(h2, after=added("x-one", "1") + added("x-two", "2"))
    expect_taken(h2, after=index(FIRST) + index(FIRST + 1))
    asked = web.requests[-1]
    assert (asked.field("x-two"), asked.field("x-one")) == ("2", "1")
    expect_error(h2, after=index(FIRST + 2))


# --- 6.2 literals

@pytest.mark.parametrize("pattern, prefix", LITERALS.values(), ids=LITERALS.keys())
@pytest.mark.parametrize("text", [frames.string, huffman], ids=["plain", "huffman"])
class TestLiterals:
    def test_with_an_indexed_name(self, h2, web, pattern, prefix, text):
        expect_taken(h2, after=frames.integer(USER_AGENT, prefix, pattern) + text("conformance"))
        assert web.requests[-1].field("user-agent") == "conformance"

    def test_with_a_new_name(self, h2, web, pattern, prefix, text):
        del prefix
        expect_taken(h2, after=bytes([pattern]) + text("x-test") + text("conformance"))
        assert web.requests[-1].field("x-test") == "conformance"

    def test_with_an_indexed_name_that_does_not_exist(self, h2, pattern, prefix, text):
        expect_error(h2, after=frames.integer(FIRST, prefix, pattern) + text("value"))


@pytest.mark.parametrize("pattern", [0x00, 0x10])
def test_a_literal_that_is_not_added_does_not_change_the_table(h2, pattern):
    expect_taken(h2, after=bytes([pattern]) + frames.string("x-test") + frames.string("value"))
    expect_error(h2, after=index(FIRST))


def test_a_literal_that_is_added_serves_later_requests(h2, web):
    expect_taken(h2, after=added("x-test", "value"))
    for _ in range(3):
        expect_taken(h2, after=index(FIRST))
        assert web.requests[-1].field("x-test") == "value"


def test_the_encoder_of_another_implementation_is_understood(h2, web):
    encoder = hpack.Encoder()
    for at in range(50):
        fields = h2.fields("GET", "/3", ("x-same", "value"), ("x-changing", "v" * at))
        stream = h2.next_stream()
        h2.send(frames.headers(stream, encoder.encode(fields, huffman=at % 2 == 0)))
        assert h2.response(stream).body == b"xxx"
        assert web.requests[-1].field("x-same") == "value"
        assert web.requests[-1].field("x-changing") == "v" * at


# --- 4 the table

def test_old_fields_leave_a_full_table(h2, web):
    """A field costs 32 bytes more than its text: 41 of these with 98 bytes fill the table."""
    fill = b"".join(added("x-%03d" % i, "v" * 61) for i in range(42))
    expect_taken(h2, after=fill)
    oldest = TABLE_SIZE // (5 + 61 + 32)
    expect_taken(h2, after=index(FIRST) + index(FIRST + oldest - 1))
    assert web.requests[-1].field("x-041") == "v" * 61
    assert web.requests[-1].field("x-%03d" % (42 - oldest)) == "v" * 61
    expect_error(h2, after=index(FIRST + oldest))


def test_a_field_larger_than_the_table_empties_it(h2, web):
    expect_taken(h2, after=added("x-small", "1"))
    expect_taken(h2, after=added("x-large", "v" * TABLE_SIZE))
    assert web.requests[-1].field("x-large") == "v" * TABLE_SIZE
    expect_error(h2, after=index(FIRST))


# --- 6.3 and 4.2 the size of the table

@pytest.mark.parametrize("sizes", [
    [0], [1], [TABLE_SIZE], [0, TABLE_SIZE], [0, 100], [TABLE_SIZE, TABLE_SIZE]], ids=repr)
def test_a_new_size_before_the_fields_is_taken(h2, sizes):
    expect_taken(h2, before=b"".join(map(table_size, sizes)))


def test_size_0_empties_the_table(h2):
    expect_taken(h2, after=added("x-test", "value"))
    expect_taken(h2, before=table_size(0) + table_size(TABLE_SIZE))
    expect_error(h2, after=index(FIRST))


def test_a_smaller_size_drops_the_oldest_fields(h2, web):
    expect_taken(h2, after=added("x-one", "1") + added("x-two", "2"))
    expect_taken(h2, before=table_size(5 + 1 + 32), after=index(FIRST))
    assert web.requests[-1].field("x-two") == "2"
    expect_error(h2, after=index(FIRST + 1))


@pytest.mark.parametrize("size", [TABLE_SIZE + 1, 2**16, 2**31, 2**40])
def test_a_size_above_the_limit_is_an_error(h2, size):
    expect_error(h2, before=table_size(size))


def test_a_new_size_behind_the_fields_is_an_error(h2):
    expect_error(h2, after=table_size(1))


def test_a_new_size_between_the_fields_is_an_error(h2):
    expect_error(h2, after=table_size(TABLE_SIZE) + added("x-test", "value"))


# --- 5.1 integers and 5.2 strings

@pytest.mark.parametrize("coded", [b"\xff" * 10 + b"\x01", b"\xff" + b"\x80" * 20 + b"\x00"],
                         ids=["too large", "too long"])
def test_an_integer_that_no_implementation_needs_is_an_error(h2, coded):
    expect_error(h2, after=coded)


def coded_string(bits):
    """A string of Huffman code that is written as zeros and ones."""
    assert len(bits) % 8 == 0
    coded = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return frames.integer(len(coded), 7, 0x80) + coded


A = "00011"    # the code of `a`
EOS = "1" * 30


@pytest.mark.parametrize("bits, value", [
    (A + "111", "a"), (A * 8, "a" * 8), (A * 2 + "111111", "aa")], ids=["3", "0", "6"])
def test_padding_with_the_first_bits_of_eos_is_taken(h2, web, bits, value):
    expect_taken(h2, after=b"\0" + frames.string("x-test") + coded_string(bits))
    assert web.requests[-1].field("x-test") == value


@pytest.mark.parametrize("bits", [
    A + "111" + "1" * 8, A + "111" + "1" * 24, "1" * 8],
    ids=["one byte more", "three bytes more", "nothing else"])
def test_padding_longer_than_7_bits_is_an_error(h2, bits):
    expect_error(h2, after=b"\0" + frames.string("x-test") + coded_string(bits))


@pytest.mark.parametrize("bits", [A + "000", A + "110", A + "011"])
def test_padding_with_other_bits_than_those_of_eos_is_an_error(h2, bits):
    expect_error(h2, after=b"\0" + frames.string("x-test") + coded_string(bits))


@pytest.mark.parametrize("bits", [
    A + EOS + A, A * 2 + EOS, EOS + "11"], ids=["inside", "at the end", "alone"])
def test_a_string_with_eos_is_an_error(h2, bits):
    expect_error(h2, after=b"\0" + frames.string("x-test") + coded_string(bits))


@pytest.mark.parametrize("rest", [
    b"\0", b"\x40\x06x-te", b"\0" + frames.string("x-test") + b"\x7f", b"\xff\x80",
    b"\0" + frames.string("x-test") + b"\x05test", b"\x0f"],
    ids=["no name", "half a name", "half a length", "half an index", "half a value",
         "half the index of a name"])
def test_a_block_that_ends_too_early_is_an_error(h2, rest):
    expect_error(h2, after=rest)


# --- what the server sends

@pytest.mark.parametrize("sizes", [[0], [100], [TABLE_SIZE, 0], [2**16, 50, 2**16]], ids=repr)
def test_the_server_keeps_to_the_table_of_the_client(raw, sizes):
    """The decoder of the tests complains about a table that is larger."""
    raw.start([(frames.Setting.HEADER_TABLE_SIZE, sizes[0])])
    for size in sizes:
        raw.change_settings((frames.Setting.HEADER_TABLE_SIZE, size))
        assert raw.ask("GET", "/3").body == b"xxx"
        assert raw.ask("GET", "/1").body == b"x"
