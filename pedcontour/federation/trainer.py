"""What a site's training is to the federation: a small promise, kept by nnU-Net or by a toy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pedcontour.federation.averaging import Weights


@dataclass(frozen=True)
class Plans:
    """What was planned from all fingerprints: a digest of the plans, and the model that every site begins with."""

    digest: str
    initial: Weights


@dataclass(frozen=True)
class Trained:
    """A site's model after a round, the cases it saw, and figures by name as decimal text (``{"loss": "0.25"}``)."""

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
