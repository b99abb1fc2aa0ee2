"""No byte of a sealed object can change, go or come without a refusal: by its digest, and by age itself."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedcontour.errors import DigestMismatchError, DisbeliefError, NotForUsError
from pedcontour.federation import layout
from pedcontour.federation.ear import Ear
from pedcontour.federation.keys import Keys, seal
from pedcontour.federation.room import Beliefs, Sealed, digest
from pedcontour.federation.site_memory import SiteMemory
from pedcontour.federation.store import MemorySharedStore
from tests.made_federation import a_charter, signed

KEYS = Keys.new()
SMALL = seal(b'{"cases":31}', (KEYS.site("alder"), Keys.new().site("birch")))
LARGE = seal(random.Random(7).randbytes(200_000), (KEYS.site("alder"),))


def _flipped(data: bytes) -> Iterator[bytes]:
    for place in range(len(data)):
        for bit in range(8):
            yield data[:place] + bytes([data[place] ^ (1 << bit)]) + data[place + 1 :]


def test_every_flipped_bit_of_a_small_object_is_refused_by_age_itself() -> None:
    for changed in _flipped(SMALL):
        with pytest.raises(NotForUsError):
            KEYS.unseal(changed)
    assert KEYS.unseal(SMALL) == b'{"cases":31}'


def test_every_shortened_or_lengthened_small_object_is_refused_by_age_itself() -> None:
    for length in range(len(SMALL)):
        with pytest.raises(NotForUsError):
            KEYS.unseal(SMALL[:length])
    with pytest.raises(NotForUsError):
        KEYS.unseal(SMALL + b"\0")


@given(place=st.integers(0, len(LARGE) - 1), change=st.integers(1, 255))
def test_a_changed_byte_anywhere_in_a_large_object_is_refused(place: int, change: int) -> None:
    changed = LARGE[:place] + bytes([LARGE[place] ^ change]) + LARGE[place + 1 :]
    with pytest.raises(NotForUsError):
        KEYS.unseal(changed)


@pytest.fixture
def ear(tmp_path: Path) -> Ear:
    beliefs = Beliefs(signed(a_charter()))
    return Ear("alder", KEYS, MemorySharedStore(), SiteMemory(tmp_path), beliefs)


def test_what_a_document_does_not_describe_is_not_even_decrypted(ear: Ear) -> None:
    sealed = Sealed(digest(SMALL), len(SMALL))
    place = layout.blob("birch", sealed.sha256)
    for changed in (*_flipped(SMALL), SMALL[:-1], SMALL + b"\0", b"", LARGE):
        ear.store.put(place, changed)
        with pytest.raises(DigestMismatchError):
            ear.open("birch", sealed)
        ear.store.delete(place)
    ear.store.put(place, SMALL)
    assert ear.open("birch", sealed) == b'{"cases":31}'
    with pytest.raises(DisbeliefError):
        ear.open("birch", Sealed(sealed.sha256, sealed.size + 1))


def test_what_is_sealed_to_others_stays_closed() -> None:
    with pytest.raises(NotForUsError):
        Keys.new().unseal(SMALL)
