"""What a site's training is to the federation: a small promise, kept by nnU-Net or by a toy."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pedcontour.federation.averaging import Weights
from pedcontour.federation.room import Charter


@dataclass(frozen=True)
class SitePost:
    """What a trainer is made for: one site of one run.

    ``data`` is the site's nnU-Net dataset folder. ``work`` is a folder of the trainer's own that outlasts its process:
    for preprocessed cases, and for checkpoints within a round. ``options`` are the trainer's own, by name, as
    ``federation join --set`` took them.
    """

    site: str
    charter: Charter
    data: Path
    work: Path
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RunRecord:
    """What a finished run leaves for a model's provenance.

    ``closes`` is the digest of each round's close, in order; ``members`` the sites whose updates counted in it;
    ``cases`` each site's cases by its census; ``model`` the digest of the last global model.
    """

    charter_digest: str
    charter: Charter
    closes: tuple[str, ...]
    members: tuple[tuple[str, ...], ...]
    cases: Mapping[str, int]
    model: str


@dataclass(frozen=True)
class Plans:
    """What was planned from all fingerprints: a digest of the plans, and the model that every site begins with.

    ``row_shares`` says, by site, how much each row of a tensor counts in the mean, where that differs between rows.
    """

    digest: str
    initial: Weights
    row_shares: Mapping[str, Mapping[str, tuple[int, ...]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Trained:
    """A site's model after a round, the cases it saw, and figures by name as decimal text.

    ``federation log`` shows ``loss`` (of training) and ``dsc`` (mean over organs, of the site's validation).
    """

    weights: Weights
    cases: int
    figures: Mapping[str, str] = field(default_factory=dict)


class Trainer(Protocol):
    """Trains at one site. Every answer depends on the arguments and the site's data alone: it may be asked twice."""

    def count_cases(self) -> int:
        """How many cases this site trains on."""
        ...

    def fingerprint(self, total_cases: int) -> bytes:
        """What the planner must know of this site's images, given how many cases all sites have."""
        ...

    def plan(self, fingerprints: Mapping[str, bytes]) -> Plans:
        """The plans for all sites, from the fingerprints by site."""
        ...

    def train(self, round_number: int, start: Weights) -> Trained:
        """Train for a round, from the global model of the one before; rounds count from 1."""
        ...

    def forget(self, round_number: int) -> None:
        """Drop what was kept of a round that came to nothing fit to be sent: asked again, it is trained anew."""
        ...

    def export(self, fingerprints: Mapping[str, bytes], model: Weights, record: RunRecord, out: Path) -> None:
        """Write the last global model into a new folder ``out``, to be used without the federation."""
        ...


TrainerFactory = Callable[[SitePost], Trainer]
"""How a trainer is made; ``pedcontour/federation/trainers.py`` lists them by name."""
