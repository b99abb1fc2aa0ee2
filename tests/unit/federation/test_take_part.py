"""A site's run as one process: through outages of its store, and not through everything."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pedcontour.errors import ObjectNotFoundError, SiteElsewhereError, StoreError
from pedcontour.federation.averaging import Weights
from pedcontour.federation.participant import Participant, Progress
from pedcontour.federation.site_folder import SiteFolder
from pedcontour.federation.store import MemorySharedStore
from pedcontour.federation.take_part import Patience, take_part
from pedcontour.federation.trainer import Trained
from tests.toy_hospital import ToyTrainer
from tests.toy_run import ToyRun


class Outages(MemorySharedStore):
    """Fails for a while at every so many requests for an object."""

    def __init__(self, every: int, failures: int) -> None:
        super().__init__()
        self._every, self._failures = every, failures
        self._asked, self._next = 0, 0

    def fail_next(self, times: int) -> None:
        self._next = times

    def get(self, key: str) -> bytes:
        self._asked += 1
        if self._next:
            self._next -= 1
            raise StoreError("out")
        if self._asked % self._every < self._failures:
            raise StoreError("out")
        return super().get(key)


class Clock:
    """Moves by sleeping alone."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds

    def patience(self, outage_s: float) -> Patience:
        return Patience(10.0, outage_s, lambda: self.now_s, self.sleep)


@pytest.fixture
def toy(tmp_path: Path) -> ToyRun:
    return ToyRun(tmp_path, sites=1)


@pytest.fixture
def alone(toy: ToyRun) -> SiteFolder:
    return SiteFolder.open(toy.folders["site-1"])


def test_a_run_goes_on_after_each_outage_and_says_so_meanwhile(toy: ToyRun, alone: SiteFolder) -> None:
    told: list[Progress] = []
    end = take_part(alone, Outages(every=7, failures=3), Clock().patience(3600.0), told.append)
    assert end.model == toy.expected()
    out = [progress for progress in told if "STORE_FAILED" in progress.stage]
    assert out and all(progress.since for progress in out)


def test_patience_with_a_store_that_stays_away_ends(alone: SiteFolder) -> None:
    clock = Clock()
    with pytest.raises(StoreError, match="out"):
        take_part(alone, Outages(every=1, failures=1), clock.patience(60.0), lambda _: None)
    assert clock.now_s >= 60.0


class Failing(ToyTrainer):
    """Trains for a day, at the end of which the store is out for a moment."""

    def __init__(self, clock: Clock, store: Outages) -> None:
        super().__init__("site-1")
        self._clock, self._store = clock, store

    def train(self, round_number: int, start: Weights) -> Trained:
        self._clock.sleep(86400.0)
        self._store.fail_next(1)
        return super().train(round_number, start)


def test_a_long_training_does_not_use_up_the_patience_with_the_store(
    alone: SiteFolder, toy: ToyRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, store = Clock(), Outages(every=10**9, failures=0)
    monkeypatch.setattr(SiteFolder, "trainer", lambda _: Failing(clock, store))
    assert take_part(alone, store, clock.patience(60.0), lambda _: None).model == toy.expected()


class Withholding(MemorySharedStore):
    """Never shows what a site sealed."""

    def get(self, key: str) -> bytes:
        if "/sealed/" in key:
            raise ObjectNotFoundError(key)
        return super().get(key)


def test_a_store_that_withholds_what_a_document_names_is_waited_for_and_then_told(tmp_path: Path) -> None:
    here, there = (SiteFolder.open(path) for path in ToyRun(tmp_path, sites=2).folders.values())
    store, clock = Withholding(), Clock()
    voice = there.voice(store)
    voice.begin()
    Participant(voice, there.trainer()).step()
    with pytest.raises(ObjectNotFoundError, match="sealed"):
        take_part(here, store, clock.patience(60.0), lambda _: None)
    assert clock.now_s >= 60.0


class Watched(MemorySharedStore):
    """Has somebody remove what the sites sealed, once so many objects lie there."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self._at = at
        self.removed: list[str] = []

    def put(self, key: str, content: bytes) -> None:
        super().put(key, content)
        lying = [key for key in self.list("sites") if "/sealed/" in key]
        if not self.removed and len(lying) == self._at:
            self.removed = lying
            for key in lying:
                self.delete(key)


@pytest.mark.parametrize("at", [1, 2, 4, 7])
def test_what_the_store_lost_of_what_a_site_sealed_is_put_back_by_that_site(tmp_path: Path, at: int) -> None:
    toy, store = ToyRun(tmp_path, sites=2), Watched(at)
    told: list[Progress] = []
    folders = [SiteFolder.open(path) for path in toy.folders.values()]
    patience = Patience(0.02, 10.0)
    with ThreadPoolExecutor(2) as pool:
        ends = [pool.submit(take_part, folder, store, patience, told.append) for folder in folders]
    assert {end.result().model for end in ends} == {toy.expected()}
    assert store.removed


def test_who_lacks_a_sealed_object_says_which_and_whose(tmp_path: Path) -> None:
    here, there = (SiteFolder.open(path) for path in ToyRun(tmp_path, sites=2).folders.values())
    store, told = Withholding(), list[Progress]()
    voice = there.voice(store)
    voice.begin()
    Participant(voice, there.trainer()).step()
    with pytest.raises(ObjectNotFoundError):
        take_part(here, store, Clock().patience(60.0), told.append)
    missing = [progress for progress in told if "missing" in progress.stage]
    assert missing and missing[-1].waiting_for == ("site-2",) and "sites/site-2/sealed/" in missing[-1].stage


def test_a_site_that_is_started_anew_puts_back_what_it_sealed(tmp_path: Path) -> None:
    store = MemorySharedStore()
    there = SiteFolder.open(ToyRun(tmp_path, sites=2).folders["site-2"])
    voice = there.voice(store)
    voice.begin()
    Participant(voice, there.trainer()).step()
    (cases,) = store.list("sites/site-2/sealed")
    store.delete(cases)
    again = there.voice(store)
    again.begin()
    again.put_back()
    assert store.list("sites/site-2/sealed") == [cases]


def test_two_processes_cannot_use_one_folder(alone: SiteFolder) -> None:
    with alone.memory.alone(), pytest.raises(SiteElsewhereError):
        take_part(alone, MemorySharedStore(), Clock().patience(60.0), lambda _: None)


def test_pauses_grow_while_nothing_is_new(tmp_path: Path) -> None:
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 12:
            raise KeyboardInterrupt

    waiting = SiteFolder.open(ToyRun(tmp_path, sites=2).folders["site-1"])
    with pytest.raises(KeyboardInterrupt):
        take_part(waiting, MemorySharedStore(), Patience(5.0, 60.0, lambda: 0.0, sleep), lambda _: None)
    assert pauses == sorted(pauses) and pauses[0] < 0.2 and pauses[-1] == 5.0
