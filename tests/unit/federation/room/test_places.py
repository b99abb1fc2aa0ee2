"""A document is believed in its own place alone: kind, site, round and number are held to where it lies."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from pedcontour.errors import DisbeliefError
from pedcontour.federation import layout
from pedcontour.federation.room import Session, say
from tests.made_federation import Talk, a_charter, past_deadline, signing_key

PAIR, ROUNDS = ("alder", "birch"), (1, 2, 3)
CHARTER = a_charter(PAIR, rounds=len(ROUNDS))
Hearing = Callable[[bytes], object]


def _everything_said() -> Iterator[tuple[str, bytes, Hearing]]:
    """A whole run, document by document: its place, its bytes, and what hears them there at that time.

    Whoever iterates lets the hearing take the document before the next.
    """
    talk = Talk(CHARTER)
    believe = talk.beliefs
    openings = (
        (layout.census, talk.census, believe.hear_census),
        (layout.fingerprint, talk.fingerprint, believe.hear_fingerprint),
        (layout.plans, talk.plans, believe.hear_plans),
    )
    for place, tell, hearing in openings:
        for site in PAIR:
            yield place(site), tell(site), partial(hearing, site)
    for number in ROUNDS:
        for site in PAIR:
            yield layout.update(site, number), talk.update(site), partial(believe.hear_update, site)
        closer = PAIR[number % 2]
        close = talk.close(closer, PAIR)
        yield layout.close(number), close, lambda data: believe.hear_close(data, believe.speaker(data), past_deadline)
        for site in PAIR:
            hearing_of = partial(believe.hear_agreement, number, site)
            yield layout.agreement(site, number), talk.agreement(site, number), hearing_of


def _sessions() -> Iterator[tuple[str, bytes]]:
    """What its own number and site alone make a session is tried where sites speak, in ``test_participant``."""
    talk = Talk(CHARTER)
    for site in PAIR:
        for number in ROUNDS:
            session = Session(talk.digest, site, number, "0f" * 32)
            yield layout.session(site, number), say(session, signing_key(site))


def test_no_document_of_a_run_is_believed_in_any_place_but_its_own() -> None:
    said = dict(_sessions())
    for place, data, hear in _everything_said():
        hear(data)
        said[place] = data
    tried = 0
    for place, data, hear in _everything_said():
        assert data == said[place]  # the run is the same one again
        for other in sorted(said.keys() - {place}):
            with pytest.raises(DisbeliefError):
                hear(said[other])
                pytest.fail(f"what belongs to {other} was believed at {place}")
            tried += 1
        hear(data)
    assert tried == 21 * (len(said) - 1)
