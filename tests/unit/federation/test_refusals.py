"""A refusal says what lies where, and of whom, and whether it is the store's or the site's own copy."""

from pathlib import Path

import pytest

from pedcontour.errors import DisbeliefError, MalformedDocumentError, ModelsDifferError, NotForUsError
from pedcontour.federation import layout
from pedcontour.federation.keys import Keys, seal
from pedcontour.federation.overview import Overview
from pedcontour.federation.room import Beliefs, Cases, Census, Sealed, digest, encode, say
from tests.made_federation import SECOND, SITES, Talk, a_charter
from tests.stepped_run import Run, done, until


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


@pytest.mark.parametrize(
    "place", [layout.census("birch"), layout.plans("birch"), layout.update("birch", 2), layout.close(2)]
)
def test_garbage_is_told_by_its_place(run: Run, place: str) -> None:
    run.store.put(place, b"garbage")
    with pytest.raises(MalformedDocumentError) as refused:
        until([run.site(name) for name in SITES if name != "birch"] + [run.site("birch")], done)
    assert refused.value.detail == f"{place}: Envelope: json_invalid"


def test_a_damaged_memory_is_not_laid_at_the_store(run: Run, tmp_path: Path) -> None:
    place = layout.census("birch")
    until([run.site(name) for name in SITES], lambda progress: progress.round > 0)
    (tmp_path / "alder" / "seen" / place).write_bytes(b"garbage")
    with pytest.raises(MalformedDocumentError, match=f"{place}, in this site's own memory: Envelope"):
        run.site("alder").step()


def _publish_cases(run: Run, sealed: bytes) -> str:
    """A census of birch with this sealed object, and where that lies."""
    charter = Beliefs(run.charter).charter_digest
    census = Census(charter, "birch", Sealed(digest(sealed), len(sealed)))
    run.store.put(layout.census("birch"), say(census, run.keys["birch"].signing))
    place = layout.blob("birch", digest(sealed))
    run.store.put(place, sealed)
    return place


def test_what_is_sealed_to_others_is_told_by_its_place(run: Run) -> None:
    place = _publish_cases(run, seal(encode(Cases(3)), (Keys.new().site("birch"),)))
    with pytest.raises(NotForUsError, match=place):
        Overview(run.ear("alder"))


def test_what_is_sealed_and_no_document_is_told_by_its_place(run: Run) -> None:
    place = _publish_cases(run, seal(b"{}", Beliefs(run.charter).charter.sites))
    with pytest.raises(DisbeliefError, match=f"{place}: Cases"):
        Overview(run.ear("alder"))


def test_who_computed_another_model_is_named() -> None:
    talk = Talk(a_charter())
    talk.set_up()
    talk.one_round()
    for site in ("alder", "cedar"):
        talk.beliefs.hear_agreement(1, site, talk.agreement(site))
    with pytest.raises(ModelsDifferError, match="after round 1; alder, cedar computed another"):
        talk.beliefs.recomputed(1, "00" * 32)
    assert talk.beliefs.closed(1).model == SECOND
