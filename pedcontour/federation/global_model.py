"""The global model after each round, as this site computes it for itself from what the sites published."""

from pedcontour.federation.averaging import Contribution, Weights, check_fit, mean_of
from pedcontour.federation.ear import Ear
from pedcontour.federation.room import Report, Update
from pedcontour.federation.trainer import Plans, Trainer
from pedcontour.federation.weights import digest_of, unpack


class GlobalModel:
    """Computes models from believed rounds; keeps the plans and the model computed last."""

    def __init__(self, ear: Ear, trainer: Trainer) -> None:
        self._ear = ear
        self._trainer = trainer
        self._plans: Plans | None = None
        self._last: tuple[int, Weights] | None = None

    @property
    def plans(self) -> Plans:
        """The plans, made again by a process that was started anew: they depend on the fingerprints alone."""
        if self._plans is None:
            self._plans = self._trainer.plan(self.fingerprints())
        return self._plans

    def fingerprints(self) -> dict[str, bytes]:
        """What each site sealed about its images. Raises ``DisbeliefError``."""
        said = self._ear.beliefs.fingerprints.items()
        return {site: self._ear.open(site, fingerprint.content) for site, (_, fingerprint) in said}

    def after(self, number: int) -> Weights:
        """The global model of a closed round, or the first one after round 0.

        Raises ``ModelsDifferError`` when a site computed another, ``DisbeliefError``.
        """
        if number == 0:
            return self.plans.initial
        if self._last is None or self._last[0] != number:
            members = self._ear.beliefs.closed(number).members
            mean = mean_of({site: self._contribution(site, update) for site, update in members.items()})
            check_fit("the mean", mean, self.plans.initial)
            self._ear.beliefs.recomputed(number, digest_of(mean))
            self._last = (number, mean)
        return self._last[1]

    def _contribution(self, site: str, update: Update) -> Contribution:
        report = self._ear.read(Report, site, update.report)
        weights = unpack(site, self._ear.open(site, update.weights))
        return Contribution(weights, report.cases if self._ear.beliefs.charter.weighting == "cases" else 1)
