"""What every result store promises. A new adapter is one line in ``STORES``."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pedcontour.errors import ObjectExistsError, ObjectNotFoundError, StoreError
from pedcontour.storage import LocalResultStore, MemoryResultStore, ResultStore

STORES: dict[str, Callable[[Path], ResultStore]] = {
    "local": lambda folder: LocalResultStore(folder / "store"),
    "memory": lambda _: MemoryResultStore(),
}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ResultStore:
    return STORES[request.param](tmp_path)


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
