"""What mistakes cost, stated by people, and the thresholds that follow."""

from dataclasses import asdict, dataclass
from math import isfinite


@dataclass(frozen=True)
class Costs:
    """Costs of one side of one case, in any unit.

    ``removed_present``: a real kidney is taken away (with a warning). ``kept_absent``: a false kidney passes without a
    flag. ``flagged_absent``: a false kidney stays, but flagged. ``look``: somebody looks at a flag. The defaults say
    that taking a real kidney away, which is always told, is as bad as a false one that nobody is told of; that a flag
    halves the harm of a false one; and that a look costs a tenth of it.

    Raises ``ValueError`` where a cost is not positive, or a flag would not even pay on what is surely false.
    """

    removed_present: float = 1.0
    kept_absent: float = 1.0
    flagged_absent: float = 0.5
    look: float = 0.1

    def __post_init__(self) -> None:
        if not all(isfinite(cost) and cost > 0.0 for cost in asdict(self).values()):
            raise ValueError("every cost is a positive number")
        if self.look >= self.kept_absent - self.flagged_absent:
            raise ValueError("a look costs less than what a flag saves, or nothing would ever be flagged")

    def thresholds(self) -> tuple[float, float]:
        """(``remove_below``, ``present_from``): where removing, flagging and passing are expected to cost the same.

        With p the probability of a kidney, removing costs p removed_present, flagging look + (1 - p) flagged_absent,
        passing (1 - p) kept_absent. Where a flag is the cheapest at no p, both are where removing and passing cost
        the same.
        """
        flagged = self.look + self.flagged_absent
        remove_below = flagged / (self.removed_present + self.flagged_absent)
        present_from = 1.0 - self.look / (self.kept_absent - self.flagged_absent)
        if remove_below >= present_from:
            remove_below = present_from = self.kept_absent / (self.kept_absent + self.removed_present)
        return remove_below, present_from
