"""What every result store promises. A new adapter is one line in ``STORES``.

The adapter of object stores is examined twice: over HTTP against moto's S3, which honours ``If-None-Match``, and on the
library's own store in memory, which decides a conditional write in one step as S3 does.
"""

import os
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from obstore.store import MemoryStore

from pedcontour.errors import ObjectExistsError, ObjectNotFoundError, StoreError
from pedcontour.storage import LocalResultStore, MemoryResultStore, ResultStore, open_result_store
from pedcontour.storage.objects import ObjectResultStore

STORES: dict[str, Callable[[pytest.FixtureRequest], ResultStore]] = {
    "local": lambda request: LocalResultStore(request.getfixturevalue("tmp_path") / "store"),
    "memory": lambda _: MemoryResultStore(),
    "s3": lambda request: open_result_store(request.getfixturevalue("s3_bucket").settings()),
    "objects in memory": lambda _: ObjectResultStore(MemoryStore()),
}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> ResultStore:
    return STORES[request.param](request)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "source.dcm"
    path.write_bytes(b"contours" * 1000)
    return path


def _content(store: ResultStore, key: str) -> bytes:
    with store.open(key) as opened:
        return opened.read()


def test_what_is_put_is_read_back_whole(store: ResultStore, file: Path) -> None:
    store.put("job/1/seg.dcm", file)
    assert _content(store, "job/1/seg.dcm") == file.read_bytes()
    assert store.size("job/1/seg.dcm") == 8000


def test_what_was_put_once_is_never_changed(store: ResultStore, file: Path) -> None:
    store.put("job/1/seg.dcm", file)
    before = file.read_bytes()
    file.write_bytes(b"other")
    with pytest.raises(ObjectExistsError):
        store.put("job/1/seg.dcm", file)
    assert _content(store, "job/1/seg.dcm") == before


def test_of_many_who_put_one_key_at_once_one_wins_and_its_content_is_whole(store: ResultStore, tmp_path: Path) -> None:
    sources = []
    for n in range(8):
        sources.append(tmp_path / f"source-{n}")
        sources[-1].write_bytes(bytes([n]) * 200_000)

    def put(source: Path) -> bool:
        try:
            store.put("job/1/seg.dcm", source)
        except ObjectExistsError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(put, sources))
    assert won.count(True) == 1
    assert _content(store, "job/1/seg.dcm") == sources[won.index(True)].read_bytes()


def test_a_result_is_read_in_pieces_and_from_any_place(store: ResultStore, tmp_path: Path) -> None:
    content = random.Random(3).randbytes(9_000_000)
    (tmp_path / "large").write_bytes(content)
    store.put("job/1/large", tmp_path / "large")
    with store.open("job/1/large") as opened:
        assert b"".join(iter(lambda: opened.read(256 * 1024), b"")) == content
        assert opened.read(1) == b""
        opened.seek(-5, os.SEEK_END)
        assert opened.read() == content[-5:]
        opened.seek(4_500_000)
        assert (opened.read(10), opened.tell()) == (content[4_500_000:4_500_010], 4_500_010)
        opened.seek(0)
        assert opened.read() == content


def test_an_empty_file_is_a_result_too(store: ResultStore, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    store.put("job/1/empty", tmp_path / "empty")
    assert (_content(store, "job/1/empty"), store.size("job/1/empty")) == (b"", 0)


def test_the_stored_copy_is_independent_of_its_source(store: ResultStore, file: Path) -> None:
    store.put("job/1/seg.dcm", file)
    file.unlink()
    assert store.size("job/1/seg.dcm") == 8000


def test_a_list_holds_every_key_below_a_prefix_and_no_neighbour(store: ResultStore, file: Path) -> None:
    for key in ("job/2/seg.dcm", "job/1/seg.dcm", "job/1/report.json", "job-b/1/seg.dcm"):
        store.put(key, file)
    assert store.list("job") == ["job/1/report.json", "job/1/seg.dcm", "job/2/seg.dcm"]
    assert store.list("job/1") == ["job/1/report.json", "job/1/seg.dcm"]
    assert store.list("none") == []


def test_delete_removes_all_below_a_prefix_and_no_neighbour(store: ResultStore, file: Path) -> None:
    for key in ("job/1/seg.dcm", "job/2/seg.dcm", "job-b/1/seg.dcm"):
        store.put(key, file)
    store.delete("job")
    store.delete("job")
    assert store.list("job") == []
    assert store.list("job-b") == ["job-b/1/seg.dcm"]


@pytest.mark.parametrize("use", [lambda store: store.open("job/1/x"), lambda store: store.size("job/1/x")])
def test_what_is_not_there_is_not_found(store: ResultStore, use: Callable[[ResultStore], object]) -> None:
    with pytest.raises(ObjectNotFoundError):
        use(store)


@pytest.mark.parametrize(
    "key", ["", "/", "../x", "a/../b", "a//b", "/etc/passwd", ".hidden", "a/.parts", "a b", "ä", "a\\b", "a\0"]
)
def test_a_key_that_could_lead_elsewhere_is_refused(store: ResultStore, file: Path, key: str) -> None:
    uses: list[Callable[[], object]] = [
        lambda: store.put(key, file),
        lambda: store.open(key),
        lambda: store.size(key),
        lambda: store.list(key),
        lambda: store.delete(key),
    ]
    for use in uses:
        with pytest.raises(StoreError):
            use()


def test_a_source_that_cannot_be_read_leaves_nothing(store: ResultStore, tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        store.put("job/1/seg.dcm", tmp_path / "missing")
    assert store.list("job") == []


def test_a_store_that_works_says_so(store: ResultStore) -> None:
    store.check()
    assert store.list("job") == []
