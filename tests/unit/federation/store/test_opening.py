import logging
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from pedcontour.errors import ObjectExistsError, ObjectNotFoundError, RequestError, StoreError, StoreOverwritesError
from pedcontour.federation.store import (
    FolderSharedStore,
    Limited,
    Login,
    MemorySharedStore,
    Retried,
    open_shared_store,
    probe,
)
from pedcontour.federation.store.objects import BucketSharedStore, open_bucket
from pedcontour.federation.store.webdav import Creation, WebDavSharedStore
from tests.s3_server import KEY_ID, SECRET, S3Bucket
from tests.webdav_server import PASSWORD, USER, running_webdav


class Careless(MemorySharedStore):
    """Replaces what is there."""

    def put(self, key: str, content: bytes) -> None:
        self.delete(key)
        super().put(key, content)


class Liar(Careless):
    """Replaces what is there, and says that it did not."""

    def put(self, key: str, content: bytes) -> None:
        there = key in self.list("probes")
        super().put(key, content)
        if there:
            raise ObjectExistsError(key)


@pytest.mark.parametrize("store", [Careless(), Liar()], ids=["replaces", "replaces and denies it"])
def test_a_store_that_replaces_objects_is_found_out(store: MemorySharedStore) -> None:
    with pytest.raises(StoreOverwritesError):
        probe(store)
    assert store.list("probes") == []


def test_a_path_is_a_folder(tmp_path: Path) -> None:
    assert isinstance(open_shared_store(str(tmp_path / "shared")), FolderSharedStore)


def test_a_bucket_is_opened_with_the_credentials_of_the_environment(
    s3_bucket: S3Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    store = open_shared_store(f"s3://{s3_bucket.name}/run", Login(endpoint=s3_bucket.endpoint))
    store.put("a", b"x")
    assert s3_bucket.keys() == ["run/a"]


@pytest.mark.parametrize(
    ("url", "credentials"),
    [
        ("az://container/run", {"account_name": "hospital", "account_key": "c2VjcmV0"}),
        ("gs://bucket/run", {"skip_signature": True}),
    ],
)
def test_azure_and_google_addresses_open_their_stores(url: str, credentials: dict[str, Any]) -> None:
    assert isinstance(open_bucket(url, **credentials), BucketSharedStore)


@pytest.mark.parametrize(
    "address", ["s3://key:secret@bucket", "webdavs://user:pw@drive/x", "ftp://host/x", "s3://b?x=1"]
)
def test_an_address_with_credentials_or_of_an_unknown_kind_is_refused(address: str) -> None:
    with pytest.raises(RequestError) as refused:
        open_shared_store(address)
    assert "secret" not in str(refused.value)


def test_a_wrong_password_is_told_without_the_password(webdav_url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(StoreError, match="401") as refused:
        open_shared_store(webdav_url, Login(USER, "canary-wrong"))
    assert "canary" not in str(refused.value) + caplog.text + repr(Login(USER, PASSWORD))


def test_a_listing_with_a_document_type_is_not_parsed() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(207, content=b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')

    store = WebDavSharedStore(httpx.Client(base_url="http://drive/", transport=httpx.MockTransport(answer)))
    with pytest.raises(StoreError, match="plain XML"):
        store.list("a")


@pytest.mark.parametrize("creation", Creation)
def test_folders_that_the_drive_removed_are_made_again(tmp_path: Path, creation: Creation) -> None:
    with running_webdav(tmp_path) as url, httpx.Client(base_url=_http(url), auth=(USER, PASSWORD)) as client:
        store = WebDavSharedStore(client, creation)
        for number in range(3):
            store.put(f"sites/alder/{number}", b"x")
            with pytest.raises(ObjectExistsError):
                store.put(f"sites/alder/{number}", b"y")
            for folder in tmp_path.iterdir():
                shutil.rmtree(folder)


def test_a_drive_that_never_has_the_folder_is_told_as_one_that_fails() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(201 if request.method == "MKCOL" else 409)

    store = WebDavSharedStore(httpx.Client(base_url="http://drive/", transport=httpx.MockTransport(answer)))
    with pytest.raises(StoreError, match="409") as refused:
        store.put("sites/alder/census.dsse", b"x")
    assert not isinstance(refused.value, ObjectExistsError)


def _http(url: str) -> str:
    return url.replace("webdav://", "http://") + "/"


def test_a_drive_that_ignores_both_conditions_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def agreeable(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200 if request.method == "GET" else 201)

    client = httpx.Client
    transport = httpx.MockTransport(agreeable)
    monkeypatch.setattr(httpx, "Client", lambda **how: client(transport=transport, **how))
    with pytest.raises(StoreOverwritesError):
        open_shared_store("webdavs://drive/federation")


class Flaky(MemorySharedStore):
    """Fails so many times before it answers."""

    failures = 2

    def get(self, key: str) -> bytes:
        if self.failures:
            self.failures -= 1
            raise StoreError("out")
        return super().get(key)


def test_a_failure_is_asked_again_after_a_pause_and_an_answer_is_not() -> None:
    slept: list[float] = []
    flaky = Flaky()
    flaky.put("a", b"x")
    store = Retried(flaky, (1.0, 5.0), slept.append)
    assert store.get("a") == b"x"
    assert slept == [1.0, 5.0]
    with pytest.raises(ObjectNotFoundError):
        store.get("b")
    assert slept == [1.0, 5.0]


def test_patience_ends() -> None:
    store = Retried(Flaky(), (1.0,), lambda _: None)
    with pytest.raises(StoreError, match="out"):
        store.get("a")


def test_requests_are_spread_over_time() -> None:
    now = [100.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    store = Limited(MemorySharedStore(), 4, lambda: now[0], sleep)
    for number in range(9):
        store.put(f"a{number}", b"x")
    assert now[0] == pytest.approx(102.0)
