"""Faults of the store, and of clocks: every site meets them, and all come to the model that arithmetic says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from benchmarks.federation_faults.outcome import SAME, Outcome
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

TRIALS = 5
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


def store_faults(folder: Path) -> list[Outcome]:
    """A row for each way in which a store fails and goes on."""
    kinds: Mapping[str, Fault] = {
        "store unreachable for stretches": Unreachable,
        "store slow (20 to 200 ms a request)": Slow,
        "uploads cut off": CutUploads,
        "answers lost": LostAnswers,
    }
    return [
        _row(name, [_try(folder / f"{name[:12]}{trial}", kind, trial) for trial in range(TRIALS)])
        for name, kind in kinds.items()
    ]


def _row(name: str, tried: list[_Tried]) -> Outcome:
    met = all(one.is_same for one in tried)
    seen = (
        SAME
        if met
        else ", ".join(sorted({code for one in tried for code in one.ends.refusals.values()})) or "another digest"
    )
    return Outcome(
        name, len(tried), seen, met and all(one.faults for one in tried), {"faults": sum(one.faults for one in tried)}
    )


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
    for trial in range(TRIALS):
        town = Town(folder / str(trial))
        store = CutUploads(town.store, trial, visible=True)
        ends = Ends(refusals={"": ""})
        while ends.refusals:
            ends = town.run(lambda *_, seen=store: seen)  # type: ignore[misc]
            refused |= set(ends.refusals.values())
        again += set(ends.models.values()) == {town.toy.expected()}
    seen = f"refused ({', '.join(sorted(refused))}), then {SAME}"
    return Outcome("half an object seen", TRIALS, seen, again == TRIALS and bool(refused))


def clocks(folder: Path) -> list[Outcome]:
    """Sites whose clocks are a day off, on a drive that keeps each file's own time; a short deadline tempts them."""
    rows = []
    for name, offset in (("a site's clock a day behind", -A_DAY), ("a site's clock a day ahead", A_DAY)):
        town = Town(folder / name[-6:].strip(), sites=3, rounds=4, quorum=2, deadline_s=3600)
        ends = town.run(lambda store, _, offset=offset: SkewedClock(store, {"site-2": offset}))  # type: ignore[misc]
        met = not ends.refusals and len(set(ends.models.values())) == 1 and len(ends.models) == 3
        rows.append(Outcome(name, 1, SAME if met else "not the same", met))
    return rows


def deaths_at_every_request(folder: Path) -> Outcome:
    """One of two sites dies before, or after, its k-th request, for every k; a new process goes on from its folder."""
    tried = wrong = 0
    for after in (False, True):
        at = 0
        died = True
        while died:
            at += 1
            town = Town(folder / f"{at}{'after' if after else 'before'}", rounds=2)
            died = _die_and_go_on(town, at, after=after)
            tried += died
            wrong += set(town.toy.models().values()) != {town.toy.expected()}
    seen = SAME if not wrong else f"{wrong} differ"
    return Outcome("death before and after every request", tried, seen, not wrong and tried > 100)


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
