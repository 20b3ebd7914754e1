"""Packed bodies: unpacked whatever pieces they come in, and left alone where the header only says that they are."""

import contextlib
import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia.transport.unpack import PIECE, Unpacking

PLAIN = b"\x89PNG" + bytes(range(256)) * 40


def raw(body):
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


PACKED = {
    "gzip": gzip.compress(PLAIN),
    "x-gzip": gzip.compress(PLAIN[:99]) + gzip.compress(PLAIN[99:]),
    "GZIP ": gzip.compress(PLAIN) + b"\0\0filling",
    "deflate": zlib.compress(PLAIN),
    "Deflate": raw(PLAIN),
    "deflate, identity": zlib.compress(PLAIN) + b"filling",
    "deflate, gzip": gzip.compress(zlib.compress(PLAIN)),
    "aws-chunked,gzip": gzip.compress(PLAIN),
    "gzip, gzip": gzip.compress(PLAIN),  # packed once, and said twice
    "gzip,": PLAIN,  # said, and not packed
    **dict.fromkeys(("", "identity", "Identity", "aws-chunked", "UTF-8", "binary", "none", ",", "7bit"), PLAIN),
}


def unpacked(encoding, chunks):
    unpacking = Unpacking(encoding)
    pieces = [piece for chunk in chunks for piece in unpacking.take(chunk)]
    return b"".join([*pieces, *unpacking.end()])


@pytest.mark.parametrize("encoding", PACKED)
@pytest.mark.parametrize("size", [1, 2, 7, 1 << 16])
def test_what_is_packed_is_unpacked_and_the_rest_passes_as_it_is(encoding, size):
    packed = PACKED[encoding]
    assert unpacked(encoding, [packed[at : at + size] for at in range(0, len(packed), size)]) == PLAIN


@pytest.mark.parametrize("body", [b"", b"x", b"\x1f", b"\0\0\x1f\x8b"])
def test_a_short_body_that_is_not_packed_is_kept_to_its_last_byte(body):
    assert unpacked("gzip", [body]) == body


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "gzip, BR"])
def test_what_cannot_be_unpacked_passes_as_it_is_and_is_named(encoding):
    assert Unpacking(encoding).unreadable == encoding.lower().rpartition(", ")[2]
    assert unpacked(encoding, [PLAIN[:9], PLAIN[9:]]) == PLAIN


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "Deflate"])
@pytest.mark.parametrize("spoil", [lambda body: body[:-9], lambda body: body[:20] + b"\xff" * 20 + body[40:]])
def test_what_is_cut_or_spoilt_is_no_whole_body(encoding, spoil):
    with pytest.raises(ValueError, match=r"in the middle|cannot be unpacked"):
        unpacked(encoding, [spoil(PACKED[encoding])])


def test_a_small_body_that_unpacks_to_much_comes_in_pieces():
    bomb = gzip.compress(b"\0" * (5 * PIECE))
    assert [len(piece) for piece in Unpacking("gzip").take(bomb) if piece] == [PIECE] * 5


@given(st.sampled_from(["gzip", "deflate", "gzip, deflate"]), st.lists(st.binary(max_size=40), max_size=5))
def test_any_bytes_are_unpacked_or_refused(encoding, chunks):
    with contextlib.suppress(ValueError):
        unpacked(encoding, chunks)
