"""Made-up hospitals: their keys, their charter, and whatever one of them says."""

import hashlib
import math
from dataclasses import replace
from typing import Any

import pyrage
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pedcontour.federation.room import (
    Agreement,
    Beliefs,
    Census,
    Charter,
    Close,
    Fingerprint,
    Member,
    PlansAgreement,
    Sealed,
    Site,
    Update,
    say,
)
from pedcontour.federation.room.dsse import join, public_key_of, read_envelope, write_envelope

SITES = ("alder", "birch", "cedar")
SEALED = Sealed("5e" * 32, 1000)
PLANS, INITIAL, SECOND = "aa" * 32, "bb" * 32, "cc" * 32
"""Digests of plans, of the first model, of the model after round 1."""


def signing_key(site: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(site.encode()).digest())


def a_charter(sites: tuple[str, ...] = SITES, **changes: Any) -> Charter:
    """A charter of new recipients: nothing sealed to them is ever opened."""
    named = tuple(
        Site(name, public_key_of(signing_key(name)), str(pyrage.x25519.Identity.generate().to_public()))
        for name in sites
    )
    charter = Charter(
        run="kidneys-2026",
        sites=named,
        organs=("liver", "spleen"),
        nnunet_version="2.8.1",
        seed=7,
        rounds=2,
        local_epochs=5,
        weighting="cases",
        momentum="reset",
        quorum=2,
        deadline_s=3600,
        kept_rounds=2,
        closer=None,
        initial=None,
    )
    return replace(charter, **changes)


def signed(charter: Charter, sites: tuple[str, ...] | None = None) -> bytes:
    """The charter with the signatures of all its sites, or of those given."""
    first, *others = (read_envelope(say(charter, signing_key(name))) for name in sites or charter.names)
    for other in others:
        first = join(first, other)
    return write_envelope(first)


def past_deadline() -> float:
    """How long a round was open, in seconds, that was open for long enough under any charter."""
    return math.inf


class Talk:
    """What honest sites say under a charter, as bytes; ``changes`` make it dishonest."""

    def __init__(self, charter: Charter) -> None:
        self.charter = charter
        self.signed_charter = signed(charter)
        self.beliefs = Beliefs(self.signed_charter)
        self.digest = self.beliefs.charter_digest

    def census(self, site: str, **changes: Any) -> bytes:
        return self._said(Census(self.digest, site, SEALED), site, changes)

    def fingerprint(self, site: str, **changes: Any) -> bytes:
        return self._said(Fingerprint(self.digest, site, self.beliefs.censuses.together(), SEALED), site, changes)

    def plans(self, site: str, **changes: Any) -> bytes:
        rests_on = self.beliefs.fingerprints.together()
        return self._said(PlansAgreement(self.digest, site, rests_on, PLANS, INITIAL), site, changes)

    def update(self, site: str, **changes: Any) -> bytes:
        now = self.beliefs.round
        document = Update(self.digest, site, now.number, now.previous, now.base or SECOND, SEALED, SEALED)
        return self._said(document, site, changes)

    def close(self, site: str, counting: tuple[str, ...], **changes: Any) -> bytes:
        now = self.beliefs.round
        counted = tuple(Member(name, now.updates[name][0]) for name in counting)
        return self._said(Close(self.digest, site, now.number, now.previous, counted), site, changes)

    def agreement(self, site: str, number: int = 1, **changes: Any) -> bytes:
        close = self.beliefs.closed(number).close_digest
        return self._said(Agreement(self.digest, site, number, close, SECOND), site, changes)

    def set_up(self) -> None:
        """Everything up to the first round, said and believed."""
        for site in self.charter.names:
            self.beliefs.hear_census(site, self.census(site))
        for site in self.charter.names:
            self.beliefs.hear_fingerprint(site, self.fingerprint(site))
        for site in self.charter.names:
            self.beliefs.hear_plans(site, self.plans(site))

    def one_round(self) -> None:
        """A round of all sites, closed by the first."""
        for site in self.charter.names:
            self.beliefs.hear_update(site, self.update(site))
        first = self.charter.names[0]
        self.beliefs.hear_close(self.close(first, self.charter.names), first, past_deadline)

    def _said(self, document: Any, site: str, changes: dict[str, Any]) -> bytes:
        key = signing_key(changes.pop("signer", site))
        return say(replace(document, **changes), key)
