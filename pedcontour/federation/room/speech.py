"""From a document to a signed envelope and back: what a site says, in the place where it says it."""

from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pedcontour.errors import CharterUnsignedError, WrongCharterError, WrongSignerError
from pedcontour.federation.room.documents import (
    Agreement,
    Census,
    Charter,
    Close,
    Fingerprint,
    PlansAgreement,
    Session,
    Site,
    Update,
)
from pedcontour.federation.room.dsse import Envelope, check_signature, read_envelope, sign, write_envelope
from pedcontour.federation.room.wire import decode, digest, encode

Said = Session | Census | Fingerprint | PlansAgreement | Update | Close | Agreement
SaidT = TypeVar("SaidT", Session, Census, Fingerprint, PlansAgreement, Update, Close, Agreement)

_VERSION = "v1"


def payload_type(kind: type) -> str:
    """The media type that an envelope of this kind of document carries, and its signature covers."""
    return f"application/vnd.pedcontour.federation.{kind.__name__.lower()}.{_VERSION}+json"


def say(document: Said | Charter, key: Ed25519PrivateKey) -> bytes:
    """A document as the signed bytes that go to the store."""
    return write_envelope(sign(payload_type(type(document)), encode(document), key))


def hear(kind: type[SaidT], site: Site, charter_digest: str, data: bytes) -> SaidT:
    """What a site says, if it is that site that says it, under this charter; a ``DisbeliefError`` says why not."""
    envelope = read_envelope(data)
    _expect_type(kind, envelope)
    if set(envelope.signatures) != {site.signing_key}:
        raise WrongSignerError(f"not signed by {site.name} alone")
    check_signature(envelope, site.signing_key)
    document = decode(kind, envelope.payload)
    if document.charter != charter_digest:
        raise WrongCharterError(f"{kind.__name__} of {site.name}")
    if document.site != site.name:
        raise WrongSignerError(f"{site.name} signed a {kind.__name__} that speaks for another site")
    return document


def read_charter(data: bytes) -> tuple[Charter, str]:
    """A charter that every site signed, and its digest.

    Raises a ``DisbeliefError`` for what is damaged or altered, ``CharterUnsignedError`` while a signature is missing.
    """
    charter, signed = read_draft(data)
    if missing := [name for name in charter.names if name not in signed]:
        raise CharterUnsignedError(", ".join(missing))
    return charter, digest(encode(charter))


def read_draft(data: bytes) -> tuple[Charter, tuple[str, ...]]:
    """A charter that may still lack signatures, and the names of the sites that signed. Raises ``DisbeliefError``."""
    envelope = read_envelope(data)
    _expect_type(Charter, envelope)
    charter = decode(Charter, envelope.payload)
    owners = {site.signing_key: site.name for site in charter.sites}
    if strangers := set(envelope.signatures) - set(owners):
        raise WrongSignerError(f"{len(strangers)} signatures of keys that the charter does not name")
    for key in envelope.signatures:
        check_signature(envelope, key)
    return charter, tuple(sorted(owners[key] for key in envelope.signatures))


def _expect_type(kind: type, envelope: Envelope) -> None:
    if envelope.payload_type != payload_type(kind):
        raise WrongSignerError(f"not a {kind.__name__}")
