"""The disk's watermark holds while uploads come in, declared or not, several at once."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from pedcontour.errors import StorageLowError
from service.gateway.admission import Admission, AdmissionLimits
from service.gateway.app import create_app
from service.gateway.disk import Disk, Space, Watermark
from service.gateway.intake import BATCH_BYTES
from service.uploads import UploadLimits
from tests.unit.service.gateway.conftest import Gateway

FOLDER = Path("uploads")
KEEP = 100


@dataclass
class MadeDisk:
    """A disk that tells what it was told to."""

    free: int = 150

    def space(self, _folder: Path) -> Space:
        return Space(total=1000, free=self.free)


@pytest.fixture
def made() -> MadeDisk:
    return MadeDisk()


@pytest.fixture
def disk(made: MadeDisk) -> Disk:
    return Disk(Watermark(KEEP, 0.0), made.space)


def test_what_one_upload_declares_is_not_promised_to_the_next(disk: Disk) -> None:
    with disk.room(FOLDER, 30):
        with pytest.raises(StorageLowError), disk.room(FOLDER, 21):
            pass
        with disk.room(FOLDER, 20):
            pass
    with disk.room(FOLDER, 50):
        pass


def test_what_is_written_is_counted_once(disk: Disk, made: MadeDisk) -> None:
    with disk.room(FOLDER, 50) as room:
        with room.writing(40):
            made.free -= 40
        with disk.room(FOLDER, 0), room.writing(10):
            made.free -= 10
    assert made.free == KEEP


def test_an_upload_without_a_declared_length_is_refused_before_the_piece_that_does_not_fit(
    disk: Disk, made: MadeDisk
) -> None:
    with disk.room(FOLDER, 0) as room, pytest.raises(StorageLowError) as refused:
        while True:
            with room.writing(20):
                made.free -= 20
    assert made.free == 110
    assert refused.value.retry_after_s > 0


def test_a_declared_upload_is_refused_when_others_fill_the_disk_meanwhile(disk: Disk, made: MadeDisk) -> None:
    with disk.room(FOLDER, 50) as room, pytest.raises(StorageLowError):
        with room.writing(10):
            made.free -= 10
        made.free -= 1  # a worker's results
        with room.writing(10):
            raise AssertionError("it was let in")


def test_whoever_sends_more_than_it_declared_asks_for_the_rest(disk: Disk, made: MadeDisk) -> None:
    with disk.room(FOLDER, 10) as room:
        with room.writing(50):
            made.free -= 50
        with pytest.raises(StorageLowError), room.writing(1):
            pass


def test_many_uploads_together_leave_the_watermark(disk: Disk, made: MadeDisk) -> None:
    refused = 0
    with ExitStack() as stack:
        rooms = [stack.enter_context(disk.room(FOLDER, 0)) for _ in range(10)]
        writings = [ExitStack() for _ in rooms]
        for room, writing in zip(rooms, writings, strict=True):
            try:
                writing.enter_context(room.writing(7))
            except StorageLowError:
                refused += 1
    assert refused == 3  # seven of seven bytes fit into fifty


def test_an_upload_that_meets_the_watermark_midway_is_refused_and_leaves_nothing(gateway: Gateway) -> None:
    made = MadeDisk(free=10**9)
    http = _receiving(gateway, made)

    def body() -> Iterator[bytes]:
        yield b"x" * BATCH_BYTES
        made.free = KEEP - 1
        yield b"x" * BATCH_BYTES

    answer = http.post("/v1/jobs", content=body(), headers={"Content-Type": "application/zip"})
    assert (answer.status_code, answer.json()["code"]) == (503, "STORAGE_LOW")
    assert int(answer.headers["retry-after"]) > 0
    assert list(gateway.parts.uploads.iterdir()) == []
    made.free = 10**9
    assert http.post("/v1/jobs", files={"f": ("a", b"x")}).status_code == 202


def _receiving(gateway: Gateway, made: MadeDisk) -> TestClient:
    admission = Admission(AdmissionLimits(min_free_bytes=KEEP, min_free_share=0.0), made.space)
    limits = UploadLimits(max_bytes=10 * BATCH_BYTES, max_files=10)
    return TestClient(create_app(replace(gateway.parts, admission=admission, limits=limits)))
