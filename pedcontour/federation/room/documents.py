"""What the sites of a federation tell each other: one frozen dataclass a document.

Nothing here says who speaks truly; ``beliefs`` does. Measured figures never stand in a document that the operator of
the store can read: they are sealed to the sites, and the document carries the digest of the sealed object.
"""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator
from pydantic.dataclasses import dataclass

from pedcontour.federation.room.bech32 import is_sound

STRICT = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)

MAX_INTEGER = 2**53 - 1
"""The largest integer that every reader of JSON keeps exactly (RFC 8259 6)."""

MAX_CASES = 100_000
"""Of a site: more than any hospital has of one kind. What is averaged by cases stays exact far above it."""

MAX_SITES = 64
MAX_DEADLINE_S = 366 * 86400
"""A year; nobody waits longer for a round, and calendars can count it."""

MAX_ROUNDS = 9999
"""Four digits in the name of an object."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
"""A site, a run or an organ."""

Version = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+_-]{0,31}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256."""

PublicKey = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""An Ed25519 public key (RFC 8032)."""

Recipient = Annotated[str, StringConstraints(pattern=r"^age1[02-9ac-hj-np-z]{58}$")]
"""An age X25519 recipient, to whom objects are encrypted."""

Round = Annotated[int, Field(ge=1, le=MAX_ROUNDS)]
Count = Annotated[int, Field(ge=0, le=MAX_INTEGER)]
Positive = Annotated[int, Field(ge=1, le=MAX_INTEGER)]
CaseCount = Annotated[int, Field(ge=1, le=MAX_CASES)]
Decimal = Annotated[str, StringConstraints(pattern=r"^-?[0-9]{1,20}(\.[0-9]{1,20})?(e[+-]?[0-9]{1,3})?$")]
"""A measured value, as text: JSON numbers of one value have many forms, so only integers are numbers here."""


@dataclass(frozen=True, config=STRICT)
class Site:
    """A hospital: its name in this run, the key it signs with, the key it is written to."""

    name: Name
    signing_key: PublicKey
    recipient: Recipient

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if not is_sound(self.recipient):
            raise ValueError(f"the recipient of {self.name} has a wrong checksum")
        return self


@dataclass(frozen=True, config=STRICT)
class Charter:
    """What all sites sign before anything else: who takes part, in what, by which rules. Its digest names the run.

    ``deadline_s`` is how long a round stays open for the others after its first update arrived, by the store's clock.
    ``closer``, where named, is the only site that closes rounds, and so decides how long after the deadline the others
    are waited for; without it the first to notice closes. The store creates objects once only in either case.
    ``kept_rounds`` is how many closed rounds keep their sealed weights in the store. ``initial`` is the digest of the
    model that round 1 begins with, where the sites have one; without it, ``seed`` draws it.
    """

    run: Name
    sites: Annotated[tuple[Site, ...], Field(min_length=1, max_length=MAX_SITES)]
    organs: Annotated[tuple[Name, ...], Field(min_length=1, max_length=255)]
    nnunet_version: Version
    seed: Count
    rounds: Round
    local_epochs: Positive
    weighting: Literal["cases", "uniform"]
    momentum: Literal["keep", "reset", "average"]
    quorum: Positive
    deadline_s: Annotated[int, Field(ge=0, le=MAX_DEADLINE_S)]
    kept_rounds: Positive
    closer: Name | None
    initial: Digest | None

    @model_validator(mode="after")
    def _sound(self) -> Self:
        names = [site.name for site in self.sites]
        if names != sorted(set(names)):
            raise ValueError("sites are named once each, in order of name")
        for keys in ([site.signing_key for site in self.sites], [site.recipient for site in self.sites]):
            if len(set(keys)) != len(keys):
                raise ValueError("every site has keys of its own")
        if len(set(self.organs)) != len(self.organs):
            raise ValueError("an organ is listed twice")
        if self.quorum > len(names):
            raise ValueError("the quorum is larger than the number of sites")
        if len(names) == 2 and self.quorum != 2:
            raise ValueError("with two sites the quorum is both: one alone would average nothing")
        if 2 * self.quorum <= len(names):
            raise ValueError("the quorum is more than half of the sites, so that no two halves part")
        if self.closer is not None and self.closer not in names:
            raise ValueError("the closer is not one of the sites")
        if self.initial is not None and self.momentum == "average":
            raise ValueError("a model to begin with has no momentum to average")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The sites' names, in order."""
        return tuple(site.name for site in self.sites)

    def site(self, name: str) -> Site | None:
        """The site of that name."""
        return next((site for site in self.sites if site.name == name), None)


@dataclass(frozen=True, config=STRICT)
class Sealed:
    """An encrypted object of the store, by the SHA-256 of its ciphertext and its size in bytes."""

    sha256: Digest
    size: Positive


@dataclass(frozen=True, config=STRICT)
class Session:
    """A process began to speak for a site; the one with the highest number is the one that may go on."""

    charter: Digest
    site: Name
    number: Positive
    nonce: Digest


@dataclass(frozen=True, config=STRICT)
class Census:
    """A site counted its cases; the figures are sealed (``Cases``)."""

    charter: Digest
    site: Name
    cases: Sealed


@dataclass(frozen=True, config=STRICT)
class Cases:
    """Sealed: how many cases a site trains on."""

    cases: CaseCount


@dataclass(frozen=True, config=STRICT)
class Fingerprint:
    """A site measured its images, given the censuses of all; what it measured is sealed.

    ``censuses`` is the digest of all censuses together (``digest_of_all``).
    """

    charter: Digest
    site: Name
    censuses: Digest
    content: Sealed


@dataclass(frozen=True, config=STRICT)
class PlansAgreement:
    """What a site planned from all fingerprints: digests of the plans and of the first model."""

    charter: Digest
    site: Name
    fingerprints: Digest
    plans: Digest
    initial: Digest


@dataclass(frozen=True, config=STRICT)
class Update:
    """What a site learned in a round.

    ``previous`` is the link of the chain before it: the last close, or all plans agreements in round 1. ``base`` is the
    digest of the global model it began with.
    """

    charter: Digest
    site: Name
    round: Round
    previous: Digest
    base: Digest
    report: Sealed
    weights: Sealed


@dataclass(frozen=True, config=STRICT)
class Report:
    """Sealed: what a round's training was like at a site. ``figures`` are sorted by name.

    ``cases`` are those that were trained on: at most those of the site's census.
    """

    cases: CaseCount
    figures: tuple[tuple[Name, Decimal], ...]


@dataclass(frozen=True, config=STRICT)
class Member:
    """One site's update that counts in a round, by the SHA-256 of its envelope."""

    site: Name
    update: Digest


@dataclass(frozen=True, config=STRICT)
class Close:
    """Which updates a round consists of, fixed once by whoever was first; ``site`` is who wrote it."""

    charter: Digest
    site: Name
    round: Round
    previous: Digest
    members: Annotated[tuple[Member, ...], Field(min_length=1, max_length=MAX_SITES)]


@dataclass(frozen=True, config=STRICT)
class Agreement:
    """The global model that a site computed for itself from the updates of a close."""

    charter: Digest
    site: Name
    round: Round
    close: Digest
    model: Digest
