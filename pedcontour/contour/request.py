"""What a user asks for, checked against what a model can draw."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from pedcontour.errors import (
    AbsenceNotAllowedError,
    NothingRequestedError,
    PresenceContradictedError,
    RequestError,
    StructureUnknownError,
)
from pedcontour.inference.modes import DEFAULT_MODE, Mode
from pedcontour.organs import all_organs, find_organ
from pedcontour.outputs import OutputStyle
from pedcontour.verdicts import ABSENCE_POLICIES, AbsencePolicy


@dataclass(frozen=True)
class ContourRequest:
    """One request, in organ ids.

    ``structures`` None asks for all that the model draws; ``absent`` names organs known to have been removed by
    surgery, ``present`` those known to be there; ``policy`` is what the absence rules may do; ``series_uid`` chooses a
    CT series where the input holds several; ``style`` says which files are written and how, ``mode`` in which quality
    the network runs.
    """

    structures: tuple[str, ...] | None = None
    absent: frozenset[str] = frozenset()
    series_uid: str | None = None
    style: OutputStyle = field(default_factory=OutputStyle)
    mode: Mode = DEFAULT_MODE
    present: frozenset[str] = frozenset()
    policy: AbsencePolicy = "filter"

    @classmethod
    def from_names(
        cls, structures: Iterable[str] | None = None, absent: Iterable[str] = (), series_uid: str | None = None
    ) -> "ContourRequest":
        """A request from what users type: organ ids or TG-263 names, ignoring case; no structures means all.

        Raises ``StructureUnknownError`` for a name that no organ has.
        """
        wanted = tuple(dict.fromkeys(find_organ(name).id for name in structures or ()))
        return cls(wanted or None, frozenset(find_organ(name).id for name in absent), series_uid or None)

    def with_presence(self, present: Iterable[str] = (), policy: str | None = None) -> "ContourRequest":
        """The same request with what users type of organs known to be there, and of what the absence rules may do.

        Raises ``StructureUnknownError`` for a name that no organ has, ``RequestError`` for no such policy.
        """
        for known in ABSENCE_POLICIES:
            if known == (policy or "filter"):
                return replace(self, present=frozenset(find_organ(name).id for name in present), policy=known)
        raise RequestError(f"the absence policy is one of {', '.join(ABSENCE_POLICIES)}")


def check_request(request: ContourRequest, drawable: Iterable[str]) -> None:
    """Refuse what cannot be done, before any work: ``drawable`` are the organ ids of the chosen model.

    Raises ``StructureUnknownError`` for a structure the model does not draw, ``AbsenceNotAllowedError`` for an organ
    that surgery cannot have removed, ``PresenceContradictedError`` for one declared both absent and present,
    ``NothingRequestedError`` when all that is asked for is declared absent, ``NamesInvalidError`` for names that leave
    no room for those of what is kept for review.
    """
    request.style.names.check(request.style.name_length, review=request.policy == "review_roi")
    able = set(drawable)
    for organ in request.structures or ():
        if organ not in able:
            raise StructureUnknownError(organ)
    for organ in sorted(request.absent):
        known = all_organs().get(organ)
        if known is None:
            raise StructureUnknownError(organ)
        if not known.may_be_absent:
            raise AbsenceNotAllowedError(organ)
    for organ in sorted(request.present):
        if organ not in able:
            raise StructureUnknownError(organ)
        if organ in request.absent:
            raise PresenceContradictedError(organ)
    if request.absent.issuperset(request.structures or able):
        raise NothingRequestedError
