"""The door for absence rules, and the first rule behind it: a kidney's volume for the size of the body.

After a nephrectomy a network sometimes draws a small "kidney" into the empty bed. A rule looks at one drawn organ that
surgery may have removed and says whether it stays. A better rule is another function of the same shape, given to
``judge`` in place of this one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pedcontour.organs import all_organs
from pedcontour.postprocessing.body import Body
from pedcontour.postprocessing.findings import Finding
from pedcontour.verdicts import Outcome
from pedcontour.volume import LabelMap, Volume


@dataclass(frozen=True, eq=False)
class Candidate:
    """One organ that was drawn and that surgery may have removed.

    Where a border of the images cuts it (``finding.touches``) its volume is only a part; what a rule then says is
    softened by ``judge_at_border``, so a rule need not think of it. ``finding`` and ``body`` are the facts already
    measured; ``labels`` and ``image`` (one grid, HU) are there for rules that look closer; ``others`` are the findings
    of every organ. Neither these nor ``labels`` hold what was drawn of an organ that the request declares absent.
    ``confidence`` is the network's mean probability, ``spread`` its standard deviation and ``firm`` the share of at
    least 0.9 over what it drew, ``age_years`` the patient's age; each None where it is not known.
    """

    finding: Finding
    confidence: float | None
    body: Body
    others: Mapping[str, Finding]
    labels: LabelMap
    image: Volume
    spread: float | None = None
    firm: float | None = None
    age_years: float | None = None


@dataclass(frozen=True)
class Judgement:
    """What a rule says, and why: ``PRESENT``, ``PARTIAL`` (there, but not all of it), ``PRESENT_UNCERTAIN`` (kept and
    flagged) or ``REMOVED_FALSE_POSITIVE``.

    ``reason`` is what was found. The ``action`` of a removal stands apart, as the request may overrule it: what
    ``reason`` says is then still true, and another action takes its place.
    """

    outcome: Outcome
    reason: str
    action: str = ""

    @property
    def sentence(self) -> str:
        """What the user reads: the reason, and the action last."""
        return f"{self.reason} {self.action}".rstrip()


AbsenceRule = Callable[[Candidate], Judgement]
"""A pure judgement of one candidate. It never raises, and it never falls when volume or confidence rises."""

TAKEN_AWAY = "It was removed. Look there before you rely on it."
"""The action of a removal."""

KIDNEY_ML_PER_MM3 = 8e-6
"""Expected volume of one kidney over the cube of the trunk's effective diameter.

Our own fit by eye between a newborn (about 11 mL at 112 mm) and a ten-year-old (about 70 mL at 200 mm): good to a
factor of two, which is why only fragments far below it are taken away.
"""

LARGEST_EXPECTED_ML = 150.0
"""An adult kidney: a wide body beyond it is fat, not kidney."""

SURE = 0.95
UNSURE = 0.6
"""Between these mean probabilities the limit of removal moves from its low to its high end."""

LIMIT_WHEN_SURE = 0.06
LIMIT_WHEN_UNSURE = 0.16
"""Shares of the expected volume below which a fragment is taken away. The smallest real kidneys that oncology meets
after partial nephrectomy or in hypoplasia hold a fifth of the expected volume and more."""

FLAGGED_UP_TO = 2.0
"""Up to this multiple of the limit an organ is kept but flagged for a look."""


@dataclass(frozen=True)
class VolumeForBodySize:
    """Takes away a fragment that is far too small to be the organ in a body of this size.

    The expected volume is ``ml_per_mm3`` times the cube of the trunk's effective diameter, at most ``largest_ml``.
    Without a measured body nothing is removed.
    """

    ml_per_mm3: float = KIDNEY_ML_PER_MM3
    largest_ml: float = LARGEST_EXPECTED_ML

    def expected_ml(self, diameter_mm: float) -> float:
        """The organ's expected volume in a trunk of this effective diameter, in mL."""
        return min(self.largest_ml, self.ml_per_mm3 * diameter_mm**3)

    def __call__(self, candidate: Candidate) -> Judgement:
        """Compare the candidate's volume with the limit for its confidence."""
        name = all_organs()[candidate.finding.organ].name.lower()
        volume_ml = candidate.finding.volume_ml
        if candidate.body.diameter_mm is None:
            return Judgement(
                Outcome.PRESENT_UNCERTAIN, f"The {name} was kept: no body outline was found to judge it by."
            )
        expected_ml = self.expected_ml(candidate.body.diameter_mm)
        limit_ml = removal_limit(candidate.confidence) * expected_ml
        facts = (
            f"{volume_ml:.1f} mL, where about {expected_ml:.0f} mL are usual for a trunk of "
            f"{candidate.body.diameter_mm / 10:.0f} cm, mean probability {_words(candidate.confidence)}"
        )
        if volume_ml < limit_ml:
            return Judgement(
                Outcome.REMOVED_FALSE_POSITIVE,
                f"What was drawn is too small to be a {name} ({facts}; the limit is {limit_ml:.1f} mL).",
                TAKEN_AWAY,
            )
        if volume_ml < FLAGGED_UP_TO * limit_ml:
            return Judgement(
                Outcome.PRESENT_UNCERTAIN, f"The {name} is unusually small ({facts}); it was kept: please look."
            )
        return Judgement(Outcome.PRESENT, f"Drawn in full: {facts}.")


def removal_limit(confidence: float | None) -> float:
    """The share of the expected volume below which a fragment goes: falls from unsure to sure, lowest when not
    known."""
    if confidence is None:
        return LIMIT_WHEN_SURE
    doubt = min(1.0, max(0.0, (SURE - confidence) / (SURE - UNSURE)))
    return LIMIT_WHEN_SURE + doubt * (LIMIT_WHEN_UNSURE - LIMIT_WHEN_SURE)


def default_rules() -> dict[str, AbsenceRule]:
    """The rules used when none are given, by organ id: kidneys only, as only their size is known well enough."""
    return {"kidney_right": VolumeForBodySize(), "kidney_left": VolumeForBodySize()}


def _words(confidence: float | None) -> str:
    return "unknown" if confidence is None else f"{confidence:.2f}"
