"""One site's way through a run, as steps that can be broken off anywhere and taken again.

A step listens to what is new at the store, then does the first thing that is this site's to do. What is done is seen at
the store and in the site's memory, never in the process, so a process that is killed loses at most the step it was in.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from pedcontour.errors import ObjectExistsError
from pedcontour.federation import layout
from pedcontour.federation.averaging import Contribution, Weights, check_fit, mean_of
from pedcontour.federation.gates import check_change
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
from pedcontour.federation.trainer import Plans, Trainer
from pedcontour.federation.voice import Voice
from pedcontour.federation.weights import digest_of, pack, unpack


@dataclass(frozen=True)
class Progress:
    """Where a site stands: ``stage`` in a word, the round, and which sites it waits for; ``model`` once it is done."""

    stage: str
    round: int = 0
    waiting_for: tuple[str, ...] = ()
    model: str | None = None


class Participant:
    """A site that takes part. ``voice.begin`` must have been called."""

    def __init__(self, voice: Voice, trainer: Trainer) -> None:
        self._voice = voice
        self._trainer = trainer
        self._beliefs = voice.beliefs
        self._charter = voice.beliefs.charter
        self._me = voice.site
        self._model: tuple[int, Weights] | None = None
        self._plans: Plans | None = None

    def step(self) -> Progress:
        """Go on as far as this site can without waiting for others. Raises ``FederationError``, ``StoreError``."""
        return self._census() or self._fingerprint() or self._agree_on_plans() or self._rounds()

    @property
    def model(self) -> Weights:
        """The global model of the last closed round, or the first one."""
        return self._initial() if self._model is None else self._model[1]

    def _census(self) -> Progress | None:
        def make() -> Census:
            cases = self._voice.seal_document("cases", lambda: Cases(self._trainer.count_cases()))
            return Census(self._beliefs.charter_digest, self._me, cases)

        return self._all_say("counting cases", layout.census, make, self._beliefs.hear_census, self._beliefs.censuses)

    def _fingerprint(self) -> Progress | None:
        def make() -> Fingerprint:
            censuses = self._beliefs.censuses
            total = sum(self._voice.read(Cases, site, said.cases).cases for site, (_, said) in censuses.items())
            content = self._voice.seal("fingerprint", lambda: self._trainer.fingerprint(total))
            return Fingerprint(self._beliefs.charter_digest, self._me, censuses.together(), content)

        hear = self._beliefs.hear_fingerprint
        return self._all_say("measuring images", layout.fingerprint, make, hear, self._beliefs.fingerprints)

    def _agree_on_plans(self) -> Progress | None:
        def make() -> PlansAgreement:
            rests_on, plans = self._beliefs.fingerprints.together(), self._planned()
            initial = digest_of(plans.initial)
            return PlansAgreement(self._beliefs.charter_digest, self._me, rests_on, plans.digest, initial)

        return self._all_say("planning", layout.plans, make, self._beliefs.hear_plans, self._beliefs.plans)

    def _all_say(
        self,
        stage: str,
        place: Callable[[str], str],
        make: Callable[[], Said],
        hear: Callable[[str, bytes], Said],
        heard: Mapping[str, object],
    ) -> Progress | None:
        """Say this site's part and hear that of all; None once all have spoken."""
        if len(heard) < len(self._charter.sites) and self._voice.look(place(self._me)) is None:
            self._voice.publish(place(self._me), make)
        for site in self._charter.names:
            if site not in heard and (data := self._voice.look(place(site))) is not None:
                hear(site, data)
        missing = tuple(site for site in self._charter.names if site not in heard)
        return Progress(stage, waiting_for=missing) if missing else None

    def _rounds(self) -> Progress:
        while True:
            now = self._beliefs.round
            self._listen(now)
            if now.close is None:
                waiting = self._take_part(now)
                if waiting is not None:
                    return waiting
            elif now.number == self._charter.rounds:
                return self._finish(now)

    def _listen(self, now: BelievedRound) -> None:
        close = self._voice.look(layout.close(now.number))  # first: what it counts was there before it
        for site in self._charter.names:
            data = self._voice.look(layout.update(site, now.number)) if site not in now.updates else None
            if data is not None and now.close is None:
                self._beliefs.hear_update(site, data)
        if close is not None:
            self._beliefs.hear_close(close, self._beliefs.speaker(close))

    def _take_part(self, now: BelievedRound) -> Progress | None:
        """Bring this site's update, and close the round when it is time; None when there is something new to hear."""
        if self._me not in now.updates:
            start = self._initial() if now.number == 1 else self._recomputed(now.number - 1)
            self._voice.publish(layout.update(self._me, now.number), lambda: self._trained(now, start))
            return None
        missing = tuple(site for site in self._charter.names if site not in now.updates)
        if self._charter.closer in (None, self._me) and (not missing or self._overdue(now)):
            self._close(now)
            return None
        return Progress("waiting for updates", now.number, missing)

    def _trained(self, now: BelievedRound, start: Weights) -> Update:
        memory, number = self._voice.memory, now.number

        def train() -> bytes:
            trained = self._trainer.train(number, start)
            check_fit(self._me, trained.weights, start)
            report = Report(trained.cases, tuple(sorted(trained.figures.items())))
            memory.forget(f"trained/{number}.report")
            memory.once(f"trained/{number}.report", lambda: encode(report))
            return pack(trained.weights)

        packed = memory.once(f"trained/{number}.weights", train)
        weights = self._voice.seal(f"{number}.weights", lambda: packed)
        report = self._voice.seal(f"{number}.report", lambda: memory.once(f"trained/{number}.report", bytes))
        return Update(self._beliefs.charter_digest, self._me, number, now.previous, digest_of(start), report, weights)

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
        model = digest_of(self._recomputed(now.number))
        self._hear_agreements(now)
        missing = tuple(site for site in self._charter.names if site not in now.agreements)
        if len(now.agreements) < self._charter.quorum:
            return Progress("waiting for agreement", now.number, missing)
        return Progress("done", now.number, missing, model)

    def _recomputed(self, number: int) -> Weights:
        """The global model of a closed round, computed here from what its members published."""
        if self._model is not None and self._model[0] == number:
            return self._model[1]
        closed = self._beliefs.closed(number)
        contributions = {site: self._contribution(site, update) for site, update in closed.members.items()}
        if (base := self._known(number - 1)) is not None:
            for site, contribution in contributions.items():
                check_fit(site, contribution.weights, base)
                check_change(site, contribution.weights, base)
        mean = mean_of(contributions)
        check_fit("the mean", mean, self._initial())
        model = digest_of(mean)
        self._beliefs.recomputed(number, model)
        words = Agreement(self._beliefs.charter_digest, self._me, number, closed.close_digest, model)
        self._voice.publish(layout.agreement(self._me, number), lambda: words)
        self._hear_agreements(closed)
        self._model = (number, mean)
        self._tidy(number)
        return mean

    def _known(self, number: int) -> Weights | None:
        """A round's model, if this process has it; a site that was away has only the last round to compute from."""
        if number == 0:
            return self._initial()
        return self._model[1] if self._model is not None and self._model[0] == number else None

    def _contribution(self, site: str, update: Update) -> Contribution:
        report = self._voice.read(Report, site, update.report)
        weights = unpack(site, self._voice.open(site, update.weights))
        share = report.cases if self._charter.weighting == "cases" else 1
        return Contribution(weights, share, self._planned().row_shares.get(site, {}))

    def _hear_agreements(self, closed: BelievedRound) -> None:
        for site in self._charter.names:
            data = self._voice.look(layout.agreement(site, closed.number)) if site not in closed.agreements else None
            if data is not None:
                self._beliefs.hear_agreement(site, data)

    def _tidy(self, number: int) -> None:
        """Remove this site's weights of a round that lies ``kept_rounds`` back, here and at the store."""
        for name in (f"trained/{number}.weights", f"sealed/{number}.weights"):
            self._voice.memory.forget(name)
        old = number - self._charter.kept_rounds
        if old >= 1 and (mine := self._beliefs.closed(old).updates.get(self._me)):
            self._voice.store.delete(layout.blob(self._me, mine[1].weights.sha256))

    def _initial(self) -> Weights:
        return self._planned().initial

    def _planned(self) -> Plans:
        """The plans, made again by a process that was started anew: they depend on the fingerprints alone."""
        if self._plans is None:
            said = self._beliefs.fingerprints.items()
            contents = {site: self._voice.open(site, fingerprint.content) for site, (_, fingerprint) in said}
            self._plans = self._trainer.plan(contents)
        return self._plans
