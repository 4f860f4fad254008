"""Laws of what is read out of answers and put into requests."""

import gzip
import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.answers import decoded, split_lines
from connectors.requesting import filled, path_template
from model.errors import ProtocolError, RefusedError


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


places = st.lists(st.integers(0, 10_000), max_size=12)


@given(st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line and not line.endswith(b"\r"))), places)
def test_lines_do_not_depend_on_where_chunks_end(lines, at):
    body = b"".join(line + b"\r\n" for line in lines)
    assert list(split_lines(cut(body, at), 1000)) == lines


@given(st.binary(max_size=5000), places, st.sampled_from(["gzip", "deflate", "bare", "identity"]))
def test_undoing_an_encoding_gives_back_what_was_encoded(data, at, encoding):
    bare = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    pack = {
        "gzip": gzip.compress,
        "deflate": zlib.compress,
        "bare": lambda text: bare.compress(text) + bare.flush(),
        "identity": bytes,
    }
    chunks = cut(pack[encoding](data), at)
    assert b"".join(decoded(chunks, encoding.replace("bare", "deflate"))) == data


@given(st.binary(min_size=1, max_size=500), st.integers(1, 5000), st.sampled_from([gzip.compress, zlib.compress]))
def test_a_compressed_body_cut_anywhere_is_an_error(data, at, pack):
    body = pack(data)
    with pytest.raises(ProtocolError):
        list(decoded([body[: at % (len(body) - 1) + 1]], "gzip" if pack is gzip.compress else "deflate"))


def test_an_empty_body_has_no_encoding_to_be_cut_off_in():
    assert list(decoded([], "gzip")) == []


@given(st.text(min_size=1, max_size=30))
def test_a_part_fills_exactly_one_segment(key):
    try:
        path = filled("contacts/{key}/notes", {"key": key})
    except RefusedError:
        return
    assert path.count("/") == 2
    assert path not in {"contacts/./notes", "contacts/../notes"}
    assert not set("?#") & set(path)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/services/data/v62.0/sobjects/Contact/003xx0000012AbCAAU", "/services/data/v62.0/sobjects/Contact/{}"),
        ("/oauth2/token?client_secret=x", "/oauth2/token"),
        ("/customers/ann@acme.example", "/customers/{}"),
        ("/customers/550e8400-e29b-41d4-a716-446655440000/notes", "/customers/{}/notes"),
        ("/admin/api/2026-10/orders/1234", "/admin/api/2026-10/orders/{}"),
    ],
)
def test_keys_and_personal_data_are_no_part_of_a_path_template(path, shown):
    assert path_template(path) == shown
