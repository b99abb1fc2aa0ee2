"""Late, dropped, returning and doubled sites, deadlines, retention: each outcome by stepping sites one at a time."""

from datetime import timedelta
from pathlib import Path

import pytest

from pedcontour.errors import (
    DigestMismatchError,
    DisbeliefError,
    ObjectExistsError,
    OutOfTurnError,
    SiteElsewhereError,
    StoreError,
)
from pedcontour.federation import layout
from pedcontour.federation.keys import Keys
from pedcontour.federation.overview import Overview
from pedcontour.federation.room import Beliefs, Session, say
from pedcontour.federation.store import MemorySharedStore
from tests.made_federation import SITES
from tests.stepped_run import Run, all_planned, birch_ahead, done, until


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def test_all_sites_end_at_one_model(run: Run) -> None:
    ends = until([run.site(name) for name in SITES], done)
    assert len({end.model for end in ends}) == 1


def test_a_site_that_is_started_anew_before_every_step_ends_at_the_same_model(run: Run, tmp_path: Path) -> None:
    steady = until([run.site(name) for name in SITES], done)[0].model
    restless = Run(tmp_path / "restless")
    restless.keys, restless.charter = run.keys, run.charter
    for _ in range(40):
        ends = [restless.site(name).step() for name in SITES]
    assert {end.model for end in ends} == {steady}


def test_a_site_that_is_away_is_waited_for_until_the_deadline_by_the_store_s_clock(run: Run) -> None:
    alder, birch, cedar = all_planned(run)
    waiting = until([alder, birch], lambda p: p.stage == "waiting for updates" and p.waiting_for == ("cedar",))
    assert waiting[0].round == 1
    run.now += timedelta(seconds=3599)
    assert alder.step().round == 1
    run.now += timedelta(seconds=1)
    assert alder.step().round == 2
    late = cedar.step()  # takes the global model of round 1 and goes on with round 2
    assert late.round == 2
    assert len({end.model for end in until([alder, birch, cedar], done)}) == 1


def test_a_site_that_dropped_out_returns_after_the_end_and_computes_the_same_model(run: Run) -> None:
    alder, birch, cedar = all_planned(run)
    for _ in range(3):
        until([alder, birch], lambda p: p.stage != "waiting for updates" or p.waiting_for == ("cedar",))
        run.now += timedelta(hours=1)
    ends = until([alder, birch], done)
    assert cedar.step().model == ends[0].model == run.site("cedar", "new disk").step().model


def test_the_charter_s_closer_alone_closes(tmp_path: Path) -> None:
    run = Run(tmp_path, closer="cedar")
    alder, birch, cedar = all_planned(run)
    until([alder, birch], lambda p: p.stage == "waiting for updates")
    run.now += timedelta(days=1)
    assert alder.step().round == birch.step().round == 1
    assert len({end.model for end in until([alder, birch, cedar], done)}) == 1


def _session(run: Run, site: str, number: int) -> bytes:
    beliefs = Beliefs(run.charter)
    return say(Session(beliefs.charter_digest, site, number, "0" * 64), run.keys[site].signing)


def test_a_session_that_the_site_s_own_key_did_not_sign_stops_nobody(run: Run) -> None:
    sites = [run.site(name) for name in SITES]
    made_up = say(Session("0" * 64, "alder", 4, "0" * 64), Keys.new().signing)
    others = say(Session(Beliefs(run.charter).charter_digest, "alder", 5, "0" * 64), run.keys["birch"].signing)
    copied = run.store.get(layout.session("alder", 1))
    for number, forged in enumerate((b"anything", copied, made_up, others), start=2):
        run.store.put(layout.session("alder", number), forged)
    assert len({end.model for end in until(sites, done)}) == 1


def test_a_second_process_is_found_behind_what_somebody_put_in_its_way(run: Run) -> None:
    first = run.site("alder", "old machine")
    run.store.put(layout.session("alder", 2), b"anything")
    run.store.put(layout.session("alder", 3), _session(run, "alder", 3))
    with pytest.raises(SiteElsewhereError):
        first.step()


class Counting(MemorySharedStore):
    """Counts what it is asked."""

    asked = 0

    def put(self, key: str, content: bytes) -> None:
        self.asked += 1
        super().put(key, content)

    def get(self, key: str) -> bytes:
        self.asked += 1
        return super().get(key)

    def list(self, prefix: str) -> list[str]:
        self.asked += 1
        return super().list(prefix)


@pytest.mark.parametrize("disk", ["alder", "new disk"])
def test_a_site_that_was_started_often_begins_with_a_handful_of_requests(run: Run, disk: str) -> None:
    run.store = store = Counting()
    run.site("alder")
    for number in range(2, 301):
        store.put(layout.session("alder", number), _session(run, "alder", number))
    before = store.asked
    run.site("alder", disk)
    assert store.asked - before < 6
    assert layout.session("alder", 301) in store.list("sites/alder")


def test_a_process_is_found_out_also_after_somebody_removed_old_sessions(run: Run) -> None:
    first = [run.site("alder", "old machine") for _ in range(5)][-1]
    for number in (1, 2):
        run.store.delete(layout.session("alder", number))
    run.site("alder", "new machine")
    with pytest.raises(SiteElsewhereError):
        first.step()


def test_a_number_that_the_site_did_not_sign_does_not_lead_it_astray(run: Run) -> None:
    first = run.site("alder", "old machine")
    run.store.put(layout.session("alder", 700000), b"anything")
    run.site("alder", "new machine")
    with pytest.raises(SiteElsewhereError):
        first.step()


class Refusing(MemorySharedStore):
    """Says of every place that something lies there, and shows nothing."""

    def put(self, key: str, content: bytes) -> None:
        raise ObjectExistsError(key)


def test_a_store_that_refuses_every_place_is_not_asked_without_end(run: Run) -> None:
    run.store = Refusing()
    with pytest.raises(StoreError):
        run.site("alder")


@pytest.mark.parametrize("place", [layout.census("birch"), layout.update("birch", 1), layout.close(1)])
def test_what_was_not_believed_is_not_remembered(run: Run, place: str) -> None:
    """A forged object stops the sites; once the store's operator removed it, they go on as if it had not been."""
    run.store.put(place, b"forged")
    sites = {name: run.site(name) for name in SITES if name != "birch"}
    with pytest.raises(DisbeliefError):
        until([*sites.values(), run.site("birch")], done)
    run.store.delete(place)
    again = [run.site(name) for name in SITES]
    assert len({end.model for end in until(again, done)}) == 1


def test_an_agreement_replayed_in_a_later_round_is_refused_and_forgotten(tmp_path: Path) -> None:
    """Its own round's agreement is then believed, and the run ends: a replay costs its removal and nothing else."""
    run = Run(tmp_path, closer="cedar")
    alder, _, cedar = birch_ahead(run, 3)
    place = layout.agreement("birch", 3)
    run.store.put(place, run.store.get(layout.agreement("birch", 1)))
    alder.step()
    for site in (cedar, alder):
        with pytest.raises(OutOfTurnError, match="birch"):
            site.step()
    run.store.delete(place)
    assert len({end.model for end in until([run.site(name) for name in SITES], done)}) == 1
    assert Overview(run.ear("alder")).rounds(1)[0].agreed == SITES


def test_what_was_believed_is_not_replaced_by_what_the_store_shows_later(run: Run) -> None:
    alder, birch, _ = all_planned(run)
    update = layout.update("birch", 1)
    until([birch, alder], lambda p: p.stage == "waiting for updates" and p.waiting_for == ("cedar",))
    told = run.store.get(update)
    run.store.delete(update)
    run.store.put(update, b"forged")
    cedar = run.site("cedar", "new disk")
    assert run.site("alder").step().waiting_for == ("cedar",)  # it remembers what it believed
    with pytest.raises(DisbeliefError):
        cedar.step()
    run.store.delete(update)
    run.store.put(update, told)
    assert len({end.model for end in until([run.site(name) for name in SITES], done)}) == 1


def test_who_waits_knows_for_whom_and_since_when_by_the_store_s_clock(run: Run) -> None:
    alder, birch, _ = all_planned(run)
    began = run.now
    until([alder, birch], lambda p: p.stage == "waiting for updates" and p.waiting_for == ("cedar",))
    run.now += timedelta(minutes=50)
    assert (alder.step().since, birch.step().since) == (began, began)


def test_a_process_whose_site_runs_elsewhere_stops_before_it_publishes(run: Run) -> None:
    first = run.site("alder", "old machine")
    second = run.site("alder", "new machine")
    with pytest.raises(SiteElsewhereError):
        first.step()
    assert run.store.list("sites/alder") == [layout.session("alder", 1), layout.session("alder", 2)]
    second.step()


def test_old_weights_leave_the_store(tmp_path: Path) -> None:
    run = Run(tmp_path, kept_rounds=1, rounds=4)
    until([run.site(name) for name in SITES], done)
    # cases, fingerprint, four reports, and the weights of the last round alone
    assert len(run.store.list("sites/birch/sealed")) == 2 + 4 + 1


def test_a_sealed_object_that_was_swapped_is_refused(run: Run) -> None:
    sites = [run.site(name) for name in SITES]
    until(sites[:2], lambda progress: progress.waiting_for == ("cedar",))
    for key in run.store.list("sites/alder/sealed"):
        run.store.delete(key)
        run.store.put(key, b"something else")
    with pytest.raises(DigestMismatchError, match="alder"):
        until(sites, done)


def test_uniform_weighting_gives_another_model(tmp_path: Path, run: Run) -> None:
    uniform = Run(tmp_path / "uniform", weighting="uniform")
    by_cases = until([run.site(name) for name in SITES], done)
    uniformly = until([uniform.site(name) for name in SITES], done)
    assert by_cases[0].model != uniformly[0].model
