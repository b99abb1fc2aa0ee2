"""Where contours come from, in the words that every written file carries."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """What a file says about the making of its contours.

    ``label`` is the StructureSetLabel (SH: at most 16 characters); ``description`` is the series description, which
    every list of series shows; ``notice`` is a sentence or two; ``by_network`` is whether a neural network drew them.
    """

    label: str
    description: str
    notice: str
    by_network: bool


NETWORK = Origin(
    label="AI not reviewed",
    description="AI-generated, not reviewed",
    notice="Drawn by an artificial neural network and not reviewed by anyone. "
    "Not for clinical use without local validation.",
    by_network=True,
)
"""What a model drew on a patient's images: no one has looked at these contours yet."""

SYNTHETIC_TRUTH = Origin(
    label="Synthetic truth",
    description="Synthetic truth of a phantom",
    notice="The truth that a synthetic patient was made from: of no real patient, and not drawn by a neural network. "
    "Not for clinical use.",
    by_network=False,
)
"""What a phantom's images were computed from."""
