"""What the request lets an absence rule do."""

from pedcontour.organs import all_organs
from pedcontour.postprocessing.absence import Judgement
from pedcontour.verdicts import AbsencePolicy, Outcome


def within_policy(organ: str, judgement: Judgement, policy: AbsencePolicy, *, declared: bool) -> Judgement:
    """A removal only where the request lets it: a presence that is ``declared`` wins, and a policy may ask for flags
    alone, or to see what was removed. What is kept against the rule is flagged, with the rule's own words."""
    if judgement.outcome is not Outcome.REMOVED_FALSE_POSITIVE:
        return judgement
    name = all_organs()[organ].name
    if declared:
        reason = "kept, as the request declares it present, against the absence rule, which says"
    elif policy == "flag_only":
        reason = "kept, as the request asks for flags alone; the absence rule would have said"
    elif policy == "review_roi":
        return Judgement(judgement.outcome, f"{judgement.reason} It lies beside the results as a region of its own.")
    else:
        return judgement
    return Judgement(Outcome.PRESENT_UNCERTAIN, f"{name}: {reason}: {judgement.reason}")
