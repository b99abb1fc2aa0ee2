"""The global model after each round, as this site computes it for itself from what the sites published."""

from pedcontour.errors import ObjectNotFoundError
from pedcontour.federation.averaging import Contribution, Weights, check_fit, mean_of
from pedcontour.federation.ear import Ear
from pedcontour.federation.gates import check_cases, check_weights
from pedcontour.federation.room import Cases, Report, Update
from pedcontour.federation.trainer import Plans, Trainer
from pedcontour.federation.weights import digest_of, unpack


class GlobalModel:
    """Computes models from believed rounds; keeps the plans and the model computed last."""

    def __init__(self, ear: Ear, trainer: Trainer) -> None:
        self._ear = ear
        self._trainer = trainer
        self._plans: Plans | None = None
        self._last: tuple[int, Weights] | None = None
        self._counted: dict[str, int] = {}

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

    def counted(self, site: str) -> int:
        """How many cases a site has, by its census. Raises ``DisbeliefError``."""
        if site not in self._counted:
            census = self._ear.beliefs.censuses[site][1]
            self._counted[site] = self._ear.read(Cases, site, census.cases).cases
        return self._counted[site]

    def after(self, number: int) -> Weights:
        """The global model of a closed round, or the first one after round 0.

        Raises ``ModelsDifferError`` when a site computed another, ``DisbeliefError``.
        """
        if number == 0:
            return self.plans.initial
        if self._last is None or self._last[0] != number:
            mean = self._mean_after(number)
            self._ear.beliefs.recomputed(number, digest_of(mean))
            self._last = (number, mean)
        return self._last[1]

    def _mean_after(self, number: int) -> Weights:
        contributions = self._contributions(number)
        if (base := self._begun_with(number)) is not None:
            for site, contribution in contributions.items():
                check_weights(site, contribution.weights, base)
        mean = mean_of(contributions)
        check_fit("the mean", mean, self.plans.initial)
        return mean

    def _begun_with(self, number: int) -> Weights | None:
        """The model that a closed round began with, computed again by a process that was started anew.

        None for a site that was away for so long that the weights it was made of are no more: it has only the last
        round to compute from, and those who took part have held that to its first model.
        """
        if number == 1:
            return self.plans.initial
        if self._last is not None and self._last[0] == number - 1:
            return self._last[1]
        try:
            mean = mean_of(self._contributions(number - 1))
        except ObjectNotFoundError:
            return None
        self._ear.beliefs.recomputed(number - 1, digest_of(mean))
        return mean

    def _contributions(self, number: int) -> dict[str, Contribution]:
        members = self._ear.beliefs.closed(number).members
        return {site: self._contribution(site, update) for site, update in members.items()}

    def _contribution(self, site: str, update: Update) -> Contribution:
        report = self._ear.read(Report, site, update.report)
        check_cases(site, report.cases, self.counted(site))
        weights = unpack(site, self._ear.open(site, update.weights))
        share = report.cases if self._ear.beliefs.charter.weighting == "cases" else 1
        return Contribution(weights, share, self.plans.row_shares.get(site, {}))
