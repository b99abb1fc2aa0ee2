"""Faults of the store, and of clocks: every site meets them, and all come to the model that arithmetic says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from benchmarks.federation_faults.outcome import SAME, Outcome, Trial
from benchmarks.federation_faults.stores import (
    Around,
    CutUploads,
    Dead,
    Deadly,
    LostAnswers,
    SkewedClock,
    Slow,
    Unreachable,
)
from benchmarks.federation_faults.town import Ends, Town
from pedcontour.federation.participant import Participant, Progress
from pedcontour.federation.store import SharedStore

TIMES = 5
A_DAY = timedelta(days=1)

Fault = Callable[[SharedStore, int], Around]


@dataclass(frozen=True)
class _Tried:
    ends: Ends
    expected: str
    faults: int

    @property
    def is_same(self) -> bool:
        return not self.ends.refusals and set(self.ends.models.values()) == {self.expected}


def _fails(kind: Fault, folder: Path) -> Outcome:
    """A store that fails in some way and goes on."""
    tried = [_try(folder / str(trial), kind, trial) for trial in range(TIMES)]
    codes = sorted({code for one in tried for code in one.ends.refusals.values()})
    met = all(one.is_same for one in tried)
    seen = SAME if met else ", ".join(codes) or "another digest"
    faults = sum(one.faults for one in tried)
    return Outcome(TIMES, seen, met and faults >= TIMES, {"faults": faults})


def _try(folder: Path, fault: Fault, seed: int) -> _Tried:
    town, wrapped = Town(folder), []

    def wrap(store: SharedStore, site: str) -> SharedStore:
        wrapped.append(fault(store, 100 * seed + town.names.index(site)))
        return wrapped[-1]

    ends = town.run(wrap)
    return _Tried(ends, town.toy.expected(), sum(store.faults for store in wrapped))


def half_an_object(folder: Path) -> Outcome:
    """A store that shows the first half of an upload once: refused, and the same digest when the sites run again."""
    refused: set[str] = set()
    again = 0
    for trial in range(TIMES):
        town = Town(folder / str(trial))
        store = CutUploads(town.store, trial, visible=True)
        ends = Ends(refusals={"": ""})
        while ends.refusals:
            ends = town.run(lambda *_, seen=store: seen)
            refused |= set(ends.refusals.values())
        again += set(ends.models.values()) == {town.toy.expected()}
    seen = f"refused ({', '.join(sorted(refused))}), then {SAME}"
    return Outcome(TIMES, seen, again == TIMES and bool(refused))


def _clock_off(offset: timedelta, folder: Path) -> Outcome:
    """A site's clock is off, on a drive that keeps each file's own time; a short deadline tempts the others."""
    town = Town(folder, sites=3, rounds=4, quorum=2, deadline_s=3600)
    ends = town.run(lambda store, _: SkewedClock(store, {"site-2": offset}))
    met = len(ends.models) == 3 and len(set(ends.models.values())) == 1
    return Outcome(1, SAME if met else "not the same", met)


def deaths_at_every_request(folder: Path) -> Outcome:
    """One of two sites dies before, or after, its k-th request, for every k; a new process goes on from its folder."""
    tried = wrong = 0
    for after in (False, True):
        at = 0
        died = True
        while died:
            at += 1
            town = Town(folder / f"{at}{'after' if after else 'before'}", rounds=4)
            died = _die_and_go_on(town, at, after=after)
            tried += died
            wrong += set(town.toy.models().values()) != {town.toy.expected()}
    seen = SAME if not wrong else f"{wrong} differ"
    return Outcome(tried, seen, not wrong and tried > 100)


def _die_and_go_on(town: Town, at: int, *, after: bool) -> bool:
    """Whether the site lived so long that it died at that request."""
    mortal, other = town.names
    died = False
    sites: dict[str, Participant] = {other: town.process(other, town.store)}

    def live(store: SharedStore) -> None:
        sites[mortal] = town.process(mortal, store)
        town.step_until(sites, _all_done)

    try:
        live(Deadly(town.store, at, after=after))
    except Dead:
        died = True
        live(town.store)
    return died


def _all_done(progress: Mapping[str, Progress]) -> bool:
    return all(site.model is not None for site in progress.values())


STORE: dict[str, Trial] = {
    "store unreachable for stretches": partial(_fails, Unreachable),
    "store slow (20 to 200 ms a request)": partial(_fails, Slow),
    "uploads cut off": partial(_fails, CutUploads),
    "answers lost": partial(_fails, LostAnswers),
    "half an object seen": half_an_object,
}
CLOCKS: dict[str, Trial] = {
    "a site's clock a day behind": partial(_clock_off, -A_DAY),
    "a site's clock a day ahead": partial(_clock_off, A_DAY),
}
DEATHS: dict[str, Trial] = {"death before and after every request": deaths_at_every_request}
