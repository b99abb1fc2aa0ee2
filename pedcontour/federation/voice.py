"""How one site speaks and listens at the store: sessions, publishing once, sealed objects."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from pedcontour.errors import (
    ContradictionError,
    DigestMismatchError,
    ObjectExistsError,
    ObjectNotFoundError,
    SiteElsewhereError,
)
from pedcontour.federation import layout
from pedcontour.federation.keys import Keys, seal
from pedcontour.federation.room import Beliefs, Sealed, Session, decode, digest, encode, say
from pedcontour.federation.room.speech import Said
from pedcontour.federation.site_memory import SiteMemory
from pedcontour.federation.store.port import SharedStore

Document = TypeVar("Document")


@dataclass
class Voice:
    """A site: its name, its keys, the store it speaks at and its own memory."""

    site: str
    keys: Keys
    store: SharedStore
    memory: SiteMemory
    beliefs: Beliefs
    _session: int = field(default=0, init=False)

    def begin(self) -> None:
        """Take the site over from every process before: from now on they stop, and this one may publish."""
        nonce = secrets.token_hex(32)
        number = self._session
        while True:
            number += 1
            words = Session(self.beliefs.charter_digest, self.site, number, nonce)
            try:
                self.store.put(layout.session(self.site, number), say(words, self.keys.signing))
            except ObjectExistsError:
                continue
            self._session = number
            return

    def stay_alone(self) -> None:
        """Raise ``SiteElsewhereError`` when another process took the site over."""
        try:
            self.store.get(layout.session(self.site, self._session + 1))
        except ObjectNotFoundError:
            return
        raise SiteElsewhereError("a later session is in the store")

    def look(self, key: str) -> bytes | None:
        """An object that may not be there yet; what was seen once is remembered and stays as it was."""
        try:
            return self.memory.once(f"seen/{key}", lambda: self.store.get(key))
        except ObjectNotFoundError:
            return None

    def publish(self, key: str, make: Callable[[], Said]) -> None:
        """Say something in its place, unless this site has said it before. What was made is kept until it is said."""
        content = self.memory.once(f"said/{key}", lambda: say(make(), self.keys.signing))
        self._put(key, content)

    def seal(self, name: str, make: Callable[[], bytes]) -> Sealed:
        """Publish content for the eyes of the sites; ``name`` tells this site which it was."""
        sealed = self.memory.once(f"sealed/{name}", lambda: seal(make(), self.beliefs.charter.sites))
        sha256 = digest(sealed)
        self._put(layout.blob(self.site, sha256), sealed)
        return Sealed(sha256, len(sealed))

    def open(self, site: str, sealed: Sealed) -> bytes:
        """What another site sealed, as its signed document describes it.

        Raises ``DigestMismatchError``, ``NotForUsError``, ``ObjectNotFoundError``.
        """
        content = self.store.get(layout.blob(site, sealed.sha256))
        if len(content) != sealed.size or digest(content) != sealed.sha256:
            raise DigestMismatchError(f"a sealed object of {site}")
        return self.keys.unseal(content)

    def read(self, kind: type[Document], site: str, sealed: Sealed) -> Document:
        """A sealed document. Raises ``DisbeliefError``, ``ObjectNotFoundError``."""
        return decode(kind, self.open(site, sealed))

    def seal_document(self, name: str, make: Callable[[], object]) -> Sealed:
        """Publish a document for the eyes of the sites."""
        return self.seal(name, lambda: encode(make()))

    def _put(self, key: str, content: bytes) -> None:
        self.stay_alone()
        try:
            self.store.put(key, content)
        except ObjectExistsError:
            # an answer that was lost, or an attempt that was killed after it: then it is our own
            if self.store.get(key) != content:
                raise ContradictionError(f"{key} holds something else than this site was to say") from None
