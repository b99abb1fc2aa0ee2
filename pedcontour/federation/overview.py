"""A run as any of its sites can see it at any time, read from the store without taking part."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pedcontour.errors import ObjectNotFoundError
from pedcontour.federation import layout
from pedcontour.federation.ear import Ear
from pedcontour.federation.hearing import hear_agreements, hear_round, openings
from pedcontour.federation.room import BelievedRound, Cases, Report, Update


@dataclass(frozen=True)
class SiteRound:
    """A site's update: whether it counts (None while the round is open), what its training reported, bytes it sent."""

    site: str
    counts: bool | None
    cases: int
    figures: Mapping[str, str]
    sent_bytes: int


@dataclass(frozen=True)
class RoundView:
    """A round: who closed it and when by the store's clock (empty and None while open), its updates, who agreed."""

    number: int
    closed_by: str
    closed_at: datetime | None
    updates: tuple[SiteRound, ...]
    agreed: tuple[str, ...]


@dataclass(frozen=True)
class Standing:
    """Where the run stands: the stage in a word, the round, who is waited for, since when by the store's clock.

    ``cases`` are the sites' cases, once all censuses are there; ``model`` the last global model that a site agreed to.
    """

    stage: str
    round: int
    waiting_for: tuple[str, ...]
    since: datetime | None
    cases: Mapping[str, int]
    model: str | None

    @property
    def is_done(self) -> bool:
        """Whether the last round's model is agreed on."""
        return self.stage == "done"


class Overview:
    """Listens once to everything that is there. Raises ``DisbeliefError`` where something cannot be believed."""

    def __init__(self, ear: Ear) -> None:
        self._ear = ear
        self._beliefs = ear.beliefs
        self.standing = self._listen()

    def rounds(self, last: int) -> list[RoundView]:
        """The last rounds that have an update, in order; their reports are fetched and opened."""
        numbers = range(max(1, self.standing.round - last + 1), self.standing.round + 1)
        views = (self._view(self._round(number)) for number in numbers)
        return [view for view in views if view.updates]

    def closes(self) -> list[BelievedRound]:
        """Every closed round, in order."""
        return [self._beliefs.closed(number) for number in range(1, self._closed + 1)]

    @property
    def _closed(self) -> int:
        """How many rounds are closed."""
        if not self.standing.round:
            return 0
        return self.standing.round - (self._beliefs.round.close is None)

    def _round(self, number: int) -> BelievedRound:
        return self._beliefs.closed(number) if number <= self._closed else self._beliefs.round

    def _listen(self) -> Standing:
        began: datetime | None = None
        for opening in openings(self._beliefs):
            if missing := opening.missing(self._ear):
                return Standing(opening.stage, 0, missing, began, self._cases(), None)
            began = max(self._written(opening.place(site)) for site in self._names)
        return self._listen_to_rounds(began)

    def _listen_to_rounds(self, began: datetime | None) -> Standing:
        while True:
            now = self._beliefs.round
            hear_round(self._ear, now)
            if now.close is None:
                missing = tuple(site for site in self._names if site not in now.updates)
                since = self._written(layout.close(now.number - 1)) if now.number > 1 else began
                model = self._agreed(now.number - 1) if now.number > 1 else None
                stage = "waiting for updates" if missing else "waiting for the close"
                return Standing(stage, now.number, missing, since, self._cases(), model)
            if now.number == self._beliefs.charter.rounds:
                model = self._agreed(now.number)
                missing = tuple(site for site in self._names if site not in now.agreements)
                done = len(now.agreements) >= self._beliefs.charter.quorum
                since = self._written(layout.close(now.number))
                stage = "done" if done else "waiting for agreement"
                return Standing(stage, now.number, missing, since, self._cases(), model)

    @property
    def _names(self) -> tuple[str, ...]:
        return self._beliefs.charter.names

    def _agreed(self, number: int) -> str | None:
        closed = self._beliefs.closed(number)
        hear_agreements(self._ear, closed)
        return closed.model

    def _cases(self) -> dict[str, int]:
        said = self._beliefs.censuses.items()
        return {site: self._ear.read(Cases, site, census.cases).cases for site, (_, census) in sorted(said)}

    def _written(self, key: str) -> datetime:
        return self._ear.store.written_at(key)

    def _view(self, round_: BelievedRound) -> RoundView:
        updates = tuple(self._site_round(site, round_) for site in sorted(round_.updates))
        if round_.close is None:
            return RoundView(round_.number, "", None, updates, ())
        hear_agreements(self._ear, round_)
        closed_at = self._written(layout.close(round_.number))
        return RoundView(round_.number, round_.close.site, closed_at, updates, tuple(sorted(round_.agreements)))

    def _site_round(self, site: str, round_: BelievedRound) -> SiteRound:
        update: Update = round_.updates[site][1]
        counts = None if round_.close is None else site in round_.members
        sent = update.weights.size + update.report.size
        try:
            report = self._ear.read(Report, site, update.report)
        except ObjectNotFoundError:  # the store withholds it; the rest can still be told
            return SiteRound(site, counts, 0, {}, sent)
        return SiteRound(site, counts, report.cases, dict(report.figures), sent)
