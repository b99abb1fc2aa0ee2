"""From the address of a store to the store: one way for every command."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from pedcontour.errors import RequestError, StoreOverwritesError
from pedcontour.federation.store.folder import FolderSharedStore
from pedcontour.federation.store.port import SharedStore
from pedcontour.federation.store.probe import probe

if TYPE_CHECKING:
    import httpx

WEBDAV = {"webdavs": "https", "webdav": "http"}
_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Login:
    """What a WebDAV drive asks for; buckets have their providers' own variables.

    ``endpoint`` is where an S3 that is not Amazon's answers; only ``http://`` there allows a connection without TLS.
    """

    user: str | None = None
    password: str | None = field(default=None, repr=False)
    endpoint: str | None = None


def open_shared_store(address: str, login: Login = Login()) -> SharedStore:
    """The store at ``s3://``, ``az://``, ``gs://``, ``webdavs://``, ``webdav://``, or in a folder; proven to create.

    Raises ``RequestError`` for an address that holds credentials or is of no known kind, ``StoreError`` when the store
    does not answer, ``StoreOverwritesError`` when it replaces what is there.
    """
    place = _place(address)
    if place.scheme in WEBDAV:
        return _open_webdav(place, login)
    store = _open(address, place.scheme, login.endpoint)
    probe(store)
    return store


def reach_shared_store(address: str, login: Login = Login()) -> SharedStore:
    """The same store for who only reads: nothing was asked, so whether it creates once is not known.

    Raises ``RequestError`` as ``open_shared_store`` does.
    """
    place = _place(address)
    if place.scheme in WEBDAV:
        from pedcontour.federation.store.webdav import WebDavSharedStore

        return WebDavSharedStore(_client(place, login))
    return _open(address, place.scheme, login.endpoint)


def _place(address: str) -> SplitResult:
    place = urlsplit(address)
    if "@" in place.netloc or place.query or place.fragment:
        raise RequestError("the address of a store holds no credentials and no options; they come from the environment")
    return place


def _open(address: str, scheme: str, endpoint: str | None) -> SharedStore:
    if not scheme:
        return FolderSharedStore(Path(address))
    try:
        from pedcontour.federation.store.objects import SCHEMES, open_bucket
    except ModuleNotFoundError:
        raise RequestError("buckets need: pip install 'pedcontour[federation]'") from None
    if scheme not in SCHEMES:
        raise RequestError(f"a store is a folder, or begins with {', '.join((*SCHEMES, *WEBDAV))}")
    if endpoint is None:
        return open_bucket(address)
    return open_bucket(address, allow_http=endpoint.startswith("http://"), endpoint=endpoint)


def _open_webdav(place: SplitResult, login: Login) -> SharedStore:
    from pedcontour.federation.store.webdav import Creation, WebDavSharedStore

    client = _client(place, login)
    for creation in Creation:
        store = WebDavSharedStore(client, creation)
        try:
            probe(store)
        except StoreOverwritesError:
            continue
        return store
    raise StoreOverwritesError


def _client(place: SplitResult, login: Login) -> "httpx.Client":
    import httpx

    auth = httpx.BasicAuth(login.user, login.password or "") if login.user else None
    url = f"{WEBDAV[place.scheme]}://{place.netloc}{place.path.rstrip('/')}/"
    return httpx.Client(base_url=url, auth=auth, timeout=_TIMEOUT_S, follow_redirects=False)
