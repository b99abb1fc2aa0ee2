"""A shared store on a WebDAV drive (RFC 4918), as cloud drives offer it.

An object is uploaded under a name of its own and then moved to its place with ``Overwrite: F``, so that nobody sees
half of one and the server decides who is first. Where a server ignores that header, ``If-None-Match: *`` is tried
instead; ``probe`` finds out which, and refuses a server that honours neither.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from urllib.parse import quote, unquote, urlsplit
from xml.etree import ElementTree

import httpx

from pedcontour.errors import ObjectExistsError, ObjectNotFoundError, StoreError
from pedcontour.storage.port import checked_key

PARTS = "parts"
"""Folder of uploads that have no place yet."""

MAX_LISTING_BYTES = 16 * 1024 * 1024


class Creation(Enum):
    """How a server is asked to create an object once only."""

    MOVE = "MOVE with Overwrite: F"
    CONDITION = "PUT with If-None-Match: *"


class _FolderMissingError(StoreError):
    """The folder of what is to be written is not there: 409 in RFC 4918 9.3.1, 9.7.1 and 9.9.4."""


class WebDavSharedStore:
    """A ``SharedStore`` below the base URL of ``client``, which carries the credentials."""

    def __init__(self, client: httpx.Client, creation: Creation = Creation.MOVE) -> None:
        self._client = client
        self._creation = creation
        self._folders: set[str] = set()

    def put(self, key: str, content: bytes) -> None:
        """See ``SharedStore.put``."""
        checked_key(key)
        try:
            self._create(key, content)
        except _FolderMissingError:  # a drive that tidies up removes empty folders
            self._folders.clear()
            self._create(key, content)

    def _create(self, key: str, content: bytes) -> None:
        self._make_folders(key)
        if self._creation is Creation.CONDITION:
            self._accept(self._ask("PUT", key, content=content, headers={"If-None-Match": "*"}), key)
            return
        part = f"{PARTS}/{uuid.uuid4().hex}"
        self._make_folders(part)
        self._accept(self._ask("PUT", part, content=content), part)
        try:
            target = str(self._client.base_url.join(_path(key)))
            moved = self._ask("MOVE", part, headers={"Destination": target, "Overwrite": "F"})
            self._accept(moved, key)
        finally:
            self._ask("DELETE", part)

    def get(self, key: str) -> bytes:
        """See ``SharedStore.get``."""
        return self._found(self._ask("GET", checked_key(key)), key).content

    def list(self, prefix: str) -> list[str]:
        """See ``SharedStore.list``: one request a folder, as servers refuse to list a whole tree."""
        found, folders = [], [checked_key(prefix)]
        while folders:
            folder = folders.pop()
            answer = self._ask("PROPFIND", folder, headers={"Depth": "1"})
            if answer.status_code == httpx.codes.NOT_FOUND:
                continue
            for key, is_folder in self._listed(_accepted(answer).content):
                if is_folder and key.startswith(f"{folder}/"):
                    folders.append(key)
                elif not is_folder:
                    found.append(key)
        return sorted(found)

    def delete(self, key: str) -> None:
        """See ``SharedStore.delete``."""
        answer = self._ask("DELETE", checked_key(key))
        if answer.status_code != httpx.codes.NOT_FOUND:
            _accepted(answer)

    def written_at(self, key: str) -> datetime:
        """See ``SharedStore.written_at``."""
        answer = self._found(self._ask("HEAD", checked_key(key)), key)
        try:
            return parsedate_to_datetime(answer.headers["Last-Modified"])
        except (KeyError, ValueError):
            raise StoreError("the server tells no Last-Modified") from None

    def _make_folders(self, key: str) -> None:
        parts = key.split("/")[:-1]
        for depth in range(len(parts)):
            folder = "/".join(parts[: depth + 1])
            if folder in self._folders:
                continue
            answer = self._ask("MKCOL", folder)
            if answer.status_code != httpx.codes.METHOD_NOT_ALLOWED:  # which says that it is there
                _accepted(answer)
            self._folders.add(folder)

    def _ask(self, method: str, key: str, **how: object) -> httpx.Response:
        with _as_store_error():
            return self._client.request(method, _path(key), **how)  # type: ignore[arg-type]

    def _accept(self, answer: httpx.Response, key: str) -> None:
        if answer.status_code == httpx.codes.PRECONDITION_FAILED:
            raise ObjectExistsError(key)
        _accepted(answer)

    def _found(self, answer: httpx.Response, key: str) -> httpx.Response:
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise ObjectNotFoundError(key)
        return _accepted(answer)

    def _listed(self, body: bytes) -> Iterator[tuple[str, bool]]:
        """Key and whether it is a folder, of each entry of an answer to PROPFIND that lies below the base URL."""
        base = unquote(self._client.base_url.path)
        for entry in _parsed(body).iterfind("{DAV:}response"):
            path = unquote(urlsplit(entry.findtext("{DAV:}href") or "").path)
            if path.startswith(base) and (key := path[len(base) :].strip("/")):
                yield key, entry.find(".//{DAV:}collection") is not None


def _path(key: str) -> str:
    return quote(key)


def _accepted(answer: httpx.Response) -> httpx.Response:
    if answer.status_code == httpx.codes.CONFLICT:
        raise _FolderMissingError(f"the server answered {answer.status_code}: a folder is missing")
    if answer.status_code == httpx.codes.INSUFFICIENT_STORAGE:
        raise StoreError("no space left")
    if not answer.is_success:
        raise StoreError(f"the server answered {answer.status_code}")
    return answer


def _parsed(body: bytes) -> ElementTree.Element:
    """The tree of an answer; one with a document type could define entities that grow without end."""
    try:
        text = body.decode("utf-8")
        if len(body) > MAX_LISTING_BYTES or "<!" in text:
            raise StoreError("the server's listing is not plain XML")
        return ElementTree.fromstring(text)  # noqa: S314 - no document type gets here
    except (UnicodeDecodeError, ElementTree.ParseError):
        raise StoreError("the server's listing is not XML") from None


@contextmanager
def _as_store_error() -> Iterator[None]:
    """The library's errors as the store's own; its messages hold URLs, so only the class is told."""
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        raise StoreError(type(error).__name__) from None
