"""The one pass that gives every organ its verdict."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pedcontour.organs import all_organs
from pedcontour.postprocessing.absence import AbsenceRule, Candidate, Judgement, default_rules
from pedcontour.postprocessing.body import Body, measure_body, outline_body
from pedcontour.postprocessing.borders import border_words, judge_at_border, share_at_border
from pedcontour.postprocessing.contradiction import contradiction
from pedcontour.postprocessing.findings import Finding, find_organs, stack_height_mm
from pedcontour.postprocessing.islands import remove_islands
from pedcontour.postprocessing.levels import SHARE_IN_VIEW, Coverage, estimate_coverage, twin_of
from pedcontour.postprocessing.outside import OUTSIDE_SHARE, shares_outside
from pedcontour.postprocessing.policy import overruled, told_where
from pedcontour.postprocessing.review import review_labels, set_aside
from pedcontour.postprocessing.sides import check_sides
from pedcontour.verdicts import DRAWN, LOUD, AbsencePolicy, Outcome, Verdict
from pedcontour.volume import LabelMap, Volume

QUIETLY_DRAWN = DRAWN - LOUD
"""Outcomes that pass without a warning, and so must be beyond doubt."""


@dataclass(frozen=True)
class Wishes:
    """What the user asked for, as organ ids: ``structures`` None means all; ``absent`` are known to have been
    removed, ``present`` to be there; ``policy`` is what the absence rules may do."""

    structures: frozenset[str] | None = None
    absent: frozenset[str] = frozenset()
    present: frozenset[str] = frozenset()
    policy: AbsencePolicy = "filter"


@dataclass(frozen=True)
class Hints:
    """What is known beside the images and makes the evidence better, any of it may be missing: ``spread`` and ``firm``
    by organ id, as ``Prediction`` has them, and the patient's age."""

    spread: Mapping[str, float] = field(default_factory=dict)
    firm: Mapping[str, float] = field(default_factory=dict)
    age_years: float | None = None


@dataclass(frozen=True, eq=False)
class Judged:
    """The labels that go into the results, a verdict for every organ of the model, and warnings ``CODE: sentence``."""

    labels: LabelMap
    verdicts: tuple[Verdict, ...]
    warnings: tuple[str, ...]

    @property
    def drawn(self) -> tuple[str, ...]:
        """The organs that have a contour in the results."""
        return tuple(verdict.organ for verdict in self.verdicts if verdict.outcome in DRAWN)

    @property
    def has_regions(self) -> bool:
        """Whether there is anything to write: an organ, or what lies beside the results for review."""
        return bool(self.drawn) or any(verdict.review_ml > 0.0 for verdict in self.verdicts)


@dataclass(frozen=True, eq=False)
class _Scene:
    """Everything measured once before the organs are judged one by one; ``labels`` and ``found`` without specks.

    ``evident`` is what rules see of ``labels``: what was drawn of an organ that is declared absent is no evidence.
    """

    labels: LabelMap
    evident: LabelMap
    specks_ml: Mapping[str, float]
    confidence: Mapping[str, float]
    image: Volume
    wishes: Wishes
    found: Mapping[str, Finding]
    body: Body
    outside: Mapping[str, float]
    scattered: Mapping[str, float]
    coverage: Coverage | None
    rules: Mapping[str, AbsenceRule]
    hints: Hints


def judge(
    labels: LabelMap,
    confidence: Mapping[str, float],
    image: Volume,
    wishes: Wishes,
    rules: Mapping[str, AbsenceRule] | None = None,
    hints: Hints | None = None,
) -> Judged:
    """Give every organ that the model knows, and every organ declared absent, its verdict.

    ``labels`` is what the network drew, on the grid of ``image``; ``confidence`` its mean probability by organ, as
    ``Prediction`` has it. ``rules`` judge drawn organs that surgery may have removed, by organ id;
    ``default_rules()`` when None. Nothing is removed without a verdict that says so.
    """
    cleaned, specks_ml, scattered_ml = remove_islands(labels)
    found, outlines = find_organs(cleaned), outline_body(image)
    body = measure_body(image, outlines)
    scene = _Scene(
        labels=cleaned,
        evident=_keep(cleaned, set(cleaned.organs.values()) - wishes.absent),
        specks_ml=specks_ml,
        confidence=confidence,
        image=image,
        wishes=wishes,
        found=found,
        body=body,
        outside=shares_outside(cleaned, outlines),
        scattered=scattered_ml,
        coverage=estimate_coverage(found, stack_height_mm(cleaned), body.diameter_mm),
        rules=default_rules() if rules is None else rules,
        hints=hints or Hints(),
    )
    organs = dict.fromkeys(organ for _, organ in sorted(labels.organs.items()))
    organs |= dict.fromkeys(sorted(wishes.absent))
    decided = {organ: _decide(organ, scene) for organ in organs}
    kept = _keep(cleaned, {organ for organ, (outcome, _) in decided.items() if outcome in DRAWN})
    if wishes.policy == "review_roi":
        removed = {organ for organ, (outcome, _) in decided.items() if outcome is Outcome.REMOVED_FALSE_POSITIVE}
        kept = set_aside(cleaned, kept, removed)
    verdicts = tuple(_verdict(organ, *decided[organ], scene) for organ in organs)
    alarms = [_alarm(organ, *decided[organ], scene) for organ in organs]
    warnings = (*check_sides(found, body), *(alarm for alarm in alarms if alarm))
    return Judged(kept, verdicts, warnings)


def _decide(organ: str, scene: _Scene) -> tuple[Outcome, str]:
    """The outcome of one organ and the sentence for it; the first rule that applies wins."""
    name = all_organs()[organ].name
    finding = scene.found.get(organ)
    if organ in scene.wishes.absent:
        return Outcome.ABSENT_DECLARED, f"{name}: declared absent in the request" + (
            f"; {finding.volume_ml:.1f} mL that the network drew there were removed." if finding else "."
        )
    if scene.wishes.structures is not None and organ not in scene.wishes.structures:
        return Outcome.NOT_REQUESTED, f"{name}: not among the requested structures."
    if finding is None:
        outcome, reason = _nothing_drawn(organ, name, scene)
        if outcome is Outcome.ABSENT_DETECTED and organ in scene.wishes.present:
            return Outcome.FAILED, f"{name}: declared present in the request, yet nothing was drawn. Please look."
        return outcome, reason
    judgement = _judge_drawn(finding, name, scene)
    doubt = _doubt(finding, scene)
    if judgement.outcome in QUIETLY_DRAWN and doubt:
        return Outcome.PRESENT_UNCERTAIN, f"{name}: {doubt}; it was kept: look there."
    return judgement.outcome, judgement.sentence


def _doubt(finding: Finding, scene: _Scene) -> str:
    """What is odd about an organ that was drawn, whatever the rules say of it; empty where nothing is."""
    outside = scene.outside.get(finding.organ, 0.0)
    if outside > OUTSIDE_SHARE:
        return f"{outside:.0%} of its {finding.volume_ml:.0f} mL lies outside the trunk"
    if finding.organ in scene.scattered:
        return f"{scene.scattered[finding.organ]:.0f} of its {finding.volume_ml:.0f} mL lie apart from the rest of it"
    return ""


def _judge_drawn(finding: Finding, name: str, scene: _Scene) -> Judgement:
    """Of an organ that was drawn: the rule's word where surgery may have removed it, and whether a border cuts it."""
    organ = finding.organ
    if all_organs()[organ].may_be_absent and organ in scene.rules and scene.wishes.policy != "off":
        wishes, judgement = scene.wishes, scene.rules[organ](_candidate(finding, scene))
        # before the border has its word, which tells a removal in words of its own
        judgement = overruled(judgement, wishes.policy, declared=organ in wishes.present)
        if finding.touches:
            judgement = judge_at_border(finding, share_at_border(scene.labels, organ), judgement)
        return told_where(judgement, wishes.policy)
    if finding.touches:
        return Judgement(
            Outcome.TRUNCATED_BY_FIELD_OF_VIEW,
            f"{name}: the images end on it at {border_words(finding)}; its volume is a part.",
        )
    return Judgement(Outcome.PRESENT, f"{name}: drawn in full.")


def _nothing_drawn(organ: str, name: str, scene: _Scene) -> tuple[Outcome, str]:
    """Why an organ was not drawn: out of the images, absent, or missed. Neighbours tell which."""
    if not scene.found:
        return Outcome.FAILED, f"{name}: the network drew no organ at all in this series."
    share = scene.coverage.share_of(organ, scene.found) if scene.coverage else None
    if share is None:
        return Outcome.FAILED, f"{name}: nothing was drawn, and too little else to tell whether the images reach it."
    if share < SHARE_IN_VIEW:
        return (
            Outcome.NOT_IN_FIELD_OF_VIEW,
            f"{name}: nothing was drawn; by the organs around it the images show {share:.0%} of where it usually lies.",
        )
    reach = f"although the images reach {share:.0%} of where it usually lies"
    if not all_organs()[organ].may_be_absent:
        return Outcome.FAILED, f"{name}: the network drew nothing {reach}."
    if _twin_is_missing(organ, scene):
        return (
            Outcome.FAILED,
            f"{name}: nothing was drawn {reach}, nor is the one of the other side in the results: "
            f"the network is likelier to have missed both than both are to have been removed. Please look.",
        )
    return (
        Outcome.ABSENT_DETECTED,
        f"{name}: nothing was drawn {reach}, and it was not declared absent: removed by surgery, or missed. "
        f"Please look.",
    )


def _twin_is_missing(organ: str, scene: _Scene) -> bool:
    """Whether the organ of the other side, which the model could have drawn too, was not drawn or did not stay."""
    twin = twin_of(organ)
    if twin is None or twin not in scene.labels.organs.values():
        return False
    if twin not in scene.found:
        return True
    return _decide(twin, scene)[0] in (Outcome.ABSENT_DECLARED, Outcome.REMOVED_FALSE_POSITIVE)


def _candidate(finding: Finding, scene: _Scene) -> Candidate:
    """What a rule sees of one organ."""
    return Candidate(
        finding=finding,
        confidence=scene.confidence.get(finding.organ),
        body=scene.body,
        others={organ: other for organ, other in scene.found.items() if organ not in scene.wishes.absent},
        labels=scene.evident,
        image=scene.image,
        spread=scene.hints.spread.get(finding.organ),
        firm=scene.hints.firm.get(finding.organ),
        age_years=scene.hints.age_years,
    )


def _keep(labels: LabelMap, organs: set[str]) -> LabelMap:
    """The map with only these organs; everything else becomes background."""
    unwanted = [label for label in labels.boxes if labels.organs.get(label) not in organs]
    if not unwanted:
        return labels
    voxels = labels.voxels.copy()
    for label in unwanted:
        part = voxels[labels.boxes[label]]
        part[part == label] = 0
    return LabelMap(labels.grid, voxels, labels.organs)


def _verdict(organ: str, outcome: Outcome, reason: str, scene: _Scene) -> Verdict:
    kept_ml = scene.found[organ].volume_ml if organ in scene.found else 0.0
    beside = outcome is Outcome.REMOVED_FALSE_POSITIVE and scene.wishes.policy == "review_roi"
    specks_ml = scene.specks_ml.get(organ, 0.0)
    if specks_ml > 0 and outcome in DRAWN:
        reason += f" Stray specks of together {specks_ml:.2f} mL were taken out."
    return Verdict(
        organ=organ,
        outcome=outcome,
        volume_before_ml=kept_ml + specks_ml,
        volume_ml=kept_ml if outcome in DRAWN else 0.0,
        confidence=scene.confidence.get(organ) if kept_ml > 0 else None,
        reason=reason,
        review_ml=kept_ml if beside and organ in review_labels(scene.labels.organs).values() else 0.0,
    )


def _alarm(organ: str, outcome: Outcome, reason: str, scene: _Scene) -> str:
    """What must not be overlooked about one organ; empty where nothing is."""
    if outcome in LOUD:
        return f"{outcome.upper()}: {reason}"
    finding = scene.found.get(organ)
    if outcome is Outcome.ABSENT_DECLARED and finding is not None:
        return contradiction(finding, scene.confidence.get(organ, 0.0))
    return ""
