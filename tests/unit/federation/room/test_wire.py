import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pedcontour.errors import FederationError, MalformedDocumentError, NotCanonicalError
from pedcontour.federation.room import Cases, Close, Member, Report, Sealed, decode, digest_of_all, encode
from pedcontour.federation.room.documents import MAX_CASES

DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)
NAMES = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,31}", fullmatch=True)


@given(DIGESTS, st.integers(1, 2**53 - 1))
def test_a_document_is_read_back_as_it_was_written(sha256: str, size: int) -> None:
    assert decode(Sealed, encode(Sealed(sha256, size))) == Sealed(sha256, size)


@given(DIGESTS, NAMES, st.integers(1, 9999), st.lists(st.tuples(NAMES, DIGESTS), min_size=1, max_size=5))
def test_nested_documents_too(one: str, site: str, number: int, members: list[tuple[str, str]]) -> None:
    close = Close(one, site, number, one, tuple(Member(name, update) for name, update in members))
    assert decode(Close, encode(close)) == close


@given(st.binary(max_size=200))
def test_any_bytes_are_a_document_or_refused(data: bytes) -> None:
    try:
        cases = decode(Cases, data)
    except FederationError:
        return
    assert encode(cases) == data


@pytest.mark.parametrize(
    "data",
    [
        b'{"cases":5,"cases":5}',
        b'{"cases":4,"cases":5}',
        b'{"cases": 5}',
        b' {"cases":5}',
        b'{"cases":5}\n',
        b'{"\\u0063ases":5}',
    ],
)
def test_what_means_the_same_in_other_bytes_is_refused(data: bytes) -> None:
    with pytest.raises(NotCanonicalError):
        decode(Cases, data)


@pytest.mark.parametrize(
    "number", ["5.0", "5e0", "05", "+5", "-5", "0", "NaN", "Infinity", "true", '"5"', "null", "9007199254740992", "-0"]
)
def test_a_number_that_is_no_plain_positive_integer_is_refused(number: str) -> None:
    with pytest.raises((MalformedDocumentError, NotCanonicalError)):
        decode(Cases, b'{"cases":%b}' % number.encode())


@pytest.mark.parametrize("change", [{"more": 1}, {"sha256": "AA" * 32}, {"sha256": "aa" * 31}, {"size": None}])
def test_an_unknown_or_malformed_field_is_refused(change: dict[str, Any]) -> None:
    data = {"sha256": "aa" * 32, "size": 3} | change
    with pytest.raises(MalformedDocumentError):
        decode(Sealed, json.dumps(data, sort_keys=True, separators=(",", ":")).encode())


def test_a_refusal_does_not_repeat_what_it_refused() -> None:
    with pytest.raises(MalformedDocumentError) as refused:
        decode(Sealed, b'{"sha256":"Jane Doe","size":3}')
    assert "Jane" not in str(refused.value)


def test_depth_and_size_are_limited() -> None:
    for data in (b"[" * 100_000, b'{"cases":5}' + b" " * 2_000_000):
        with pytest.raises(MalformedDocumentError):
            decode(Cases, data)


@pytest.mark.parametrize("value", ["0.5", "-1.25e-3", "17"])
def test_a_measured_figure_is_text(value: str) -> None:
    report = Report(3, (("loss", value),))
    assert decode(Report, encode(report)) == report


@given(st.dictionaries(NAMES, DIGESTS, min_size=1), st.randoms())
def test_the_digest_of_what_all_said_knows_no_order(said: dict[str, str], chance: Any) -> None:
    mixed = list(said.items())
    chance.shuffle(mixed)
    assert digest_of_all(mixed) == digest_of_all(said.items())


def test_no_site_has_more_cases_than_any_hospital() -> None:
    with pytest.raises(ValidationError):
        Cases(MAX_CASES + 1)
    assert decode(Cases, encode(Cases(MAX_CASES))).cases == MAX_CASES
