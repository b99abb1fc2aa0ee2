"""In which order a site listens, so that everything is heard in its turn: for who takes part and for who only looks."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pedcontour.federation import layout
from pedcontour.federation.ear import Ear
from pedcontour.federation.room import Beliefs, BelievedRound


@dataclass(frozen=True)
class Opening:
    """A stage before the first round, in which every site speaks once: its name, the place, and how it is heard."""

    stage: str
    place: Callable[[str], str]
    hear: Callable[[str, bytes], Any]
    heard: Mapping[str, tuple[str, Any]]

    def listen(self, ear: Ear, site: str) -> bool:
        """Whether the site spoke, heard now or before. Raises ``DisbeliefError``."""
        return site in self.heard or ear.listen(self.place(site), partial(self.hear, site)) is not None

    def missing(self, ear: Ear) -> tuple[str, ...]:
        """Listen to all sites; those that did not speak yet."""
        return tuple(site for site in ear.beliefs.charter.names if not self.listen(ear, site))


def openings(beliefs: Beliefs) -> tuple[Opening, Opening, Opening]:
    """The three stages before the first round; each is heard when the one before is complete."""
    return (
        Opening("counting cases", layout.census, beliefs.hear_census, beliefs.censuses),
        Opening("measuring images", layout.fingerprint, beliefs.hear_fingerprint, beliefs.fingerprints),
        Opening("planning", layout.plans, beliefs.hear_plans, beliefs.plans),
    )


def hear_round(ear: Ear, now: BelievedRound) -> None:
    """Hear what is new of the open round. Raises ``DisbeliefError``."""
    beliefs, place = ear.beliefs, layout.close(now.number)
    close = ear.look(place)  # first: what it counts was there before it
    for site in beliefs.charter.names:
        if site not in now.updates and now.close is None:
            ear.listen(layout.update(site, now.number), partial(beliefs.hear_update, site))
    if close is not None:
        open_s = _long_enough if close.is_remembered else partial(_open_s, ear, now)
        ear.believe(place, close, lambda data: beliefs.hear_close(data, beliefs.speaker(data), open_s))


def _open_s(ear: Ear, now: BelievedRound) -> float:
    """How long a round was open when its close was written, by the store's clock, as who closes reckons it."""
    first = min(ear.store.written_at(layout.update(site, now.number)) for site in now.updates)
    return (ear.store.written_at(layout.close(now.number)) - first).total_seconds()


def _long_enough() -> float:
    """Of a close that this site believed before: a store that was copied since has other times."""
    return math.inf


def hear_agreements(ear: Ear, closed: BelievedRound) -> None:
    """Hear who computed what from a closed round. Raises ``DisbeliefError``, ``ModelsDifferError``."""
    for site in ear.beliefs.charter.names:
        if site not in closed.agreements:
            hear = partial(ear.beliefs.hear_agreement, closed.number, site)
            ear.listen(layout.agreement(site, closed.number), hear)
