"""A site's whole run as one process: step, wait, step again, through outages of the store, until the model is there."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from time import monotonic, sleep
from typing import TypeVar

from pedcontour.errors import StoreError
from pedcontour.federation.participant import Participant, Progress
from pedcontour.federation.site_folder import SiteFolder
from pedcontour.federation.store import SharedStore

FIRST_PAUSE_S = 0.1
OUTAGE = "the store does not answer"

Answer = TypeVar("Answer")
Tell = Callable[[Progress], None]


@dataclass(frozen=True)
class Patience:
    """Pauses while nothing is new double up to ``poll_s``; after ``outage_s`` without the store the run gives up."""

    poll_s: float
    outage_s: float
    clock: Callable[[], float] = field(default=monotonic, repr=False)
    sleep: Callable[[float], None] = field(default=sleep, repr=False)


def take_part(folder: SiteFolder, store: SharedStore, patience: Patience, tell: Tell) -> Progress:
    """Take part until the run is done; ``tell`` hears where the site stands, again and again.

    It may be killed at any moment and started again. Raises ``SiteElsewhereError`` when the site runs in another
    process, ``FederationError``, and ``StoreError`` once patience with the store has ended.
    """
    with folder.memory.alone():
        voice = folder.voice(store)
        participant = Participant(voice, folder.trainer(), tell)
        wait = _Waiting(patience, tell)
        wait.through_outages(voice.begin)
        while (progress := wait.through_outages(participant.step)).model is None:
            tell(progress)
            wait.a_while(progress)
        tell(progress)
        return progress


class _Waiting:
    def __init__(self, patience: Patience, tell: Tell) -> None:
        self._patience = patience
        self._tell = tell
        self._pause_s = FIRST_PAUSE_S
        self._last = Progress("starting")

    def a_while(self, progress: Progress) -> None:
        """Pause, longer each time while the site stands where it stood."""
        if progress != self._last:
            self._last, self._pause_s = progress, FIRST_PAUSE_S
        self._patience.sleep(self._pause_s)
        self._pause_s = min(2 * self._pause_s, self._patience.poll_s)

    def through_outages(self, act: Callable[[], Answer]) -> Answer:
        """Do something that needs the store, again and again while the store fails."""
        began, since = self._patience.clock(), datetime.now(UTC)
        while True:
            try:
                return act()
            except StoreError as failed:
                if self._patience.clock() - began >= self._patience.outage_s:
                    raise
                self._tell(replace(self._last, stage=f"{OUTAGE} ({failed.code})", waiting_for=(), since=since))
                self._patience.sleep(self._patience.poll_s)
