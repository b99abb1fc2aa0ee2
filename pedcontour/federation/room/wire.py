"""The one written form of each document.

Canonical JSON: UTF-8 in ASCII escapes, keys sorted, no spaces, integers the only numbers. Bytes are believed to be a
document only if writing that document again gives the same bytes, so each document has one digest and one signature.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from pedcontour.errors import CharterError, MalformedDocumentError, NotCanonicalError

MAX_DOCUMENT_BYTES = 1024 * 1024
"""Larger than any charter of 64 sites; what is larger is refused before it is parsed."""

Document = TypeVar("Document")


def encode(document: Any) -> bytes:
    """A document in its canonical form."""
    data = _adapter(type(document)).dump_python(document, mode="json")
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def decode(kind: type[Document], data: bytes) -> Document:
    """Canonical bytes as a document. Raises ``MalformedDocumentError``, ``NotCanonicalError``."""
    if len(data) > MAX_DOCUMENT_BYTES:
        raise MalformedDocumentError(f"{len(data)} bytes, a {kind.__name__} has at most {MAX_DOCUMENT_BYTES}")
    try:
        document: Document = _adapter(kind).validate_json(data)
    except ValidationError as refused:
        raise MalformedDocumentError(f"{kind.__name__.lstrip('_')}: {_why(refused)}") from None
    if encode(document) != data:
        raise NotCanonicalError(kind.__name__)
    return document


def charter_fault(refused: ValidationError) -> CharterError:
    """What is wrong with a charter that somebody is about to write."""
    return CharterError(_why(refused))


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def digest_of_all(digests: Iterable[tuple[str, str]]) -> str:
    """One digest for what several sites said: of the lines ``site digest``, in order of site."""
    lines = (f"{site} {value}\n" for site, value in sorted(digests))
    return digest("".join(lines).encode("ascii"))


_adapters: dict[type[Any], TypeAdapter[Any]] = {}
"""Made once for each kind: making one takes longer than using it."""


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


def _why(refused: ValidationError) -> str:
    """The first fault, without the value: it may be anybody's bytes."""
    first = refused.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) if isinstance(part, int) else _plain(part) for part in first["loc"])
    if first["type"] == "value_error":
        return _plain(first["msg"])
    return f"{place}: {first['type']}" if place else first["type"]


def _plain(text: str) -> str:
    """At most 80 printable ASCII characters of a text that may come from outside."""
    return "".join(c for c in text.removeprefix("Value error, ") if c.isascii() and c.isprintable())[:80]
