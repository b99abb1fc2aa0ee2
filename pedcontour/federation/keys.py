"""A site's keys: one to sign with, one to be written to. They stay in one file that its owner alone can read."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import pyrage
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pedcontour.errors import KeyFileError, NotForUsError
from pedcontour.federation.room import Site, digest
from pedcontour.federation.room.dsse import public_key_of

OWNER_ONLY = 0o600


@dataclass(frozen=True)
class Keys:
    """The secret halves."""

    signing: Ed25519PrivateKey = field(repr=False)
    opening: pyrage.x25519.Identity = field(repr=False)

    @classmethod
    def new(cls) -> "Keys":
        """Keys that nobody else has."""
        return cls(Ed25519PrivateKey.generate(), pyrage.x25519.Identity.generate())

    def site(self, name: str) -> Site:
        """The public halves, as a charter names them."""
        return Site(name, public_key_of(self.signing), str(self.opening.to_public()))

    def unseal(self, sealed: bytes) -> bytes:
        """What was sealed to this site. Raises ``NotForUsError``."""
        try:
            return bytes(pyrage.decrypt(sealed, [self.opening]))
        except pyrage.DecryptError:
            raise NotForUsError from None


def seal(content: bytes, sites: tuple[Site, ...]) -> bytes:
    """Content that only these sites can open, in the age format."""
    return bytes(pyrage.encrypt(content, [pyrage.x25519.Recipient.from_str(site.recipient) for site in sites]))


def fingerprint_of(site: Site) -> str:
    """What two people read to each other over the phone: 80 bits of its name and public keys, by fours."""
    said = digest(f"{site.name} {site.signing_key} {site.recipient}".encode())[:20]
    return " ".join(said[start : start + 4] for start in range(0, len(said), 4))


def write_keys(path: Path, keys: Keys) -> None:
    """Keep the keys in a new file that only its owner may read. Raises ``KeyFileError``, also where one is there."""
    content = {"signing": keys.signing.private_bytes_raw().hex(), "opening": str(keys.opening)}
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(handle)
    except FileExistsError:
        raise KeyFileError("there is a key file already; a site that loses its keys needs a new charter") from None
    except OSError as error:
        raise KeyFileError(type(error).__name__) from None


def read_keys(path: Path) -> Keys:
    """The keys of a file that nobody else can read. Raises ``KeyFileError``."""
    try:
        if path.stat().st_mode & 0o077:
            raise KeyFileError("others may read the key file; chmod 600 it")
        content = json.loads(path.read_text("ascii"))
        signing = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(content["signing"]))
        return Keys(signing, pyrage.x25519.Identity.from_str(content["opening"]))
    except OSError as error:
        raise KeyFileError(type(error).__name__) from None
    except (ValueError, KeyError, TypeError, pyrage.IdentityError):
        raise KeyFileError("the key file is damaged") from None
