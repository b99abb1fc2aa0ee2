"""Fixtures every test may use: the public sample data, unzipped once, outside the repository."""

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# Timings are benchmarks, never tests; and a red run must be red again on the next machine.
settings.register_profile("pedcontour", deadline=None, derandomize=True)
settings.load_profile("pedcontour")

pytest_plugins = ["tests.toy_nnunet", "tests.postgres", "tests.s3_server", "tests.webdav_server"]

DATA = Path(os.environ.get("PEDCONTOUR_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))


def _lack(what: str) -> None:
    """Skip with a reason; where PEDCONTOUR_REQUIRE_DATA is 1, as on a machine that should have it all, fail."""
    if os.environ.get("PEDCONTOUR_REQUIRE_DATA") == "1":
        pytest.fail(what)
    pytest.skip(what)


def _unzipped(name: str, factory: pytest.TempPathFactory) -> Path:
    archive = DATA / name
    if not archive.is_file():
        _lack(f"public sample data {name} is not at hand: set PEDCONTOUR_TEST_DATA to its folder")
    folder = factory.mktemp(archive.stem)
    with zipfile.ZipFile(archive) as content:
        content.extractall(folder)
    return folder


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of small public DICOM samples, one subfolder a source."""
    yield _unzipped("dicom-samples.zip", tmp_path_factory)


@pytest.fixture(scope="session")
def real_ct(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A whole unenhanced abdominal CT of an adult, 99 slices."""
    yield _unzipped("real-ct-abdomen.zip", tmp_path_factory)
