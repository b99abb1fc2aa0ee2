"""A site's whole run as one process: step, wait, step again, through outages of the store, until the model is there."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from time import monotonic, sleep
from typing import Any, TypeVar

from pedcontour.errors import SealedMissingError, StoreError, StoreOverwritesError
from pedcontour.federation.participant import Participant, Progress
from pedcontour.federation.site_folder import SiteFolder
from pedcontour.federation.store import SharedStore
from pedcontour.federation.voice import Voice

FIRST_PAUSE_S = 0.1
OUTAGE = "the store does not answer"
MISSING = "an object is missing from the store"

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
        voice, wait = folder.voice(store), _Waiting(patience, tell)
        participant = Participant(voice, folder.trainer(), wait.heard)
        wait.through_outages(voice.begin)
        wait.through_outages(voice.put_back)
        while (progress := wait.through_outages(_mending(participant, voice))).model is None:
            wait.heard(progress)
            if wait.a_while():
                wait.through_outages(voice.put_back)
        tell(progress)
        return progress


def _mending(participant: Participant, voice: Voice) -> Callable[[], Progress]:
    """A step; where it lacks another site's object, that site may lack one of this: each puts back its own."""

    def step() -> Progress:
        try:
            return participant.step()
        except SealedMissingError:
            voice.put_back()
            raise

    return step


class _Waiting:
    """Knows where the site stands, for how long it stood there, and since when the store fails."""

    def __init__(self, patience: Patience, tell: Tell) -> None:
        self._patience = patience
        self._tell = tell
        self._stands = Progress("starting")
        self._pause_s = FIRST_PAUSE_S
        self._failing: tuple[float, datetime] | None = None

    def heard(self, progress: Progress) -> None:
        """Pass on where the site stands; when that is new, patience begins anew, since a round may take days."""
        if progress != self._stands:
            self._stands, self._pause_s, self._failing = progress, FIRST_PAUSE_S, None
        self._tell(progress)

    def a_while(self) -> bool:
        """Pause, longer each time while the site stands where it stood; whether that was the longest pause."""
        paused_s = min(self._pause_s, self._patience.poll_s)
        self._patience.sleep(paused_s)
        self._pause_s = 2 * paused_s
        return paused_s == self._patience.poll_s

    def through_outages(self, act: Callable[[], Answer]) -> Answer:
        """Do something that needs the store, again and again while the store fails."""
        while True:
            try:
                answer = act()
            except StoreOverwritesError:
                raise  # waiting does not change what kind of store it is
            except StoreError as failed:
                began, since = self._failing = self._failing or (self._patience.clock(), datetime.now(UTC))
                if self._patience.clock() - began >= self._patience.outage_s:
                    raise
                self._tell(replace(self._stands, since=since, **_told(failed)))
                self._patience.sleep(self._patience.poll_s)
            else:
                self._failing = None
                return answer


def _told(failed: StoreError) -> dict[str, Any]:
    """Stage and sites waited for while the store fails, or lacks what a site sealed."""
    if isinstance(failed, SealedMissingError):
        return {"stage": f"{MISSING}: {failed.key}", "waiting_for": (failed.site,)}
    why = f"{failed.code}: {failed.detail}" if failed.detail else failed.code
    return {"stage": f"{OUTAGE} ({why})", "waiting_for": ()}
