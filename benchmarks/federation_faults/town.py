"""Toy hospitals of one process, a thread each, that take part as ``pedcontour federation run`` does."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from pedcontour.errors import PedcontourError
from pedcontour.federation.participant import Participant, Progress, unheard
from pedcontour.federation.site_folder import SiteFolder
from pedcontour.federation.store import FolderSharedStore, SharedStore
from pedcontour.federation.take_part import Patience, take_part
from tests.toy_run import ToyRun

POLL_S, OUTAGE_S, LIMIT_S = 0.05, 60.0, 300.0
"""How a site here waits; a run that takes longer than the limit hangs."""

STEPS = 200
"""More than any run here needs; who is not done by then waits for something that does not come."""

Wrap = Callable[[SharedStore, str], SharedStore]
"""Puts a fault around the store as one site sees it."""


def sound(store: SharedStore, _: str) -> SharedStore:
    """No fault."""
    return store


@dataclass(frozen=True)
class Ends:
    """How a run ended: each site's final digest, and the codes of those that were refused."""

    models: Mapping[str, str] = field(default_factory=dict)
    refusals: Mapping[str, str] = field(default_factory=dict)


class Town:
    """A run of toy sites around a folder."""

    def __init__(self, folder: Path, sites: int = 2, rounds: int = 3, **rules: int) -> None:
        self.toy = ToyRun(folder, sites, rounds, None, None, **rules)
        self.names = sorted(self.toy.folders)
        self.store = FolderSharedStore(folder / "store")

    def folder(self, site: str) -> SiteFolder:
        """A site's folder, read anew."""
        return SiteFolder.open(self.toy.folders[site])

    def process(self, site: str, store: SharedStore) -> Participant:
        """A new process of a site that sees this store."""
        folder = self.folder(site)
        voice = folder.voice(store)
        voice.begin()
        return Participant(voice, folder.trainer())

    def run(self, wrap: Wrap = sound, sites: Sequence[str] = ()) -> Ends:
        """Let sites, all unless some are named, run at once to their end, or until one of them is refused."""
        over = threading.Event()
        with ThreadPoolExecutor(len(self.names)) as pool:
            started = {site: pool.submit(self._take_part, site, wrap, over) for site in sites or self.names}
        return _ends(started)

    def step_until(
        self, participants: Mapping[str, Participant], enough: Callable[[dict[str, Progress]], bool]
    ) -> None:
        """Step sites in turn until enough has happened. Raises ``AssertionError`` when it does not."""
        for _ in range(STEPS):
            if enough({site: participant.step() for site, participant in participants.items()}):
                return
        raise AssertionError("the sites wait for something that does not come")

    def _take_part(self, site: str, wrap: Wrap, over: threading.Event) -> Progress:
        end = time.monotonic() + LIMIT_S

        def sleep(seconds: float) -> None:
            if over.wait(seconds):
                raise _OverError
            assert time.monotonic() < end, "the sites wait for something that does not come"

        try:
            store = wrap(self.store, site)
            return take_part(self.folder(site), store, Patience(POLL_S, OUTAGE_S, time.monotonic, sleep), unheard)
        except BaseException:
            over.set()
            raise


class _OverError(Exception):
    """Another site stopped, so that waiting for it has no end."""


def _ends(started: Mapping[str, "Future[Progress]"]) -> Ends:
    models, refusals = {}, {}
    for site, future in started.items():
        try:
            models[site] = future.result().model or ""
        except PedcontourError as refused:
            refusals[site] = refused.code
        except _OverError:
            continue
    return Ends(models, refusals)
