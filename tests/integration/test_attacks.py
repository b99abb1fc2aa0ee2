"""Every attack of the catalogue on the intake's own function; ``make attacks`` sends them through the whole service."""

from pathlib import Path

import pytest

from service.confinement import Limits
from service.uploads import ARCHIVE_NAME
from service.worker.intake_child import answer
from service.worker.messages import Failed, TakeIn
from tests.hostile.catalogue import ATTACKS, DONE, Attack, Upload

NONE = Limits(1, 1, 1)
"""The function sets no limits itself."""

pytestmark = pytest.mark.slow


def outcome_of(upload: Upload, folder: Path) -> str:
    """What becomes of an upload; what it leaves lies below ``folder``."""
    (folder / "upload").mkdir(parents=True)
    if isinstance(upload, bytes):
        (folder / "upload" / ARCHIVE_NAME).write_bytes(upload)
    else:
        for place, content in enumerate(upload, 1):
            (folder / "upload" / f"{place:06}.dcm").write_bytes(content)
    (folder / "taken").mkdir()
    done = answer(TakeIn(upload=folder / "upload", folder=folder / "taken", series_uid=None, limits=NONE))
    return done.problem.code if isinstance(done, Failed) else DONE


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_what_is_hostile_is_refused_or_left_out(attack: Attack, tmp_path: Path) -> None:
    outcomes = {outcome_of(upload, tmp_path / "all" / str(n)) for n, upload in enumerate(attack.uploads())}
    assert outcomes <= attack.outcomes
    assert [path.name for path in tmp_path.iterdir()] == ["all"]
    left = {path.name for path in (tmp_path / "all").glob("*/taken/*")}
    assert left <= {"clean", "unpacked"}
