"""A run as any site sees it at any time, without taking part."""

from datetime import timedelta
from pathlib import Path

import pytest

from pedcontour.errors import DisbeliefError
from pedcontour.federation import layout
from pedcontour.federation.overview import Overview
from tests.made_federation import SITES
from tests.stepped_run import Run, all_planned, done, until


def test_before_anybody_spoke_all_are_waited_for(tmp_path: Path) -> None:
    standing = Overview(Run(tmp_path).ear("birch")).standing
    assert (standing.stage, standing.round, standing.waiting_for) == ("counting cases", 0, SITES)
    assert standing.since is None and standing.cases == {}


def test_it_tells_who_is_missing_and_since_when_by_the_store_s_clock(tmp_path: Path) -> None:
    run = Run(tmp_path)
    alder, birch, _ = all_planned(run)
    began = run.now
    until([alder, birch], lambda p: p.waiting_for == ("cedar",) and p.round == 1)
    run.now += timedelta(minutes=30)
    standing = Overview(run.ear("birch")).standing
    assert (standing.stage, standing.round, standing.waiting_for) == ("waiting for updates", 1, ("cedar",))
    assert standing.since == began and sorted(standing.cases) == list(SITES)


def test_it_tells_which_updates_counted_and_what_they_reported(tmp_path: Path) -> None:
    run = Run(tmp_path)
    alder, birch, cedar = all_planned(run)
    until([alder, birch], lambda p: p.waiting_for == ("cedar",) and p.round == 1)
    run.now += timedelta(hours=1)  # the deadline
    until([alder, birch, cedar], done)
    overview = Overview(run.ear("cedar"))
    first, second, third = overview.rounds(20)
    assert [update.site for update in first.updates] == ["alder", "birch"] and first.closed_by in ("alder", "birch")
    assert [update.site for update in third.updates] == list(SITES) and third.agreed == SITES
    assert all(update.counts and "loss" in update.figures for update in (*first.updates, *third.updates))
    assert [one.number for one in overview.rounds(2)] == [second.number, third.number]
    assert overview.standing.is_done and overview.standing.model == alder.step().model


def test_it_shows_nothing_of_what_cannot_be_believed(tmp_path: Path) -> None:
    run = Run(tmp_path)
    until([run.site(name) for name in SITES], done)
    run.store.delete(layout.close(2))
    run.store.put(layout.close(2), b"forged")
    with pytest.raises(DisbeliefError):
        Overview(run.ear("birch"))


def test_who_looks_writes_nothing_to_the_store(tmp_path: Path) -> None:
    run = Run(tmp_path)
    until([run.site(name) for name in SITES], done)
    before = run.store.list("sites") + run.store.list("closes")
    Overview(run.ear("birch")).rounds(20)
    assert run.store.list("sites") + run.store.list("closes") == before
