"""How one site listens at the store: nothing is remembered, or acted on, before it was checked."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from pedcontour.errors import DigestMismatchError, FederationError, ObjectNotFoundError, SealedMissingError
from pedcontour.federation import layout
from pedcontour.federation.keys import Keys
from pedcontour.federation.room import Beliefs, Sealed, decode, digest
from pedcontour.federation.site_memory import SiteMemory
from pedcontour.federation.store.port import SharedStore

Document = TypeVar("Document")
Told = TypeVar("Told")


@dataclass(frozen=True)
class Found:
    """An object's bytes, and whether they are those that this site believed before."""

    data: bytes = field(repr=False)
    is_remembered: bool


@dataclass
class Ear:
    """A site that listens: its name, its keys, the store, its own memory, and what it believes so far."""

    site: str
    keys: Keys
    store: SharedStore
    memory: SiteMemory
    beliefs: Beliefs

    def look(self, key: str) -> Found | None:
        """An object as it is at the store, or was when it was believed; it may be anybody's bytes, and not be there."""
        known = self.memory.recall(f"seen/{key}")
        if known is not None:
            return Found(known, is_remembered=True)
        try:
            return Found(self.store.get(key), is_remembered=False)
        except ObjectNotFoundError:
            return None

    def believe(self, key: str, found: Found, hear: Callable[[bytes], Told]) -> Told:
        """What ``hear`` makes of an object's bytes, remembered once it took them. Raises what ``hear`` raises."""
        with _naming(f"{key}, in this site's own memory" if found.is_remembered else key):
            told = hear(found.data)
        self.memory.once(f"seen/{key}", lambda: found.data)
        return told

    def listen(self, key: str, hear: Callable[[bytes], Told]) -> Told | None:
        """Look, and believe what is there."""
        found = self.look(key)
        return None if found is None else self.believe(key, found, hear)

    def open(self, site: str, sealed: Sealed) -> bytes:
        """What another site sealed, as its signed document describes it.

        Raises ``DigestMismatchError``, ``NotForUsError``, ``SealedMissingError``.
        """
        content = self._fetched(site, sealed)
        with _naming(layout.blob(site, sealed.sha256)):
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
        content = self.open(site, sealed)
        with _naming(layout.blob(site, sealed.sha256)):
            return decode(kind, content)


@contextmanager
def _naming(place: str) -> Iterator[None]:
    """Have a refusal say where that lies which is refused; a key of a site's own begins with the site's name."""
    try:
        yield
    except SealedMissingError:
        raise  # it names its place, and the site
    except FederationError as refused:
        raise type(refused)(f"{place}: {refused.detail}" if refused.detail else place) from None
