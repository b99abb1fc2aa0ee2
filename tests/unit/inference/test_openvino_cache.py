"""A converted network is kept, found again, and made again when it is damaged."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pedcontour.bundle import ModelBundle
from pedcontour.errors import StoreError
from tests.stand_ins.model import write_stand_in_model

ov = pytest.importorskip("openvino", reason="OpenVINO is not installed")

PATCH = (2, 3, 4)


class Converter:
    """Makes a network that doubles a tile, and counts how often."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> Any:
        self.calls += 1
        tile = ov.opset13.parameter([1, 1, *PATCH], np.float32)
        doubled = ov.opset13.multiply(tile, ov.opset13.constant(np.float32(2.00001)))
        return ov.Model([doubled], [tile])


def _factor(network: Any) -> float:
    compiled = ov.Core().compile_model(network, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return float(compiled(np.ones((1, 1, *PATCH), np.float32))[0].flat[0])


def _cached(folder: Path | None, bundle: ModelBundle, convert: Converter, patch: tuple[int, ...] = PATCH) -> Any:
    from pedcontour.inference.openvino_cache import cached_network

    return cached_network(folder, bundle, patch, convert)


@pytest.fixture
def bundle(tmp_path: Path) -> ModelBundle:
    return write_stand_in_model(tmp_path / "models")


def test_a_network_is_converted_once_and_keeps_its_weights_in_full(tmp_path: Path, bundle: ModelBundle) -> None:
    convert, cache = Converter(), tmp_path / "cache"
    _cached(cache, bundle, convert)
    again = _cached(cache, bundle, convert)
    assert convert.calls == 1
    assert _factor(again) == np.float32(2.00001)
    assert [entry.name.startswith(bundle.id) for entry in cache.iterdir()] == [True]


def test_another_model_or_tile_is_another_entry(tmp_path: Path, bundle: ModelBundle) -> None:
    convert, cache = Converter(), tmp_path / "cache"
    _cached(cache, bundle, convert)
    _cached(cache, bundle, convert, (4, 4, 4))
    _cached(cache, write_stand_in_model(tmp_path / "models", "other"), convert)
    assert convert.calls == 3


def test_each_fold_of_a_model_is_an_entry(tmp_path: Path) -> None:
    convert, cache = Converter(), tmp_path / "cache"
    folds = write_stand_in_model(tmp_path / "models", folds=("0", "1")).by_fold()
    for _ in range(2):
        for fold in folds:
            _cached(cache, fold, convert)
    assert convert.calls == len(list(cache.iterdir())) == 2


@pytest.mark.parametrize("damage", ["changed", "cut", "missing", "no checksums"])
def test_a_damaged_entry_is_made_again(damage: str, tmp_path: Path, bundle: ModelBundle) -> None:
    convert, cache = Converter(), tmp_path / "cache"
    _cached(cache, bundle, convert)
    (entry,) = cache.iterdir()
    weights = entry / "network.bin"
    if damage == "changed":
        weights.write_bytes(bytes([weights.read_bytes()[0] ^ 1]) + weights.read_bytes()[1:])
    elif damage == "cut":
        weights.write_bytes(b"")
    elif damage == "missing":
        weights.unlink()
    else:
        (entry / "SHA256SUMS").unlink()
    assert _factor(_cached(cache, bundle, convert)) == np.float32(2.00001)
    assert convert.calls == 2
    _cached(cache, bundle, convert)
    assert convert.calls == 2


def test_where_nothing_can_be_kept_it_is_converted_each_time(tmp_path: Path, bundle: ModelBundle) -> None:
    convert = Converter()
    (tmp_path / "file").write_text("in the way")
    for folder in (None, tmp_path / "file"):
        assert _factor(_cached(folder, bundle, convert)) == np.float32(2.00001)
    assert convert.calls == 2


class LargeConverter(Converter):
    """Makes a network of four megabytes, for a disk of one."""

    def __call__(self) -> Any:
        self.calls += 1
        tile = ov.opset13.parameter([1, 1, 1024, 1024], np.float32)
        factors = ov.opset13.constant(np.full((1, 1, 1024, 1024), 2.00001, np.float32))
        return ov.Model([ov.opset13.multiply(tile, factors)], [tile])


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a megabyte in memory; only root may mount one, and not in every container."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.getuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("no tmpfs can be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_cache_costs_the_keeping_and_not_the_network(small_disk: Path, bundle: ModelBundle) -> None:
    convert = LargeConverter()
    for _ in range(2):
        network = _cached(small_disk, bundle, convert)
        assert network.input(0).shape == [1, 1, 1024, 1024]
    assert convert.calls == 2
    assert list(small_disk.iterdir()) == []


def test_where_temporary_files_do_not_fit_either_an_error_says_so(
    small_disk: Path, bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(small_disk))
    for folder in (None, small_disk / "cache"):
        with pytest.raises(StoreError, match="temporary folder"):
            _cached(folder, bundle, LargeConverter())


def _as_if_from(path: Path, days: float) -> Path:
    then = time.time() - days * 24 * 3600
    os.utime(path, (then, then))
    return path


def test_what_is_used_stays_and_what_was_long_not_used_goes(tmp_path: Path, bundle: ModelBundle) -> None:
    convert, cache = Converter(), tmp_path / "cache"
    _cached(cache, bundle, convert)
    (used,) = cache.iterdir()
    _cached(cache, bundle, convert, (4, 4, 4))
    (unused,) = set(cache.iterdir()) - {used}
    _as_if_from(unused, 29)
    _as_if_from(used, 29)
    _cached(cache, bundle, convert)
    assert set(cache.iterdir()) == {used, unused}
    for entry in (used, unused):
        _as_if_from(entry, 31)
    _cached(cache, bundle, convert)
    assert (set(cache.iterdir()), convert.calls) == ({used}, 2)
    assert time.time() - used.stat().st_mtime < 3600


def test_what_a_killed_converter_left_goes_after_an_hour_and_what_is_not_ours_never(
    tmp_path: Path, bundle: ModelBundle
) -> None:
    cache = tmp_path / "cache"
    names = (".converting-killed", ".converting-at-work", f"a-model-{'0' * 32}", "something else")
    for name in names:
        (cache / name).mkdir(parents=True)
        (cache / name / "network.bin").write_bytes(b"half")
    for name in set(names) - {".converting-at-work"}:
        _as_if_from(cache / name, 400)
    _cached(cache, bundle, Converter())
    assert {path.name for path in cache.iterdir() if not path.name.startswith(bundle.id)} == set(names[1:])
