"""What a site signs by all rules and no training comes to: refused by its name, and nobody takes a model with it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from pedcontour.errors import OutOfTurnError, UpdateUnfitError
from pedcontour.federation import layout
from pedcontour.federation.keys import seal
from pedcontour.federation.overview import Overview
from pedcontour.federation.room import Beliefs, Close, Member, Report, Sealed, Update, decode, digest, encode, say
from pedcontour.federation.room.dsse import read_envelope
from pedcontour.federation.weights import pack, unpack
from tests.made_federation import SITES
from tests.stepped_run import Run, all_planned, birch_ahead, done, until

PLACE = layout.update("birch", 2)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Birch has brought its update of round 2, and the others have not heard it."""
    run = Run(tmp_path, closer="cedar")
    birch_ahead(run, 2)
    return run


def _told(run: Run) -> Update:
    return decode(Update, read_envelope(run.store.get(PLACE)).payload)


def _opened(run: Run, sealed: Sealed) -> bytes:
    return run.keys["birch"].unseal(run.store.get(layout.blob("birch", sealed.sha256)))


def _publish_instead(run: Run, update: Update) -> None:
    run.store.delete(PLACE)
    run.store.put(PLACE, say(update, run.keys["birch"].signing))


def _sealed(run: Run, content: bytes) -> Sealed:
    sealed = seal(content, Beliefs(run.charter).charter.sites)
    run.store.put(layout.blob("birch", digest(sealed)), sealed)
    return Sealed(digest(sealed), len(sealed))


def test_a_site_that_reports_more_cases_than_it_counted_does_not_weigh_more(run: Run) -> None:
    told = _told(run)
    report = decode(Report, _opened(run, told.report))
    more = replace(report, cases=report.cases + 1)
    _publish_instead(run, replace(told, report=_sealed(run, encode(more))))
    others = [run.site(name) for name in SITES if name != "birch"]
    with pytest.raises(UpdateUnfitError, match=f"birch: trained on {more.cases} cases, and counted {report.cases}"):
        until(others, done)
    assert not any(key.endswith("0002/agreement.dsse") for key in run.store.list("sites"))


def test_a_site_that_closes_before_the_deadline_is_not_followed(tmp_path: Path) -> None:
    """And once its close was removed, all count."""
    run = Run(tmp_path)
    alder, birch, cedar = all_planned(run)
    until([alder, birch], lambda progress: progress.waiting_for == ("cedar",) and progress.round == 1)
    told = {name: run.store.get(layout.update(name, 1)) for name in ("alder", "birch")}
    update = decode(Update, read_envelope(told["alder"]).payload)
    members = tuple(Member(name, digest(data)) for name, data in told.items())
    run.now += timedelta(seconds=3599)
    close = Close(update.charter, "alder", 1, update.previous, members)
    run.store.put(layout.close(1), say(close, run.keys["alder"].signing))
    for site in (alder, birch, cedar):
        with pytest.raises(OutOfTurnError, match="alder closed round 1 before the deadline without cedar"):
            until([site], done)
    run.store.delete(layout.close(1))
    until([run.site(name) for name in SITES], done)
    assert [update.site for update in Overview(run.ear("birch")).rounds(3)[0].updates] == list(SITES)


def test_a_leap_is_refused_by_who_took_part_also_when_it_is_started_anew(run: Run) -> None:
    """What a round began with is computed again: a restart is no way around the gate."""
    told = _told(run)
    leap = {name: tensor * np.float32(9) for name, tensor in unpack("birch", _opened(run, told.weights)).items()}
    _publish_instead(run, replace(told, weights=_sealed(run, pack(leap))))
    with pytest.raises(UpdateUnfitError, match="birch"):
        until([run.site(name) for name in ("alder", "cedar")], done)
    for name in ("alder", "cedar"):
        with pytest.raises(UpdateUnfitError, match="birch"):
            run.site(name).step()
