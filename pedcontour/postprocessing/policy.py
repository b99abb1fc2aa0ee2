"""What the request lets an absence rule do."""

from dataclasses import replace

from pedcontour.postprocessing.absence import Judgement
from pedcontour.verdicts import AbsencePolicy, Outcome


def overruled(judgement: Judgement, policy: AbsencePolicy, *, declared: bool) -> Judgement:
    """A removal only where the request lets it: a presence that is ``declared`` wins, and a policy may ask for flags
    alone. What is kept against the rule is flagged, with what the rule found."""
    if judgement.outcome is not Outcome.REMOVED_FALSE_POSITIVE or not (declared or policy == "flag_only"):
        return judgement
    wish = "declares it present" if declared else "asks for flags alone"
    action = f"The absence rule would take it away; it was kept, as the request {wish}. Look there."
    return Judgement(Outcome.PRESENT_UNCERTAIN, judgement.reason, action)


def told_where(judgement: Judgement, policy: AbsencePolicy) -> Judgement:
    """A removal with a word on where to find what was removed, where the request asks to see it."""
    if judgement.outcome is not Outcome.REMOVED_FALSE_POSITIVE or policy != "review_roi":
        return judgement
    return replace(judgement, action=f"{judgement.action} It lies beside the results as a region of its own.".lstrip())
