"""One site's way through a run, as steps that can be broken off anywhere and taken again.

A step listens to what is new at the store, then does the first thing that is this site's to do. What is done is seen at
the store and in the site's memory, never in the process, so a process that is killed loses at most the step it was in.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pedcontour.errors import FederationError, ObjectExistsError, UpdateUnfitError
from pedcontour.federation import layout
from pedcontour.federation.averaging import Weights
from pedcontour.federation.gates import check_cases, check_weights
from pedcontour.federation.global_model import GlobalModel
from pedcontour.federation.hearing import Opening, hear_agreements, hear_round, openings
from pedcontour.federation.room import (
    Agreement,
    BelievedRound,
    Cases,
    Census,
    Close,
    Fingerprint,
    Member,
    PlansAgreement,
    Report,
    Update,
    encode,
    say,
)
from pedcontour.federation.room.speech import Said
from pedcontour.federation.store import store_now
from pedcontour.federation.trainer import Trained, Trainer
from pedcontour.federation.voice import Voice
from pedcontour.federation.weights import digest_of, pack

FINAL_MODEL = "model.safetensors"
"""What the site's memory keeps of a run that is done, so that it needs the store no more."""


@dataclass(frozen=True)
class Progress:
    """Where a site stands: ``stage`` in a word, the round, which sites it waits for.

    ``since`` is when that began by the store's clock, ``model`` the digest of the final model once the run is done.
    """

    stage: str
    round: int = 0
    waiting_for: tuple[str, ...] = ()
    since: datetime | None = None
    model: str | None = None


def unheard(_: Progress) -> None:
    """For whoever does not ask how far a site is."""


class Participant:
    """A site that takes part. ``voice.begin`` must have been called; ``tell`` hears of work that takes its time."""

    def __init__(self, voice: Voice, trainer: Trainer, tell: Callable[[Progress], None] = unheard) -> None:
        self._voice = voice
        self._trainer = trainer
        self._tell = tell
        self._beliefs = voice.beliefs
        self._charter = voice.beliefs.charter
        self._me = voice.site
        self._models = GlobalModel(voice, trainer)
        self._agreed = 0
        self._since: dict[str, datetime] = {}

    def step(self) -> Progress:
        """Go on as far as this site can without waiting for others. Raises ``FederationError``, ``StoreError``."""
        makers: tuple[Callable[[], Said], ...] = (self._census, self._fingerprint, self._agreed_plans)
        for opening, make in zip(openings(self._beliefs), makers, strict=True):
            if (waiting := self._open(opening, make)) is not None:
                return waiting
        return self._rounds()

    def _open(self, opening: Opening, make: Callable[[], Said]) -> Progress | None:
        """Say this site's part and hear that of all; None once all have spoken."""
        if not opening.listen(self._voice, self._me):
            self._tell(Progress(opening.stage))
            self._voice.publish(opening.place(self._me), make)
        missing = opening.missing(self._voice)
        return self._waiting(Progress(opening.stage, 0, missing), opening.place(self._me)) if missing else None

    def _census(self) -> Census:
        cases = self._voice.seal_document("cases", lambda: Cases(self._trainer.count_cases()))
        return Census(self._beliefs.charter_digest, self._me, cases)

    def _fingerprint(self) -> Fingerprint:
        censuses = self._beliefs.censuses
        counted, now = self._models.counted(self._me), self._trainer.count_cases()
        if counted != now:
            raise FederationError(f"this site counted {counted} cases, and has {now} now: restore the data set")
        total = sum(self._models.counted(site) for site in censuses)
        content = self._voice.seal("fingerprint", lambda: self._trainer.fingerprint(total))
        return Fingerprint(self._beliefs.charter_digest, self._me, censuses.together(), content)

    def _agreed_plans(self) -> PlansAgreement:
        rests_on, plans = self._beliefs.fingerprints.together(), self._models.plans
        initial = digest_of(plans.initial)
        return PlansAgreement(self._beliefs.charter_digest, self._me, rests_on, plans.digest, initial)

    def _rounds(self) -> Progress:
        while True:
            now = self._beliefs.round
            hear_round(self._voice, now)
            if now.close is None:
                waiting = self._take_part(now)
                if waiting is not None:
                    return waiting
            elif now.number == self._charter.rounds:
                return self._finish(now)

    def _take_part(self, now: BelievedRound) -> Progress | None:
        """Bring this site's update, and close the round when it is time; None when there is something new to hear."""
        mine = layout.update(self._me, now.number)
        if self._me not in now.updates:
            start = self._start(now.number)
            self._voice.publish(mine, lambda: self._trained(now, start))
            return None
        missing = tuple(site for site in self._charter.names if site not in now.updates)
        if self._charter.closer in (None, self._me) and (not missing or self._overdue(now)):
            self._close(now)
            return None
        return self._waiting(Progress("waiting for updates", now.number, missing), mine)

    def _waiting(self, progress: Progress, mine: str) -> Progress:
        """The progress with the time since when: this site waits from what it said itself."""
        if mine not in self._since:
            self._since = {mine: self._voice.store.written_at(mine)}
        return replace(progress, since=self._since[mine])

    def _trained(self, now: BelievedRound, start: Weights) -> Update:
        memory, number = self._voice.memory, now.number
        report_kept = f"trained/{number}.report"

        def train() -> bytes:
            self._tell(Progress("training", number))
            trained = self._trainer.train(number, start)
            self._check_own(number, start, trained)
            report = Report(trained.cases, tuple(sorted(trained.figures.items())))
            memory.forget(report_kept)
            memory.once(report_kept, lambda: encode(report))
            return pack(trained.weights)

        weights = self._voice.seal(f"{number}.weights", train)
        report = self._voice.seal(f"{number}.report", lambda: memory.once(report_kept, bytes))
        return Update(self._beliefs.charter_digest, self._me, number, now.previous, digest_of(start), report, weights)

    def _check_own(self, number: int, start: Weights, trained: Trained) -> None:
        """Raise ``UpdateUnfitError`` for what the others would refuse: once it is signed, nothing takes it back."""
        try:
            check_weights(self._me, trained.weights, start)
            check_cases(self._me, trained.cases, self._models.counted(self._me))
        except UpdateUnfitError:
            self._trainer.forget(number)
            raise

    def _overdue(self, now: BelievedRound) -> bool:
        """Whether a quorum is there and the others had the charter's time, by the store's clock."""
        if len(now.updates) < self._charter.quorum:
            return False
        store = self._voice.store
        first = min(store.written_at(layout.update(site, now.number)) for site in now.updates)
        return store_now(store) - first >= timedelta(seconds=self._charter.deadline_s)

    def _close(self, now: BelievedRound) -> None:
        members = tuple(Member(site, now.updates[site][0]) for site in sorted(now.updates))
        close = Close(self._beliefs.charter_digest, self._me, now.number, now.previous, members)
        self._voice.stay_alone()
        with suppress(ObjectExistsError):  # another site was first, and that one counts
            self._voice.store.put(layout.close(now.number), say(close, self._voice.keys.signing))

    def _finish(self, now: BelievedRound) -> Progress:
        final = self._start(now.number + 1)
        hear_agreements(self._voice, now)
        missing = tuple(site for site in self._charter.names if site not in now.agreements)
        if len(now.agreements) < self._charter.quorum:
            return self._waiting(
                Progress("waiting for agreement", now.number, missing), layout.agreement(self._me, now.number)
            )
        self._voice.memory.once(FINAL_MODEL, lambda: pack(final))
        return Progress("done", now.number, missing, model=digest_of(final))

    def _start(self, number: int) -> Weights:
        """The model that a round begins with, which this site agrees to once it has computed it."""
        closed = number - 1
        if self._agreed == closed:
            return self._models.after(closed)
        self._tell(Progress("computing the global model", closed))
        model = self._models.after(closed)
        believed = self._beliefs.closed(closed)
        words = Agreement(self._beliefs.charter_digest, self._me, closed, believed.close_digest, digest_of(model))
        self._voice.publish(layout.agreement(self._me, closed), lambda: words)
        hear_agreements(self._voice, believed)
        self._tidy(closed)
        self._agreed = closed
        return model

    def _tidy(self, number: int) -> None:
        """Remove this site's weights: here those of the round before, at the store those ``kept_rounds`` back.

        Those of the round itself stay: another site may not have them yet, and the store may lose them.
        """
        self._voice.memory.forget(f"sealed/{number - 1}.weights")
        old = number - self._charter.kept_rounds
        if old >= 1 and (mine := self._beliefs.closed(old).updates.get(self._me)):
            self._voice.store.delete(layout.blob(self._me, mine[1].weights.sha256))
