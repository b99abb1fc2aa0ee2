"""The promise every inference engine keeps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pedcontour.inference.modes import DEFAULT_MODE, Mode
from pedcontour.volume import LabelMap, Volume

Progress = Callable[[float], None]
"""Told the finished share of the work, 0.0 to 1.0, never falling. It may raise ``CancelledError`` to stop the work."""


@dataclass(frozen=True)
class Prediction:
    """What a network saw.

    ``labels`` lies on the grid of the input volume, voxel for voxel. ``confidence`` is, per organ that has a voxel, the
    mean softmax probability of that organ over the voxels labelled as it, on the network's own grid; 0 for an organ too
    small for that grid. ``spread`` is the standard deviation that goes with it and ``firm`` the share of these voxels
    with a probability of at least 0.9, where an engine tells them. ``engine`` says what ran (``torch-cpu-fp32``),
    ``timings_s`` how long its stages took, ``device`` where it ran (``cpu``, ``cuda:0``), ``mode`` in which quality.
    ``tiles_run`` and ``tiles_skipped`` count the network's tiles; those skipped showed nothing of the patient.
    ``fallbacks`` says in words what was given up on the way, such as a card whose memory ran out.
    """

    labels: LabelMap
    confidence: Mapping[str, float]
    engine: str
    timings_s: Mapping[str, float] = field(default_factory=dict)
    device: str = "cpu"
    mode: Mode = "exact"
    tiles_run: int = 0
    tiles_skipped: int = 0
    fallbacks: tuple[str, ...] = ()
    spread: Mapping[str, float] = field(default_factory=dict)
    firm: Mapping[str, float] = field(default_factory=dict)


class Engine(Protocol):
    """A model's network: reusable, one volume at a time. It is compiled, and runs, when it is first needed."""

    @property
    def model_id(self) -> str:
        """The id of the model bundle that is loaded."""
        ...

    @property
    def organs(self) -> Mapping[int, str]:
        """Label to organ id, all that the network can draw."""
        ...

    def warm_up(self) -> None:
        """Do now what the first image would wait for: it runs the network, as ``segment`` does."""
        ...

    def memory_bytes(self, image: Volume, mode: Mode = DEFAULT_MODE) -> int:
        """The most memory that ``segment`` takes beside the image and what is loaded by now; 0 where it is not known.

        Raises ``ModeUnavailableError`` for a mode that the model cannot run in.
        """
        ...

    def segment(self, image: Volume, progress: Progress, mode: Mode = DEFAULT_MODE) -> Prediction:
        """Label a CT in Hounsfield units, in any orientation of its grid.

        Raises ``ModeUnavailableError`` for a mode that the model cannot run in.
        """
        ...
