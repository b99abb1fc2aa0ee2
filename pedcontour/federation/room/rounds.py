"""One round as it is believed: its updates, the close that fixes which of them count, and who computed what from it."""

from collections.abc import Iterable, Mapping

from pedcontour.errors import (
    ChainBrokenError,
    ContradictionError,
    ModelsDifferError,
    OutOfTurnError,
    QuorumMissingError,
)
from pedcontour.federation.room.documents import Agreement, Close, Update
from pedcontour.federation.room.wire import digest


class BelievedRound:
    """Rounds count from 1. ``previous`` is the link of the chain that the round continues.

    ``base`` is the digest of the model that the round begins with, and ``model`` of the one it ends with; None while
    nobody here or elsewhere has told.
    """

    def __init__(self, number: int, previous: str, base: str | None) -> None:
        self.number = number
        self.previous = previous
        self.base = base
        self.model: str | None = None
        self.updates: dict[str, tuple[str, Update]] = {}
        self.close: Close | None = None
        self.close_digest = ""
        self.agreements: dict[str, tuple[str, Agreement]] = {}

    @property
    def members(self) -> dict[str, Update]:
        """The updates that count, by site in order of name; empty before the close."""
        members = self.close.members if self.close else ()
        return {member.site: self.updates[member.site][1] for member in members}

    def add_update(self, site: str, data: bytes, update: Update) -> None:
        """Take a site's update. Raises ``DisbeliefError``, ``ModelsDifferError``."""
        self._same_or_first(site, data, self.updates, "update")
        if update.round != self.number:
            raise OutOfTurnError(f"an update of {site} for round {update.round} in round {self.number}")
        if self.close is not None and site not in self.updates:
            raise OutOfTurnError(f"round {self.number} was closed before the update of {site}")
        if update.previous != self.previous:
            raise ChainBrokenError(f"the update of {site} continues another history")
        self.set_base(update.base)
        self.updates[site] = (digest(data), update)

    def add_close(self, data: bytes, close: Close, quorum: int) -> None:
        """Take the close. Raises ``DisbeliefError``."""
        if close.round != self.number:
            raise OutOfTurnError(f"a close of round {close.round} in round {self.number}")
        if self.close is not None:
            if self.close_digest != digest(data):
                raise ContradictionError(f"two closes of round {self.number}")
            return
        if close.previous != self.previous:
            raise ChainBrokenError(f"the close of round {self.number} continues another history")
        sites = [member.site for member in close.members]
        if sites != sorted(set(sites)):
            raise ContradictionError(f"the close of round {self.number} names its members out of order or twice")
        if len(sites) < quorum:
            raise QuorumMissingError(f"round {self.number}: {len(sites)} of {quorum}")
        for member in close.members:
            if member.site not in self.updates:
                raise OutOfTurnError(f"round {self.number} counts an update of {member.site} that is not there")
            if self.updates[member.site][0] != member.update:
                raise ContradictionError(f"round {self.number} counts another update of {member.site}")
        self.close, self.close_digest = close, digest(data)

    def add_agreement(self, site: str, data: bytes, agreement: Agreement) -> None:
        """Take what a site computed. Raises ``DisbeliefError``, ``ModelsDifferError``."""
        self._same_or_first(site, data, self.agreements, "agreement")
        if agreement.round != self.number:
            raise OutOfTurnError(f"an agreement of {site} to round {agreement.round} in round {self.number}")
        if agreement.close != self.close_digest:
            raise ChainBrokenError(f"the agreement of {site} rests on another close of round {self.number}")
        self.set_model(agreement.model)
        self.agreements[site] = (digest(data), agreement)

    def set_base(self, base: str) -> None:
        """Hold the round's first model to be this one. Raises ``ModelsDifferError``."""
        if self.base not in (None, base):
            raise ModelsDifferError(f"before round {self.number}; {_names(self.updates)} began with another")
        self.base = base

    def set_model(self, model: str) -> None:
        """Hold the round's last model to be this one. Raises ``ModelsDifferError``."""
        if self.model not in (None, model):
            raise ModelsDifferError(f"after round {self.number}; {_names(self.agreements)} computed another")
        self.model = model

    def _same_or_first(self, site: str, data: bytes, heard: Mapping[str, tuple[str, object]], what: str) -> None:
        if site in heard and heard[site][0] != digest(data):
            raise ContradictionError(f"two {what}s of {site} in round {self.number}")


def _names(sites: Iterable[str]) -> str:
    """Those who said so; without any, the difference is to what this site computed itself."""
    return ", ".join(sorted(sites)) or "this site"
