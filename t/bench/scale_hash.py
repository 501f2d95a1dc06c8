"""`Balance: hash` of the daemon, bit for bit: worker/route/rendezvous.cc and keyed_hash.cc.

A test compares the choices with those of a running daemon.
"""

import functools

WORD = (1 << 64) - 1
SECRET = 0x506f756e64204861, 0x7368206b65792031  # that of fixed_hash
FULL_SHARE = 256
LINE_BITS, UNIT_BITS = 8, 32


def _rounds(state, count):
    v0, v1, v2, v3 = state
    for _ in range(count):
        v0 = (v0 + v1) & WORD
        v2 = (v2 + v3) & WORD
        v1 = ((v1 << 13 | v1 >> 51) & WORD) ^ v0
        v3 = ((v3 << 16 | v3 >> 48) & WORD) ^ v2
        v0 = (v0 << 32 | v0 >> 32) & WORD
        v2 = (v2 + v1) & WORD
        v0 = (v0 + v3) & WORD
        v1 = ((v1 << 17 | v1 >> 47) & WORD) ^ v2
        v3 = ((v3 << 21 | v3 >> 43) & WORD) ^ v0
        v2 = (v2 << 32 | v2 >> 32) & WORD
    return v0, v1, v2, v3


def fixed_hash(text):
    """The lower half of SipHash-2-4-128 of the bytes of `text`."""
    data = text.encode()
    low, high = SECRET
    state = (low ^ 0x736f6d6570736575, high ^ 0x646f72616e646f6d ^ 0xee,
             low ^ 0x6c7967656e657261, high ^ 0x7465646279746573)
    whole = len(data) // 8 * 8
    words = [int.from_bytes(data[i:i + 8], "little") for i in range(0, whole, 8)]
    words.append(int.from_bytes(data[whole:], "little") | (len(data) & 0xff) << 56)
    for word in words:
        v0, v1, v2, v3 = state
        v0, v1, v2, v3 = _rounds((v0, v1, v2, v3 ^ word), 2)
        state = v0 ^ word, v1, v2, v3
    v0, v1, v2, v3 = state
    v0, v1, v2, v3 = _rounds((v0, v1, v2 ^ 0xee, v3), 4)
    return v0 ^ v1 ^ v2 ^ v3


def mix(bits):
    bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9 & WORD
    bits = (bits ^ bits >> 27) * 0x94d049bb133111eb & WORD
    return bits ^ bits >> 31


def _log2_of_line(i):
    if i == 1 << LINE_BITS:
        return 1 << UNIT_BITS
    x = (1 << 62) + (i << 62 - LINE_BITS)
    log = 0
    for _ in range(UNIT_BITS):
        x = x * x >> 62
        is_two = x >= 1 << 63
        log = log << 1 | is_two
        x >>= is_two
    return log


LOG2 = [_log2_of_line(i) for i in range((1 << LINE_BITS) + 1)]


def minus_log2(value):
    value = value or 1
    zeros = 64 - value.bit_length()
    digits = value << zeros + 1 & WORD
    line = digits >> 64 - LINE_BITS
    rest = (digits << LINE_BITS & WORD) >> 64 - UNIT_BITS
    log = LOG2[line] + ((LOG2[line + 1] - LOG2[line]) * rest >> UNIT_BITS)
    return (zeros + 1 << UNIT_BITS) - log


def _compare(one, other):
    """Negative if the score `one` wins. A score is (hash, weight, identity)."""
    if one[1] != other[1]:
        mine, theirs = minus_log2(one[0]) * other[1], minus_log2(other[0]) * one[1]
        if mine != theirs:
            return mine - theirs
    return -1 if (one[0], one[2]) > (other[0], other[2]) else 1


class Rendezvous:
    """`weights`: by what a backend is, such as "192.0.2.1:80"."""

    def __init__(self, weights):
        self.names = list(weights)
        self.members = [(fixed_hash(name), weight * FULL_SHARE) for name, weight in weights.items()]
        self.is_equal = len(set(weights.values())) == 1

    def choose(self, key):
        """The name of the backend of a key, which is a hash."""
        if self.is_equal:  # Then the largest hash wins.
            scores = [(mix(key ^ identity), identity) for identity, _ in self.members]
            return self.names[scores.index(max(scores))]
        scores = [(mix(key ^ identity), weight, identity) for identity, weight in self.members]
        return self.names[scores.index(min(scores, key=functools.cmp_to_key(_compare)))]
