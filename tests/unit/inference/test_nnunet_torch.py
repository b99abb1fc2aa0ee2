import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from pedcontour.bundle import ModelBundle, load_bundle
from pedcontour.bundle.axes import canonical_to
from pedcontour.bundle.manifest import write_manifest
from pedcontour.errors import ModelChecksumError, ModelError, RequestError
from pedcontour.inference.choice import EngineChoice, load_engine
from pedcontour.inference.nnunet_engine import NnunetEngine
from pedcontour.inference.nnunet_torch import find_device
from pedcontour.volume import Volume
from tests.toy_nnunet import one_thread, toy_image

pytestmark = pytest.mark.slow


@pytest.fixture
def bundle(toy_model: ModelBundle, tmp_path: Path) -> ModelBundle:
    """A copy of the toy model that a test may spoil."""
    return load_bundle(Path(shutil.copytree(toy_model.folder, tmp_path / toy_model.id)))


def _on_torch(bundle: ModelBundle) -> NnunetEngine:
    return load_engine(bundle, EngineChoice(device="cpu", runtime="torch"))


def _spoil_weights(bundle: ModelBundle, change: dict[str, np.ndarray]) -> ModelBundle:
    path = bundle.folder / "weights.safetensors"
    save_file({name: value for name, value in (load_file(path) | change).items() if value.size}, path)
    write_manifest(bundle.folder)
    return load_bundle(bundle.folder)


def test_an_engine_says_what_it_is(bundle: ModelBundle) -> None:
    engine = _on_torch(bundle)
    assert engine.model_id == "toy"
    assert engine.organs == bundle.organs
    engine.warm_up()


def test_changed_weights_are_not_loaded(bundle: ModelBundle) -> None:
    path = bundle.folder / "weights.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelChecksumError):
        _on_torch(bundle)


def test_weights_that_are_not_those_of_the_plans_are_not_loaded(bundle: ModelBundle) -> None:
    name = next(iter(load_file(bundle.folder / "weights.safetensors")))
    with pytest.raises(ModelError):
        _on_torch(_spoil_weights(bundle, {name: np.zeros((2, 2), np.float32)}))
    with pytest.raises(ModelError):
        _on_torch(_spoil_weights(bundle, {name: np.zeros(0, np.float32)}))
    with pytest.raises(ModelError):
        _on_torch(_spoil_weights(bundle, {"more": np.zeros(2, np.float32)}))


def test_weights_in_another_format_are_not_loaded(bundle: ModelBundle) -> None:
    (bundle.folder / "weights.safetensors").write_bytes(b"\x80\x02}q\x00.")
    write_manifest(bundle.folder)
    with pytest.raises(ModelError):
        _on_torch(load_bundle(bundle.folder))


def test_a_device_that_is_not_there_is_refused(bundle: ModelBundle) -> None:
    with pytest.raises(RequestError):
        load_engine(bundle, EngineChoice(device="tpu"))
    if not torch.cuda.is_available():
        with pytest.raises(RequestError):
            load_engine(bundle, EngineChoice(device="cuda"))


@pytest.mark.parametrize("name", ["cuda:99", "cuda:", "cuda:-1", "mps", ""])
def test_names_of_no_device_are_refused(name: str) -> None:
    with pytest.raises(RequestError):
        find_device(name)


def test_one_of_several_devices_can_be_chosen() -> None:
    for number in range(torch.cuda.device_count()):
        assert find_device(f"cuda:{number}") == torch.device("cuda", number)
    assert find_device("cpu") == torch.device("cpu")


def test_merged_labels_are_drawn_as_one_and_dropped_ones_not_at_all(bundle: ModelBundle) -> None:
    image, truth = toy_image((48, 56, 56), (3.0, 3.0, 3.0), seed=9)
    with one_thread():
        drawn = _on_torch(bundle).segment(image, lambda _: None).labels.voxels
    assert set(np.unique(drawn)) <= {0, 1, 2, 3, 4, 5}
    stomach, bowel, couch = truth == 5, truth == 6, truth == 7
    assert (drawn[stomach] == 5).mean() > 0.3
    assert (drawn[bowel] == 5).mean() > 0.3
    assert (drawn[couch] == 0).mean() > 0.3


def test_a_model_trained_in_another_orientation_is_shown_images_in_it(bundle: ModelBundle) -> None:
    image, _ = toy_image((40, 44, 48), (3.0, 3.0, 3.0), seed=10)
    text = (bundle.folder / "model.toml").read_text()
    (bundle.folder / "model.toml").write_text(text.replace('orientation = "SPL"', 'orientation = "SAR"'))
    write_manifest(bundle.folder)
    turn = canonical_to("SAR")
    with one_thread():
        reoriented = _on_torch(load_bundle(bundle.folder)).segment(image, lambda _: None)
        bundle.folder.joinpath("model.toml").write_text(text)
        write_manifest(bundle.folder)
        pretended = Volume(image.grid, np.ascontiguousarray(turn.array(image.voxels)))
        plain = _on_torch(load_bundle(bundle.folder)).segment(pretended, lambda _: None)
    np.testing.assert_array_equal(turn.array(reoriented.labels.voxels), plain.labels.voxels)
