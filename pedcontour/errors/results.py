"""What may be wrong with results."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pedcontour.errors.base import PedcontourError

if TYPE_CHECKING:
    from pedcontour.verdicts import Verdict


class ResultError(PedcontourError):
    """A result failed its own check and was withheld."""

    code = "RESULT_INVALID"


class NothingDrawnError(ResultError):
    """None of the requested organs was found in the images, so there is nothing to write; the verdicts say why."""

    code = "NOTHING_DRAWN"

    def __init__(
        self,
        detail: str = "",
        *,
        instance_uids: Sequence[str] = (),
        verdicts: Sequence["Verdict"] = (),
        warnings: Sequence[str] = (),
    ) -> None:
        super().__init__(detail, instance_uids=instance_uids)
        self.verdicts = tuple(verdicts)
        self.warnings = tuple(warnings)


class ReadBackMismatchError(ResultError):
    """A written file, read back from disk, does not show the model's contours in their place, so it was withheld."""

    code = "READ_BACK_MISMATCH"


class IdentityMismatchError(ResultError):
    """A written file refers to another patient, study or frame of reference than its input, so it was withheld."""

    code = "IDENTITY_MISMATCH"
