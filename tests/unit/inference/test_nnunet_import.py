import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from pedcontour.bundle import ModelBundle, load_bundle, verify_bundle
from pedcontour.errors import (
    ModelError,
    ModelLabelsUnknownError,
    ModelUnsafeError,
    ModelUnsupportedError,
    RequestError,
)
from pedcontour.inference.nnunet_import import About, import_nnunet
from pedcontour.inference.nnunet_source import Choice
from tests.toy_nnunet import MAPPING, toy_plans

pytestmark = pytest.mark.slow


@pytest.fixture
def results(toy_results: Path, tmp_path: Path) -> Path:
    """A copy of the toy's results folder that a test may spoil."""
    return Path(shutil.copytree(toy_results, tmp_path / "results" / toy_results.name))


def _import(results: Path, **changes: Any) -> ModelBundle:
    options: dict[str, Any] = {"model_id": "toy", "organ_of_label": MAPPING} | changes
    return import_nnunet(results, results.parents[1] / "models", **options)


def _edit(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def _edit_checkpoint(results: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = results / "fold_0" / "checkpoint_final.pth"
    content = torch.load(path, weights_only=False)  # the test's own file
    change(content)
    torch.save(content, path)


def test_an_imported_model_is_whole_and_describes_itself(results: Path) -> None:
    bundle = _import(results, about=About(name="A toy", version="3", licence="CC0-1.0", intended_use="Tests."))
    verify_bundle(bundle)
    files = {"SHA256SUMS", "card.md", "dataset.json", "model.toml", "plans.json", "weights.safetensors"}
    assert {path.name for path in bundle.folder.iterdir()} == files
    assert (bundle.name, bundle.version, bundle.licence, bundle.intended_use) == ("A toy", "3", "CC0-1.0", "Tests.")
    assert bundle.organs == {1: "spleen", 2: "kidney_right", 3: "kidney_left", 4: "liver", 5: "stomach_bowel"}
    assert bundle.label_of_channel == (0, 1, 2, 3, 4, 5, 5, 0)
    assert (bundle.configuration, bundle.axes, bundle.mirroring_axes) == ("3d_fullres", "SPL", (0, 1, 2))
    assert bundle.provenance["trainer"] == "nnUNetTrainer"
    assert bundle.plans == toy_plans()
    assert "A toy" in bundle.card
    assert "Stomach and bowel" in bundle.card


def test_the_same_training_gives_the_same_bytes(results: Path) -> None:
    first, second = (
        _import(results),
        import_nnunet(results, results.parents[1] / "others", model_id="toy", organ_of_label=MAPPING),
    )
    assert first.digest == second.digest


def test_weights_keep_their_values_and_each_is_stored_once(results: Path) -> None:
    state = torch.load(results / "fold_0" / "checkpoint_final.pth", weights_only=False)["network_weights"]
    stored = load_file(_import(results).folder / "weights.safetensors")
    assert len(stored) < len(state)
    for name, tensor in stored.items():
        assert tensor.dtype == state[name].dtype
        assert torch.equal(tensor, state[name])
    assert {tensor.data_ptr() for tensor in state.values()} == {state[name].data_ptr() for name in stored}


def test_half_precision_weights_stay_half_precision(results: Path) -> None:
    def halve(content: dict[str, Any]) -> None:
        content["network_weights"] = {name: tensor.half() for name, tensor in content["network_weights"].items()}

    _edit_checkpoint(results, halve)
    stored = load_file(_import(results).folder / "weights.safetensors")
    assert {tensor.dtype for tensor in stored.values()} == {torch.float16}


def test_a_zip_as_nnunet_exports_it_gives_the_same_model(results: Path, tmp_path: Path) -> None:
    archive = tmp_path / "export.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for path in sorted(results.rglob("*")):
            if path.is_file():
                target.write(path, Path("Dataset901_Toy") / results.name / path.relative_to(results))
    zipped = import_nnunet(archive, tmp_path / "from-zip", model_id="toy", organ_of_label=MAPPING)
    assert zipped.digest == _import(results).digest


def test_lists_of_training_files_do_not_leave_the_site(results: Path) -> None:
    assert "Phantom^Child" in (results / "dataset.json").read_text()
    bundle = _import(results)
    assert all(b"Phantom^Child" not in path.read_bytes() for path in bundle.folder.iterdir())


def test_a_card_and_an_orientation_can_be_given(results: Path) -> None:
    bundle = _import(results, about=About(axes="SAR", card="# Ours\n"))
    assert (bundle.axes, bundle.card) == ("SAR", "# Ours\n")


def test_a_reader_that_reorients_tells_the_orientation(results: Path) -> None:
    _edit(results / "plans.json", lambda plans: plans.update(image_reader_writer="NibabelIOWithReorient"))
    assert _import(results).axes == "SAR"


def test_unknown_labels_are_named(results: Path) -> None:
    with pytest.raises(ModelLabelsUnknownError, match="'stomach', 'small_bowel', 'couch'"):
        _import(results, organ_of_label=None)


def test_an_id_that_is_taken_or_no_folder_name_is_refused(results: Path) -> None:
    _import(results)
    with pytest.raises(RequestError):
        _import(results)
    for model_id in ("../toy", "Toy", "", "a/b", ".toy"):
        with pytest.raises(RequestError):
            _import(results, model_id=model_id)


class _Payload:
    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.proof}",)


def test_a_checkpoint_with_code_is_refused_without_running_it(results: Path, tmp_path: Path) -> None:
    proof = tmp_path / "ran"
    _edit_checkpoint(results, lambda content: content.update(extra=_Payload(proof)))
    with pytest.raises(ModelUnsafeError):
        _import(results)
    assert not proof.exists()


def test_plans_that_name_code_are_refused_before_nnunet_sees_them(results: Path, tmp_path: Path) -> None:
    (tmp_path / "evil_module.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Net: pass\n")

    def name_code(plans: dict[str, Any]) -> None:
        plans["configurations"]["3d_fullres"]["architecture"]["network_class_name"] = "evil_module.Net"

    _edit(results / "plans.json", name_code)
    sys.path.insert(0, str(tmp_path))
    try:
        with pytest.raises(ModelUnsafeError, match=r"evil_module\.Net"):
            _import(results)
    finally:
        sys.path.remove(str(tmp_path))
    assert not (tmp_path / "ran").exists()


def test_a_trainer_of_any_name_is_never_looked_up(results: Path) -> None:
    _edit_checkpoint(results, lambda content: content.update(trainer_name="evil_module.Trainer"))
    assert _import(results).provenance["trainer"] == "evil_module.Trainer"
    assert "evil_module" not in sys.modules


def test_the_second_stage_of_a_cascade_is_refused_in_a_sentence(results: Path) -> None:
    stage = {"inherits_from": "3d_fullres", "previous_stage": "3d_lowres"}
    _edit(results / "plans.json", lambda plans: plans["configurations"].update({"3d_cascade_fullres": stage}))
    _edit_checkpoint(results, lambda content: content["init_args"].update(configuration="3d_cascade_fullres"))
    with pytest.raises(ModelUnsupportedError, match="'3d_cascade_fullres' is the second stage of a cascade"):
        _import(results)


def test_regions_without_a_number_each_are_refused(results: Path) -> None:
    def to_regions(dataset: dict[str, Any]) -> None:
        dataset["labels"]["kidneys"] = [2, 3]
        dataset["regions_class_order"] = [1, 2, 3, 4, 5, 6, 7]

    _edit(results / "dataset.json", to_regions)
    with pytest.raises(ModelUnsupportedError):
        _import(results)


def _drop_one(content: dict[str, Any]) -> None:
    content["network_weights"].popitem()


def _add_one(content: dict[str, Any]) -> None:
    content["network_weights"]["encoder.running_mean"] = torch.zeros(3)


def _spoil_value(content: dict[str, Any]) -> None:
    next(iter(content["network_weights"].values())).view(-1)[0] = float("nan")


def _spoil_shape(content: dict[str, Any]) -> None:
    name = next(iter(content["network_weights"]))
    content["network_weights"][name] = torch.zeros(2, 2)


def _split_twins(content: dict[str, Any]) -> None:
    weights = content["network_weights"]
    name = next(name for name in weights if name.startswith("decoder.encoder"))
    weights[name] = weights[name] + 1


@pytest.mark.parametrize("spoil", [_drop_one, _add_one, _spoil_value, _spoil_shape, _split_twins])
def test_weights_that_do_not_fit_the_plans_leave_no_model(results: Path, spoil: Callable[[Any], None]) -> None:
    _edit_checkpoint(results, spoil)
    with pytest.raises(ModelError):
        _import(results)
    assert list((results.parents[1] / "models").iterdir()) == []


def test_a_fold_that_is_not_there_is_refused(results: Path) -> None:
    with pytest.raises(ModelError):
        _import(results, choice=Choice(folds=("4",)))


def _add_fold(results: Path, change: Callable[[dict[str, Any]], object]) -> None:
    shutil.copytree(results / "fold_0", results / "fold_1")
    path = results / "fold_1" / "checkpoint_final.pth"
    content = torch.load(path, weights_only=False)  # the test's own file
    change(content)
    torch.save(content, path)


def _halve_weights(content: dict[str, Any]) -> None:
    content["network_weights"] = {name: tensor / 2 for name, tensor in content["network_weights"].items()}


def test_several_folds_become_one_model_that_keeps_each(results: Path) -> None:
    _add_fold(results, _halve_weights)
    bundle = _import(results, choice=Choice(folds=("0", "1")))
    verify_bundle(bundle)
    assert bundle.weights == ("weights-0.safetensors", "weights-1.safetensors")
    first, second = (load_file(bundle.folder / name) for name in bundle.weights)
    assert all(torch.equal(tensor / 2, second[name]) for name, tensor in first.items())
    assert bundle.provenance["fold"] == "0, 1"
    assert len(bundle.provenance["checkpoint_sha256"].split(", ")) == 2
    assert "2 networks" in bundle.card
    single = import_nnunet(
        results, results.parents[1] / "single", model_id="toy", organ_of_label=MAPPING, choice=Choice(folds=("1",))
    )
    assert single.weights == ("weights.safetensors",)
    assert single.read_weights() == bundle.by_fold()[1].read_weights()
    assert "folds" not in (single.folder / "model.toml").read_text()


@pytest.mark.parametrize("changes", [{"inference_allowed_mirroring_axes": (0,)}, {"init_args": {"configuration": "x"}}])
def test_folds_that_were_trained_otherwise_are_refused(results: Path, changes: dict[str, Any]) -> None:
    _add_fold(results, lambda content: content.update(changes))
    with pytest.raises(ModelUnsupportedError, match="folds differ"):
        _import(results, choice=Choice(folds=("0", "1")))


def test_importing_prints_nothing(results: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from pedcontour.inference.nnunet_import import import_nnunet\n"
        "from pedcontour.inference.choice import load_engine\n"
        "bundle = import_nnunet(Path(sys.argv[1]), Path(sys.argv[2]), model_id='toy',"
        " organ_of_label=dict(stomach='stomach_bowel', small_bowel='stomach_bowel', couch='drop'))\n"
        "load_engine(bundle).warm_up()\n"
    )
    environment = {key: value for key, value in os.environ.items() if not key.startswith("nnUNet")}
    command = [sys.executable, "-c", script, str(results), str(results.parents[1] / "models")]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert (ran.stdout, ran.stderr) == ("", "")
    load_bundle(results.parents[1] / "models" / "toy")
