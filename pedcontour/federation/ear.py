"""How one site listens at the store: nothing is remembered, or acted on, before it was checked."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from pedcontour.errors import DigestMismatchError, ObjectNotFoundError, SealedMissingError
from pedcontour.federation import layout
from pedcontour.federation.keys import Keys
from pedcontour.federation.room import Beliefs, Sealed, decode, digest
from pedcontour.federation.site_memory import SiteMemory
from pedcontour.federation.store.port import SharedStore

Document = TypeVar("Document")
Told = TypeVar("Told")


@dataclass
class Ear:
    """A site that listens: its name, its keys, the store, its own memory, and what it believes so far."""

    site: str
    keys: Keys
    store: SharedStore
    memory: SiteMemory
    beliefs: Beliefs

    def look(self, key: str) -> bytes | None:
        """An object as it is at the store, or was when it was believed; it may be anybody's bytes, and not be there."""
        known = self.memory.recall(f"seen/{key}")
        if known is not None:
            return known
        try:
            return self.store.get(key)
        except ObjectNotFoundError:
            return None

    def believe(self, key: str, data: bytes, hear: Callable[[bytes], Told]) -> Told:
        """What ``hear`` makes of an object's bytes, remembered once it took them. Raises what ``hear`` raises."""
        told = hear(data)
        self.memory.once(f"seen/{key}", lambda: data)
        return told

    def listen(self, key: str, hear: Callable[[bytes], Told]) -> Told | None:
        """Look, and believe what is there."""
        data = self.look(key)
        return None if data is None else self.believe(key, data, hear)

    def open(self, site: str, sealed: Sealed) -> bytes:
        """What another site sealed, as its signed document describes it.

        Raises ``DigestMismatchError``, ``NotForUsError``, ``SealedMissingError``.
        """
        content = self._fetched(site, sealed)
        if len(content) != sealed.size or digest(content) != sealed.sha256:
            raise DigestMismatchError(f"a sealed object of {site}")
        return self.keys.unseal(content)

    def _fetched(self, site: str, sealed: Sealed) -> bytes:
        place = layout.blob(site, sealed.sha256)
        try:
            return self.store.get(place)
        except ObjectNotFoundError:
            raise SealedMissingError(place, site=site) from None

    def read(self, kind: type[Document], site: str, sealed: Sealed) -> Document:
        """A sealed document. Raises ``DisbeliefError``, ``SealedMissingError``."""
        return decode(kind, self.open(site, sealed))
