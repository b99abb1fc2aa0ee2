"""The calibrated absence rule: how likely is it that what was drawn is the organ, and why.

It weighs the evidence of one candidate with the model that was fitted for a network (``PresenceModel``), and says its
strongest reasons in words. Where a network has no such model, ``VolumeForBodySize`` stays.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pedcontour.bundle.presence import PresenceModel
from pedcontour.errors import ModelError
from pedcontour.organs import all_organs
from pedcontour.postprocessing.absence import TAKEN_AWAY, AbsenceRule, Candidate, Judgement, default_rules
from pedcontour.postprocessing.evidence import EVIDENCE, Evidence, gather_evidence
from pedcontour.verdicts import Outcome

PART_OF_USUAL = 0.75
PART_OF_OTHER = 0.6
"""A kidney that holds less than both, of what is usual for the trunk and of the other side's volume, is told to be a
part of one. Ours: the two kidneys of a child differ by far less, and after partial nephrectomy the other one grows."""

REASONS_TOLD = 3
"""More reasons than this are not read."""

WORDS: Mapping[str, str] = {
    "volume_ratio": "{0:.2f} times the volume usual for a trunk of this size",
    "age_ratio": "{0:.2f} times the volume usual for the age",
    "other_ratio": "{0:.2f} times the volume of the other side",
    "probability": "mean probability {0:.2f}",
    "probability_spread": "probability varies by {0:.2f} inside",
    "firm_share": "{0:.0%} of it drawn with a probability of 0.9 or more",
    "lateral": "{0:.2f} trunk diameters to its side of the spine",
    "ventral": "{0:.2f} trunk diameters in front of the spine",
    "level": "{0:+.1f} vertebral levels below where it usually lies",
    "mirror_distance": "{0:.2f} trunk diameters from the mirror image of the other side",
    "psoas_offset": "{0:.2f} trunk diameters from the psoas",
    "beside_solid": "liver or spleen make up {0:.0%} of its surroundings",
    "beside_bowel": "bowel makes up {0:.0%} of its surroundings",
    "beside_muscle": "muscle makes up {0:.0%} of its surroundings",
    "beside_other": "the organ of the other side makes up {0:.0%} of its surroundings",
    "beside_fat": "fat makes up {0:.0%} of its surroundings",
    "hu_median": "{0:.0f} HU inside",
    "hu_spread": "HU spread over {0:.0f} inside",
    "hu_over_muscle": "{0:+.0f} HU against muscle",
    "hu_from_other": "{0:+.0f} HU against the other side",
    "hu_over_solid": "{0:+.0f} HU against the nearer of liver and spleen",
    "hu_over_bowel": "{0:+.0f} HU against bowel",
    "hu_over_rind": "{0:+.0f} HU against what lies around it",
    "texture": "neighbouring voxels differ by {0:.0f} HU",
    "fat_share": "{0:.0%} of it is fat",
    "gas_share": "{0:.0%} of it is gas",
    "elongation": "{0:.1f} times as long as wide",
    "solidity": "fills {0:.0%} of its convex hull",
    "irregularity": "{0:.1f} times the surface of a ball",
    "hilum": "hollow towards the spine by {0:+.2f} of its size",
    "largest_share": "its largest part is {0:.0%} of it",
    "parts": "in {0:.0f} parts",
    "border_share": "{0:.0%} of it in parts that the images cut",
}
"""How each piece of evidence is told."""

SIZES = ("volume_ratio", "other_ratio")

EXCUSES = ("border_share",)
"""Evidence that excuses a small size, and whose absence is no reason against anything."""


@dataclass(frozen=True)
class CalibratedPresence:
    """An absence rule from a fitted model. Raises ``ModelError`` for a model that weighs unknown evidence.

    Nothing is removed without a measured body: its size is what every other piece of evidence leans on.
    """

    model: PresenceModel

    def __post_init__(self) -> None:
        if unknown := sorted({term.evidence for term in self.model.terms} - set(EVIDENCE)):
            raise ModelError(f"the absence filter weighs evidence that nobody measures: {', '.join(unknown)}")

    def __call__(self, candidate: Candidate) -> Judgement:
        """Weigh the candidate's evidence."""
        return self.judge(candidate.finding.organ, candidate.finding.volume_ml, gather_evidence(candidate))

    def judge(self, organ: str, volume_ml: float, evidence: Evidence) -> Judgement:
        """The judgement on evidence that was already measured, as rows of a file hold it."""
        name, known = all_organs()[organ].name, evidence.as_dict()
        outcome, probability = self.outcome(evidence)
        facts = f"{volume_ml:.1f} mL, probability of being one {probability:.2f}"
        if outcome is Outcome.PRESENT:
            return Judgement(outcome, f"{name}: drawn in full ({facts}).")
        if outcome is Outcome.PARTIAL:
            small = "; ".join(WORDS[size].format(known[size]) for size in SIZES if known[size] is not None)
            return Judgement(
                outcome,
                f"{name}: a part of one, as after partial removal, or a small one ({facts}; {small}). It was kept.",
            )
        because = "; ".join(self.reasons_against(known)) or "by all evidence together"
        if outcome is Outcome.REMOVED_FALSE_POSITIVE:
            return Judgement(
                outcome, f"What was drawn is not taken for a {name.lower()} ({facts}: {because}).", TAKEN_AWAY
            )
        return Judgement(outcome, f"The {name.lower()} is unusual ({facts}: {because}); it was kept: please look.")

    def outcome(self, evidence: Evidence) -> tuple[Outcome, float]:
        """What becomes of it, and the probability that it is the organ.

        What passes only because the images cut it is flagged: a false organ may be cut as well.
        """
        known = evidence.as_dict()
        probability = self.model.probability(known)
        if probability >= self.model.present_from:
            whole = self.model.probability(known | dict.fromkeys(EXCUSES, 0.0))
            if whole < self.model.present_from:
                return Outcome.PRESENT_UNCERTAIN, probability
            return Outcome.PARTIAL if _is_part(evidence) else Outcome.PRESENT, probability
        if probability < self.model.remove_below and evidence.volume_ratio is not None:
            return Outcome.REMOVED_FALSE_POSITIVE, probability
        return Outcome.PRESENT_UNCERTAIN, probability

    def reasons_against(self, known: Mapping[str, float | None]) -> list[str]:
        """What speaks most against the organ, the strongest first, in words."""
        weighed = self.model.contributions(known).items()
        against = sorted((weight, name) for name, weight in weighed if weight < 0.0 and name not in EXCUSES)
        told = [(WORDS[name], known.get(name)) for _, name in against]
        return [words.format(value) for words, value in told if value is not None][:REASONS_TOLD]


def _is_part(evidence: Evidence) -> bool:
    """Whether an organ that is there is far smaller than usual, and than the other side's where there is one."""
    usual, other = evidence.volume_ratio, evidence.other_ratio
    return usual is not None and usual < PART_OF_USUAL and (other is None or other < PART_OF_OTHER)


def rules_of(model: PresenceModel | None) -> dict[str, AbsenceRule]:
    """The rules for a network: its calibrated filter for the organs that this covers, the default for the rest.

    Raises ``ModelError`` for a filter that cannot be used.
    """
    rules = default_rules()
    if model is not None:
        calibrated = CalibratedPresence(model)
        rules |= dict.fromkeys(model.organs, calibrated)
    return rules
