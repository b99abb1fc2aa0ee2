"""What every store between hospitals promises. A new adapter is one line in ``STORES``.

Azure and Google have no server here to be examined on: their adapter is that of S3, and the library's store in memory
stands for the conditional write that all three decide in one step.
"""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from obstore.store import MemoryStore

from pedcontour.errors import ObjectExistsError, ObjectNotFoundError, StoreError
from pedcontour.federation.store import (
    FolderSharedStore,
    Limited,
    Login,
    MemorySharedStore,
    Prefixed,
    Retried,
    SharedStore,
    open_shared_store,
    probe,
    store_now,
)
from pedcontour.federation.store.objects import BucketSharedStore, open_bucket
from pedcontour.federation.store.webdav import Creation, WebDavSharedStore
from tests.s3_server import KEY_ID, SECRET, S3Bucket
from tests.webdav_server import PASSWORD, USER


def _s3(request: pytest.FixtureRequest) -> SharedStore:
    bucket: S3Bucket = request.getfixturevalue("s3_bucket")
    return open_bucket(
        f"s3://{bucket.name}/shared",
        allow_http=True,
        endpoint=bucket.endpoint,
        access_key_id=KEY_ID,
        secret_access_key=SECRET,
    )


def _bucket_in_memory(_: pytest.FixtureRequest) -> SharedStore:
    memory = MemoryStore()
    return BucketSharedStore(lambda _: memory)


def _webdav(request: pytest.FixtureRequest) -> SharedStore:
    url: str = request.getfixturevalue("webdav_url")
    return Prefixed(open_shared_store(url, Login(USER, PASSWORD)), uuid.uuid4().hex)


def _webdav_by_condition(request: pytest.FixtureRequest) -> SharedStore:
    url = request.getfixturevalue("webdav_url").replace("webdav://", "http://")
    client = httpx.Client(base_url=f"{url}/", auth=(USER, PASSWORD))
    return Prefixed(WebDavSharedStore(client, Creation.CONDITION), uuid.uuid4().hex)


def _wrapped(_: pytest.FixtureRequest) -> SharedStore:
    inside = Retried(MemorySharedStore(), (0.0,), lambda _: None)
    return Prefixed(Limited(inside, 1000, lambda: 0.0, lambda _: None), "a/run")


STORES: dict[str, Callable[[pytest.FixtureRequest], SharedStore]] = {
    "memory": lambda _: MemorySharedStore(),
    "folder": lambda request: FolderSharedStore(request.getfixturevalue("tmp_path") / "shared"),
    "s3": _s3,
    "bucket in memory": _bucket_in_memory,
    "webdav": _webdav,
    "webdav by condition": _webdav_by_condition,
    "wrapped": _wrapped,
}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> SharedStore:
    return STORES[request.param](request)


def test_what_is_put_is_read_back_whole(store: SharedStore) -> None:
    content = bytes(range(256)) * 5000
    store.put("sites/alder/weights.age", content)
    assert store.get("sites/alder/weights.age") == content


def test_what_was_put_once_is_never_changed(store: SharedStore) -> None:
    store.put("sites/alder/census.dsse", b"first")
    for again in (b"second", b"first"):
        with pytest.raises(ObjectExistsError):
            store.put("sites/alder/census.dsse", again)
    assert store.get("sites/alder/census.dsse") == b"first"


def test_of_many_who_create_one_object_at_once_one_wins(store: SharedStore) -> None:
    def attempt(number: int) -> bool:
        try:
            store.put("closes/0001.dsse", b"%d" % number * 1000)
        except ObjectExistsError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(attempt, range(8)))
    assert won.count(True) == 1
    assert store.get("closes/0001.dsse") == b"%d" % won.index(True) * 1000


def test_what_is_not_there_is_told_as_such(store: SharedStore) -> None:
    with pytest.raises(ObjectNotFoundError):
        store.get("sites/alder/census.dsse")
    with pytest.raises(ObjectNotFoundError):
        store.written_at("sites/alder/census.dsse")
    store.delete("sites/alder/census.dsse")


def test_a_list_holds_what_lies_under_the_prefix_and_nothing_else(store: SharedStore) -> None:
    assert store.list("sites/alder") == []
    for key in ("sites/alder/rounds/0001/update.dsse", "sites/alder/census.dsse", "sites/alder-two/census.dsse"):
        store.put(key, b"x")
    assert store.list("sites/alder") == ["sites/alder/census.dsse", "sites/alder/rounds/0001/update.dsse"]


def test_one_object_is_removed_at_a_time(store: SharedStore) -> None:
    for key in ("blobs/a", "blobs/ab"):
        store.put(key, b"x")
    store.delete("blobs/a")
    assert store.list("blobs") == ["blobs/ab"]


def test_a_store_tells_when_an_object_was_written_by_its_own_clock(store: SharedStore) -> None:
    store.put("sites/alder/census.dsse", b"x")
    written = store.written_at("sites/alder/census.dsse")
    assert abs(written - datetime.now(UTC)) < timedelta(minutes=1)
    assert timedelta(seconds=-1) <= store_now(store) - written < timedelta(minutes=1)


@pytest.mark.parametrize("key", ["", "/a", "a/", "a//b", "../a", "a/../b", ".hidden", "a b", "a\n", "ä"])
def test_a_malformed_key_is_refused_whatever_is_asked(store: SharedStore, key: str) -> None:
    for ask in (
        lambda: store.put(key, b""),
        lambda: store.get(key),
        lambda: store.delete(key),
        lambda: store.list(key),
    ):
        with pytest.raises(StoreError) as refused:
            ask()
        assert not isinstance(refused.value, ObjectNotFoundError | ObjectExistsError)


def test_a_store_that_creates_once_passes_the_probe_and_keeps_nothing_of_it(store: SharedStore) -> None:
    probe(store)
    assert store.list("probes") == []
