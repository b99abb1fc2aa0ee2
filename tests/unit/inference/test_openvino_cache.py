"""A converted network is kept, found again, and made again when it is damaged."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pedcontour.bundle import ModelBundle
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
