"""A run of toy hospitals in one process that are stepped one at a time, around a store whose clock is moved by hand."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pedcontour.federation.ear import Ear
from pedcontour.federation.keys import Keys
from pedcontour.federation.participant import Participant, Progress
from pedcontour.federation.room import Beliefs, say
from pedcontour.federation.room.dsse import join, read_envelope, write_envelope
from pedcontour.federation.site_memory import SiteMemory
from pedcontour.federation.store import MemorySharedStore
from pedcontour.federation.trainer import Trainer
from pedcontour.federation.voice import Voice
from tests.made_federation import SITES, a_charter
from tests.toy_hospital import ToyTrainer


class Run:
    """Hospitals around a store in memory whose clock stands still until it is moved."""

    def __init__(self, folder: Path, **changes: object) -> None:
        self.now = datetime(2026, 3, 1, tzinfo=UTC)
        self.store = MemorySharedStore(lambda: self.now)
        self.keys = {name: Keys.new() for name in SITES}
        sites = tuple(self.keys[name].site(name) for name in SITES)
        charter = replace(a_charter(), **{"sites": sites, "rounds": 3} | changes)
        first, *others = (read_envelope(say(charter, self.keys[name].signing)) for name in SITES)
        for other in others:
            first = join(first, other)
        self.charter = write_envelope(first)
        self.folder = folder

    def site(self, name: str, memory: str = "", trainer: Trainer | None = None) -> Participant:
        """A process of a site, started anew; a trainer of its own makes it one that errs."""
        beliefs = Beliefs(self.charter)
        voice = Voice(name, self.keys[name], self.store, SiteMemory(self.folder / (memory or name)), beliefs)
        voice.begin()
        return Participant(voice, trainer or ToyTrainer(name))

    def ear(self, name: str) -> Ear:
        """A site that only looks, from an empty disk."""
        return Ear(name, self.keys[name], self.store, SiteMemory(self.folder / "looking"), Beliefs(self.charter))


def until(sites: list[Participant], enough: Callable[[Progress], bool]) -> list[Progress]:
    for _ in range(40):
        progress = [site.step() for site in sites]
        if all(map(enough, progress)):
            return progress
    raise AssertionError(progress)


def done(progress: Progress) -> bool:
    return progress.model is not None


def birch_ahead(run: Run, number: int) -> list[Participant]:
    """All sites: birch has brought its update of a round, and the others have not heard it."""
    alder, birch, cedar = sites = [run.site(name) for name in SITES]
    while birch.step().round < number:
        alder.step()
        cedar.step()
    return sites


def all_planned(run: Run) -> list[Participant]:
    """All sites, each at the beginning of the first round or just before; nobody has trained."""
    sites = [run.site(name) for name in SITES]
    until(sites[:2], lambda progress: progress.stage == "counting cases" and progress.waiting_for == ("cedar",))
    while sites[2].step().stage != "planning":
        for site in sites[:2]:
            site.step()
    return sites
