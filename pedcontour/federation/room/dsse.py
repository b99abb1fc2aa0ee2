"""Signed envelopes: DSSE (Dead Simple Signing Envelope 1.0) with Ed25519, in one canonical written form.

The signature covers the payload's type and bytes. What it does not cover, the envelope's own JSON, its base64 and the
key's name, has one valid form each, so no byte of an envelope can change without a refusal.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Annotated

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import Field
from pydantic.dataclasses import dataclass as wire_dataclass

from pedcontour.errors import MalformedDocumentError, NotCanonicalError, SignatureInvalidError
from pedcontour.federation.room.documents import MAX_SITES, STRICT, PublicKey
from pedcontour.federation.room.wire import decode, encode


@wire_dataclass(frozen=True, config=STRICT)
class _Signature:
    keyid: PublicKey
    sig: str


@wire_dataclass(frozen=True, config=STRICT)
class _Envelope:
    payload: str
    payloadType: str  # noqa: N815 - DSSE's name
    signatures: Annotated[tuple[_Signature, ...], Field(min_length=1, max_length=MAX_SITES)]


@dataclass(frozen=True)
class Envelope:
    """A payload, what it is, and who signed it: public key (hexadecimal) to signature."""

    payload_type: str
    payload: bytes
    signatures: dict[str, bytes]


def sign(payload_type: str, payload: bytes, key: Ed25519PrivateKey) -> Envelope:
    """A payload signed by one key; Ed25519 gives the same signature every time."""
    return Envelope(payload_type, payload, {public_key_of(key): key.sign(_covered(payload_type, payload))})


def join(first: Envelope, second: Envelope) -> Envelope:
    """The signatures of two envelopes of one payload. Raises ``SignatureInvalidError`` when the payloads differ."""
    if (first.payload_type, first.payload) != (second.payload_type, second.payload):
        raise SignatureInvalidError("the envelopes hold different documents")
    return Envelope(first.payload_type, first.payload, first.signatures | second.signatures)


def write_envelope(envelope: Envelope) -> bytes:
    """An envelope in its canonical form, signatures in order of key."""
    signatures = tuple(_Signature(key, _text(value)) for key, value in sorted(envelope.signatures.items()))
    return encode(_Envelope(_text(envelope.payload), envelope.payload_type, signatures))


def read_envelope(data: bytes) -> Envelope:
    """Bytes as an envelope; no signature is checked yet. Raises ``MalformedDocumentError``, ``NotCanonicalError``."""
    wire = decode(_Envelope, data)
    signatures = {signature.keyid: _bytes(signature.sig) for signature in wire.signatures}
    envelope = Envelope(wire.payloadType, _bytes(wire.payload), signatures)
    if write_envelope(envelope) != data:
        raise NotCanonicalError("envelope")
    return envelope


def check_signature(envelope: Envelope, public_key: str) -> None:
    """Raise ``SignatureInvalidError`` unless this key signed the envelope's payload."""
    signature = envelope.signatures.get(public_key)
    if signature is None:
        raise SignatureInvalidError("the site's key signed nothing here")
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(signature, _covered(envelope.payload_type, envelope.payload))
    except (InvalidSignature, ValueError):
        raise SignatureInvalidError from None


def public_key_of(key: Ed25519PrivateKey) -> str:
    """The public half, in hexadecimal."""
    return key.public_key().public_bytes_raw().hex()


def _covered(payload_type: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise MalformedDocumentError("base64") from None
