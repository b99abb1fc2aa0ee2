"""How one site speaks at the store: sessions, publishing once, sealed objects."""

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from pedcontour.errors import (
    ContradictionError,
    DisbeliefError,
    ObjectExistsError,
    ObjectNotFoundError,
    SiteElsewhereError,
)
from pedcontour.federation import layout
from pedcontour.federation.ear import Ear
from pedcontour.federation.keys import seal
from pedcontour.federation.room import Sealed, Session, digest, encode, hear, say
from pedcontour.federation.room.speech import Said


@dataclass
class Voice(Ear):
    """A site that takes part: it hears like every ``Ear``, and publishes under its own name."""

    _session: int = field(default=0, init=False)
    _own: dict[str, str] = field(default_factory=dict, init=False)
    """What this process sealed: SHA-256 to where the site's memory keeps it."""

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
        """Raise ``SiteElsewhereError`` when another process took the site over.

        Only a session that this site's own key signed says so. What else lies in such a place, ``begin`` of a later
        process passed over, and so does this: whoever can write to the store cannot stop a site by it.
        """
        number = self._session + 1
        with suppress(ObjectNotFoundError):
            while True:
                if self._is_session(number, self.store.get(layout.session(self.site, number))):
                    raise SiteElsewhereError("a later session is in the store")
                number += 1

    def _is_session(self, number: int, data: bytes) -> bool:
        own = self.beliefs.charter.site(self.site)
        try:
            return own is not None and hear(Session, own, self.beliefs.charter_digest, data).number == number
        except DisbeliefError:
            return False

    def publish(self, key: str, make: Callable[[], Said]) -> None:
        """Say something in its place, unless this site has said it before. What was made is kept until it is said."""
        content = self.memory.once(f"said/{key}", lambda: say(make(), self.keys.signing))
        self._put(key, content)

    def seal(self, name: str, make: Callable[[], bytes]) -> Sealed:
        """Publish content for the eyes of the sites; ``name`` tells this site which it was."""
        sealed = self.memory.once(f"sealed/{name}", lambda: seal(make(), self.beliefs.charter.sites))
        sha256 = digest(sealed)
        self._own[sha256] = f"sealed/{name}"
        self._put(layout.blob(self.site, sha256), sealed)
        return Sealed(sha256, len(sealed))

    def _fetched(self, site: str, sealed: Sealed) -> bytes:
        """A site's own model is as large as another's: it is not downloaded."""
        own = self.memory.recall(self._own[sealed.sha256]) if sealed.sha256 in self._own else None
        return super()._fetched(site, sealed) if own is None else own

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
