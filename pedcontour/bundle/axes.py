"""The orientation a network was trained in, as three letters, and the exact change of axes that leads to it.

The letters say where the axes ``(k, j, i)`` point in the patient: Superior or Inferior, Anterior or Posterior, Left or
Right. ``SPL`` is pedcontour's canonical orientation (``pedcontour/orientation.py``): slices from feet to head, rows
from front to back, columns from right to left. ``SAR`` is what nnU-Net sees after reorienting a NIfTI to "RAS".
"""

from pedcontour.errors import ModelError
from pedcontour.orientation import AxisChange

ORIENTATION_ASSUMED = "assumed"
"""Provenance of an orientation that nobody stated: a wrong one swaps left and right, so a guess stays visible."""

CANONICAL_AXES = "SPL"
RAS_AXES = "SAR"

_OPPOSITE = {"S": "I", "P": "A", "L": "R"}


def canonical_to(axes: str) -> AxisChange:
    """The change of axes from the canonical orientation to the one that ``axes`` names.

    Raises ``ModelError`` when the letters do not name three different axes of the body.
    """
    names = [letter if letter in CANONICAL_AXES else _canonical_name(letter) for letter in axes]
    if len(axes) != 3 or sorted(names) != sorted(CANONICAL_AXES):
        raise ModelError(f"{axes[:8]!r} is not an orientation; write one of S/I, P/A and L/R, as in {CANONICAL_AXES}")
    k, j, i = (CANONICAL_AXES.index(name) for name in names)
    flips = [letter not in CANONICAL_AXES for letter in axes]
    return AxisChange((k, j, i), (flips[0], flips[1], flips[2]))


def _canonical_name(letter: str) -> str:
    return next((name for name, opposite in _OPPOSITE.items() if opposite == letter), "")
