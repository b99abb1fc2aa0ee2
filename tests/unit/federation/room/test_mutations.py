"""No byte of any object can change, go or come without a refusal."""

import random
from collections.abc import Callable
from functools import partial

import pytest

from pedcontour.errors import CharterUnsignedError, DisbeliefError
from pedcontour.federation.room import Session, hear, read_charter, say
from tests.made_federation import Talk, a_charter, past_deadline, signing_key

Hearing = Callable[[bytes], object]


def _talk(setting: str) -> tuple[Talk, bytes, Hearing]:
    """A talk up to the moment when a document is due; that document; and what hears it."""
    talk = Talk(a_charter())
    believe = talk.beliefs
    if setting == "charter":
        return talk, talk.signed_charter, read_charter
    if setting == "session":
        birch = talk.charter.sites[1]
        session = say(Session(talk.digest, birch.name, 3, "0f" * 32), signing_key(birch.name))
        return talk, session, partial(hear, Session, birch, talk.digest)
    before_the_close = {
        "census": (talk.census, believe.hear_census),
        "fingerprint": (talk.fingerprint, believe.hear_fingerprint),
        "plans": (talk.plans, believe.hear_plans),
        "update": (talk.update, believe.hear_update),
    }
    for kind, (tell, believed) in before_the_close.items():
        if setting == kind:
            return talk, tell("birch"), partial(believed, "birch")
        for site in talk.charter.names:
            believed(site, tell(site))
    if setting == "close":
        close = talk.close("birch", talk.charter.names)
        return talk, close, lambda data: believe.hear_close(data, "birch", past_deadline)
    believe.hear_close(talk.close("birch", talk.charter.names), "birch", past_deadline)
    return talk, talk.agreement("birch"), lambda data: believe.hear_agreement(1, "birch", data)


SETTINGS = ("charter", "session", "census", "fingerprint", "plans", "update", "close", "agreement")


@pytest.fixture(params=SETTINGS)
def due(request: pytest.FixtureRequest) -> tuple[bytes, Hearing]:
    _, data, hear = _talk(request.param)
    return data, hear


def test_every_flipped_bit_and_another_value_of_every_byte_is_refused(due: tuple[bytes, Hearing]) -> None:
    data, hear = due
    chance = random.Random(7)
    for place in range(len(data)):
        for other in (*(data[place] ^ (1 << bit) for bit in range(8)), (data[place] + chance.randrange(1, 256)) % 256):
            with pytest.raises(DisbeliefError):
                hear(data[:place] + bytes([other]) + data[place + 1 :])
    hear(data)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["session", "agreement"])
def test_every_other_value_of_every_byte_is_refused(kind: str) -> None:
    _, data, hear = _talk(kind)
    for place in range(len(data)):
        for other in set(range(256)) - {data[place]}:
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
