import socket
from collections.abc import Callable
from pathlib import Path

import obstore
import pytest
from obstore.store import MemoryStore

from pedcontour.errors import ObjectNotFoundError, StoreError
from pedcontour.settings import Settings
from pedcontour.storage import LocalResultStore, ResultStore, open_result_store
from pedcontour.storage.objects import Bucket, ObjectResultStore
from tests.s3_server import KEY_ID, SECRET, S3Bucket


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "seg.dcm"
    path.write_bytes(b"contours" * 100)
    return path


def _uses(store: ResultStore, file: Path) -> dict[str, Callable[[], object]]:
    return {
        "put": lambda: store.put("job/1/seg.dcm", file),
        "open": lambda: store.open("job/1/seg.dcm"),
        "size": lambda: store.size("job/1/seg.dcm"),
        "list": lambda: store.list("job"),
        "delete": lambda: store.delete("job"),
        "check": store.check,
    }


def test_without_a_url_results_lie_in_the_data_folder(tmp_path: Path, file: Path) -> None:
    store = open_result_store(Settings(data_dir=tmp_path / "data"))
    assert isinstance(store, LocalResultStore)
    store.put("job/1/seg.dcm", file)
    assert (tmp_path / "data" / "results" / "job" / "1" / "seg.dcm").is_file()


def test_two_services_share_a_bucket_under_prefixes_of_their_own(s3_bucket: S3Bucket, file: Path) -> None:
    first, second = (
        open_result_store(s3_bucket.settings().model_copy(update={"results_url": f"s3://{s3_bucket.name}/{prefix}"}))
        for prefix in ("clinic", "clinic-test")
    )
    first.put("job/1/seg.dcm", file)
    assert second.list("job") == []
    second.delete("job")
    assert s3_bucket.keys() == ["clinic/job/1/seg.dcm"]


def test_credentials_and_endpoint_may_come_from_the_environment(
    s3_bucket: S3Bucket, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    store = open_result_store(Settings(results_url=f"s3://{s3_bucket.name}", results_endpoint=s3_bucket.endpoint))
    store.put("job/1/seg.dcm", file)
    assert s3_bucket.keys() == ["job/1/seg.dcm"]


def test_a_check_leaves_nothing(s3_bucket: S3Bucket) -> None:
    open_result_store(s3_bucket.settings()).check()
    assert s3_bucket.keys() == []


def test_a_bucket_that_is_not_there_is_an_error_of_the_store_and_nothing_else_is_told(
    s3_bucket: S3Bucket, file: Path
) -> None:
    s3_bucket.remove()
    for name, use in _uses(open_result_store(s3_bucket.settings()), file).items():
        with pytest.raises(StoreError) as refused:
            use()
        assert "http" not in str(refused.value), name
        assert isinstance(refused.value, ObjectNotFoundError) is (name in ("open", "size"))


def test_a_store_that_says_nothing_fails_its_check_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pedcontour.storage.objects._PROBE_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        store = open_result_store(S3Bucket(f"http://127.0.0.1:{silent.getsockname()[1]}", "bucket").settings())
        with pytest.raises(StoreError, match="GenericError") as refused:
            store.check()
    assert "127.0.0.1" not in str(refused.value)


def test_a_store_that_ignores_the_condition_of_a_write_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    put = obstore.put

    def careless(store: MemoryStore, path: str, content: bytes, *, mode: str) -> object:
        return put(store, path, content)

    bucket = MemoryStore()
    monkeypatch.setattr("pedcontour.storage.objects.obstore.put", careless)
    with pytest.raises(StoreError, match="If-None-Match"):
        ObjectResultStore(bucket).check()
    assert obstore.list(bucket).collect() == []


def test_a_result_erased_while_it_is_read_ends_the_reading(file: Path) -> None:
    store = ObjectResultStore(MemoryStore())
    store.put("job/1/seg.dcm", file)
    with store.open("job/1/seg.dcm") as opened:
        store.delete("job")
        with pytest.raises(ObjectNotFoundError):
            opened.read(1)


def test_a_bucket_does_not_show_its_key() -> None:
    assert SECRET not in repr(Bucket("s3://bucket", access_key_id=KEY_ID, secret_access_key=SECRET))
