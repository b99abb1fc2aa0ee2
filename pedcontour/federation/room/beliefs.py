"""What may be believed after what: everything a site knows of a run, grown one checked document at a time.

The order is fixed: charter, censuses of all, fingerprints of all, plans of all, then round after round its updates, its
close and the agreements. Nothing enters that is not signed by its site under this charter, in its turn, on this chain;
what entered never changes. A ``DisbeliefError`` leaves the beliefs as they were.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

from pedcontour.errors import (
    ChainBrokenError,
    ContradictionError,
    FirstModelDiffersError,
    OutOfTurnError,
    PlansDifferError,
    WrongSignerError,
)
from pedcontour.federation.room.documents import Agreement, Census, Close, Fingerprint, PlansAgreement, Site, Update
from pedcontour.federation.room.dsse import read_envelope
from pedcontour.federation.room.rounds import BelievedRound
from pedcontour.federation.room.speech import hear, read_charter
from pedcontour.federation.room.wire import digest, digest_of_all

Told = TypeVar("Told")


class Heard(dict[str, tuple[str, Told]]):
    """What each site said in one place that is written once: site to the digest of its envelope, and the document."""

    def add(self, site: str, data: bytes, document: Told) -> None:
        """Keep it. Raises ``ContradictionError`` when the site said something else there before."""
        if site in self and self[site][0] != digest(data):
            raise ContradictionError(f"{type(document).__name__} of {site}")
        self[site] = (digest(data), document)

    def together(self) -> str:
        """One digest of what all said."""
        return digest_of_all((site, value) for site, (value, _) in self.items())


class Beliefs:
    """All that is believed of one run."""

    def __init__(self, charter: bytes) -> None:
        """Begin with a charter that all sites signed. Raises ``DisbeliefError``, ``CharterUnsignedError``."""
        self.charter, self.charter_digest = read_charter(charter)
        self.censuses: Heard[Census] = Heard()
        self.fingerprints: Heard[Fingerprint] = Heard()
        self.plans: Heard[PlansAgreement] = Heard()
        self._rounds: list[BelievedRound] = []

    def complete(self, heard: "Heard[Told]") -> bool:
        """Whether every site of the charter spoke."""
        return len(heard) == len(self.charter.sites)

    def hear_census(self, site: str, data: bytes) -> Census:
        """Believe a site's census."""
        census = hear(Census, self._site(site), self.charter_digest, data)
        self.censuses.add(site, data, census)
        return census

    def hear_fingerprint(self, site: str, data: bytes) -> Fingerprint:
        """Believe a site's fingerprint: after all censuses, and made from them."""
        fingerprint = hear(Fingerprint, self._site(site), self.charter_digest, data)
        if not self.complete(self.censuses):
            raise OutOfTurnError(f"a fingerprint of {site} before all censuses")
        if fingerprint.censuses != self.censuses.together():
            raise ChainBrokenError(f"the fingerprint of {site} rests on other censuses")
        self.fingerprints.add(site, data, fingerprint)
        return fingerprint

    def hear_plans(self, site: str, data: bytes) -> PlansAgreement:
        """Believe a site's plans: after all fingerprints, made from them, and the same as everybody's.

        Raises ``FirstModelDiffersError`` for another first model than the charter names, ``PlansDifferError``, beside
        what cannot be believed.
        """
        plans = hear(PlansAgreement, self._site(site), self.charter_digest, data)
        if not self.complete(self.fingerprints):
            raise OutOfTurnError(f"plans of {site} before all fingerprints")
        if plans.fingerprints != self.fingerprints.together():
            raise ChainBrokenError(f"the plans of {site} rest on other fingerprints")
        if self.charter.initial not in (None, plans.initial):
            raise FirstModelDiffersError(f"{site} would begin with it")
        for other, (_, theirs) in self.plans.items():
            if other != site and (theirs.plans, theirs.initial) != (plans.plans, plans.initial):
                raise PlansDifferError(f"{site} and {other}")
        self.plans.add(site, data, plans)
        return plans

    @property
    def round(self) -> BelievedRound:
        """The open round, or the last one when all are closed. Raises ``OutOfTurnError`` before all plans agree."""
        if not self._rounds:
            if not self.complete(self.plans):
                raise OutOfTurnError("no round begins before all plans agree")
            self._rounds.append(BelievedRound(1, self.plans.together(), self._initial))
        last = self._rounds[-1]
        if last.close is not None and last.number < self.charter.rounds:
            self._rounds.append(BelievedRound(last.number + 1, last.close_digest, last.model))
        return self._rounds[-1]

    def closed(self, number: int) -> BelievedRound:
        """A round that is closed. Raises ``OutOfTurnError`` for one that is not."""
        if number < 1 or number > len(self._rounds) or self._rounds[number - 1].close is None:
            raise OutOfTurnError(f"round {number} is not closed")
        return self._rounds[number - 1]

    def hear_update(self, site: str, data: bytes) -> Update:
        """Believe a site's update of the open round: on this chain, from the same model as everybody's."""
        update = hear(Update, self._site(site), self.charter_digest, data)
        self.round.add_update(site, data, update)
        return update

    def hear_close(self, data: bytes, site: str, open_s: Callable[[], float]) -> Close:
        """Believe that the open round is closed, as ``site`` says: by who may, with believed updates, by a quorum.

        A close without all sites counts after the charter's deadline alone. ``open_s`` tells how many seconds lie
        between the first update and the close, by the store's clock.
        """
        close = hear(Close, self._site(site), self.charter_digest, data)
        if self.charter.closer not in (None, site):
            raise WrongSignerError(f"{site} closed a round; the charter leaves that to {self.charter.closer}")
        absent = set(self.charter.names) - {member.site for member in close.members}
        if absent and self.round.updates and open_s() < self.charter.deadline_s:
            raise OutOfTurnError(f"{site} closed round {close.round} before the deadline without {_listed(absent)}")
        self.round.add_close(data, close, self.charter.quorum)
        return close

    def speaker(self, data: bytes) -> str:
        """Which site an envelope claims to be of, by its key; hearing it checks that. Raises ``DisbeliefError``."""
        keys = set(read_envelope(data).signatures)
        return next((site.name for site in self.charter.sites if {site.signing_key} == keys), "")

    def hear_agreement(self, number: int, site: str, data: bytes) -> Agreement:
        """Believe which global model a site computed after a closed round: the one of the place, not of the document.

        Raises ``ModelsDifferError`` when it is another than ours.
        """
        agreement = hear(Agreement, self._site(site), self.charter_digest, data)
        self.closed(number).add_agreement(site, data, agreement)
        return agreement

    def recomputed(self, number: int, model: str) -> None:
        """Note the digest of the global model of a closed round, as computed here; every statement is held to it.

        Raises ``ModelsDifferError`` when somebody's is another.
        """
        self.closed(number).set_model(model)
        if number < len(self._rounds):
            self._rounds[number].set_base(model)

    @property
    def _initial(self) -> str:
        return next(iter(self.plans.values()))[1].initial

    def _site(self, name: str) -> Site:
        site = self.charter.site(name)
        if site is None:
            raise WrongSignerError("a site that the charter does not name")
        return site


def _listed(sites: Iterable[str]) -> str:
    return ", ".join(sorted(sites))
