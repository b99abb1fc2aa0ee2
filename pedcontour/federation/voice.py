"""How one site speaks at the store: sessions, publishing once, sealed objects."""

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import PurePosixPath

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

LAST_SESSION = "session"
"""Where the site's memory keeps the number of the last session that began from this folder."""


@dataclass
class Voice(Ear):
    """A site that takes part: it hears like every ``Ear``, and publishes under its own name."""

    _session: int = field(default=0, init=False)
    _own: dict[str, str] = field(default_factory=dict, init=False)
    """What this site sealed and keeps, as far as this process has looked: SHA-256 to its name in the memory."""

    def begin(self) -> None:
        """Take the site over from every process before: from now on they stop, and this one may publish.

        A process finds a later session by looking at the numbers after its own, so none may be left out: this looks
        for the last one, and takes the first number after it that the store gives. Raises ``StoreError``.
        """
        nonce = secrets.token_hex(32)
        number = self._last_session()
        while True:
            number += 1
            place = layout.session(self.site, number)
            words = Session(self.beliefs.charter_digest, self.site, number, nonce)
            try:
                self.store.put(place, say(words, self.keys.signing))
            except ObjectExistsError:
                self.store.get(place)  # a store that refuses a place where nothing lies would be asked without end
            else:
                break
        self._session = number
        self.memory.forget(LAST_SESSION)
        self.memory.once(LAST_SESSION, str(number).encode)

    def _last_session(self) -> int:
        """The highest session of this site that the store lists or this folder remembers.

        The list saves requests and decides nothing: what it lacks, ``begin`` comes upon. It also shows what lies beyond
        sessions that somebody removed. What the site did not sign does not count, or anybody could name any number.
        """
        known = max(self._session, int(self.memory.recall(LAST_SESSION) or 0))
        listed = self.store.list(layout.sessions(self.site))
        names = (PurePosixPath(key).stem for key in listed)
        numbers = (int(name) for name in names if name.isascii() and name.isdecimal() and len(name) < 16)
        for number in sorted((number for number in numbers if number > known), reverse=True):
            with suppress(ObjectNotFoundError):
                if self._is_session(number, self.store.get(layout.session(self.site, number))):
                    return number
        return known

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
        self._put(layout.blob(self.site, sha256), sealed)
        return Sealed(sha256, len(sealed))

    def put_back(self) -> None:
        """Publish again what the store lost of all that this site sealed and still keeps."""
        listed = set(self.store.list(layout.sealed(self.site)))
        for sha256, name in self._kept().items():
            place = layout.blob(self.site, sha256)
            if place not in listed and (sealed := self.memory.recall(name)) is not None:
                self._put(place, sealed)

    def _fetched(self, site: str, sealed: Sealed) -> bytes:
        """A site's own model is as large as another's: it is not downloaded."""
        name = self._kept().get(sealed.sha256)
        own = None if name is None else self.memory.recall(name)
        return super()._fetched(site, sealed) if own is None else own

    def _kept(self) -> dict[str, str]:
        """SHA-256 of each sealed object in the site's memory, to its name there."""
        names = set(self.memory.names("sealed"))
        self._own = {sha256: name for sha256, name in self._own.items() if name in names}
        for name in sorted(names.difference(self._own.values())):
            if (sealed := self.memory.recall(name)) is not None:
                self._own[digest(sealed)] = name
        return self._own

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
