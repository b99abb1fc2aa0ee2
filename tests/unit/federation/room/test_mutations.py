"""No byte of any object can change, go or come without a refusal."""

import random
from collections.abc import Callable
from functools import partial

import pytest

from pedcontour.errors import CharterUnsignedError, DisbeliefError
from pedcontour.federation.room import read_charter
from tests.made_federation import Talk, a_charter

Hearing = Callable[[bytes], object]


def _talk(setting: str) -> tuple[Talk, bytes, Hearing]:
    """A talk up to the moment when a document is due; that document; and what hears it."""
    talk = Talk(a_charter())
    believe = talk.beliefs
    if setting == "charter":
        return talk, talk.signed_charter, read_charter
    before_the_close = {
        "census": (talk.census, believe.hear_census),
        "fingerprint": (talk.fingerprint, believe.hear_fingerprint),
        "plans": (talk.plans, believe.hear_plans),
        "update": (talk.update, believe.hear_update),
    }
    for kind, (say, hear) in before_the_close.items():
        if setting == kind:
            return talk, say("birch"), partial(hear, "birch")
        for site in talk.charter.names:
            hear(site, say(site))
    if setting == "close":
        return talk, talk.close("birch", talk.charter.names), lambda data: believe.hear_close(data, "birch")
    believe.hear_close(talk.close("birch", talk.charter.names), "birch")
    return talk, talk.agreement("birch"), lambda data: believe.hear_agreement("birch", data)


SETTINGS = ("charter", "census", "fingerprint", "plans", "update", "close", "agreement")


@pytest.fixture(params=SETTINGS)
def due(request: pytest.FixtureRequest) -> tuple[bytes, Hearing]:
    _, data, hear = _talk(request.param)
    return data, hear


def test_every_single_byte_mutation_is_refused(due: tuple[bytes, Hearing]) -> None:
    data, hear = due
    chance = random.Random(7)
    for place in range(len(data)):
        # a flipped bit each time, which keeps many letters letters, and any other byte
        for other in {data[place] ^ (1 << chance.randrange(8)), (data[place] + chance.randrange(1, 256)) % 256}:
            with pytest.raises(DisbeliefError):
                hear(data[:place] + bytes([other]) + data[place + 1 :])
    hear(data)


def test_a_byte_more_or_less_is_refused(due: tuple[bytes, Hearing]) -> None:
    data, hear = due
    for place in range(0, len(data) + 1, 3):
        for changed in (data[:place], data[:place] + b" " + data[place:], data[:place] + data[place + 1 :]):
            if changed != data:
                with pytest.raises(DisbeliefError):
                    hear(changed)
    with pytest.raises(DisbeliefError):
        hear(data + b"\n")


@pytest.mark.parametrize("heard", SETTINGS)
def test_no_document_passes_for_one_of_another_kind(heard: str) -> None:
    _, _, hear = _talk(heard)
    for other in SETTINGS:
        if other != heard:
            with pytest.raises((DisbeliefError, CharterUnsignedError)):
                hear(_talk(other)[1])
