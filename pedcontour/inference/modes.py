"""The quality modes a request may ask for: what each changes against stock nnU-Net, as data."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

from pedcontour.errors import ModeUnavailableError, RequestError

Mode = Literal["exact", "standard", "fast", "tta"]
MODES: Final[tuple[Mode, ...]] = get_args(Mode)
DEFAULT_MODE: Final[Mode] = "standard"


@dataclass(frozen=True)
class Quality:
    """What a mode does.

    ``half_network``: convolutions in half precision where the device computes in it by itself, as stock nnU-Net does on
    a GPU. ``half_sums``: weighted tiles are summed in half precision, stock's own rounding. ``skip_air``: tiles that
    show nothing of the patient are left out. ``body_only``: tiles are laid over the patient's body instead of the field
    of view, and so in other places than stock's. ``tile_step`` is the
    distance of tiles as a share of their size. ``mirrored``: the mean over all mirror images that the training allows.
    """

    mode: Mode
    half_network: bool
    half_sums: bool
    skip_air: bool
    body_only: bool
    tile_step: float
    mirrored: bool


_STANDARD: Final = Quality(
    "standard",
    half_network=True,
    half_sums=False,
    skip_air=True,
    body_only=False,
    tile_step=0.5,
    mirrored=False,
)
_QUALITIES: Final[dict[Mode, Quality]] = {
    "exact": replace(_STANDARD, mode="exact", half_network=False, half_sums=True, skip_air=False),
    "standard": _STANDARD,
    "fast": replace(_STANDARD, mode="fast", body_only=True, tile_step=0.75),
    "tta": replace(_STANDARD, mode="tta", mirrored=True),
}


def mode_named(name: str) -> Mode:
    """The mode of a name; raises ``RequestError`` for another word."""
    for mode in MODES:
        if name == mode:
            return mode
    raise RequestError(f"{name[:32]!r} is no quality mode; choose one of {', '.join(MODES)}")


def quality_of(mode: Mode, mirroring_axes: Sequence[int]) -> Quality:
    """What a mode does with a model that allows mirroring along these axes.

    Raises ``ModeUnavailableError`` for ``tta`` with a model that allows none: it tells left from right.
    """
    if mode == "tta" and not mirroring_axes:
        raise ModeUnavailableError("tta: its training allows no mirroring")
    return _QUALITIES[mode]
