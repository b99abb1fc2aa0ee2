import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pedcontour.bundle import ModelBundle, load_bundle, verify_bundle
from pedcontour.bundle.description import Description, write_description
from pedcontour.bundle.manifest import MANIFEST_NAME, write_manifest
from pedcontour.errors import ModelChecksumError, ModelError, ModelUnsafeError, ModelUnsupportedError
from pedcontour.organs import default_labels
from tests.stand_ins.model import write_stand_in_model


@pytest.fixture
def bundle(tmp_path: Path) -> ModelBundle:
    return write_stand_in_model(tmp_path)


def _rewrite(folder: Path, name: str, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a JSON document of a model, checksums included: what a malicious maker could do."""
    document = json.loads((folder / name).read_text())
    change(document)
    (folder / name).write_text(json.dumps(document))
    write_manifest(folder)


def test_a_bundle_says_what_it_draws_and_which_bytes_it_is(bundle: ModelBundle) -> None:
    assert bundle.organs == default_labels()
    assert bundle.label_of_channel == tuple(range(20))
    assert bundle.digest == hashlib.sha256((bundle.folder / MANIFEST_NAME).read_bytes()).hexdigest()
    assert bundle.card.startswith("# Stand-in")
    verify_bundle(bundle)


@pytest.mark.parametrize("name", ["weights.safetensors", "model.toml", "plans.json", "dataset.json", "card.md"])
def test_a_file_that_changed_after_loading_fails_the_check(bundle: ModelBundle, name: str) -> None:
    with (bundle.folder / name).open("ab") as stream:
        stream.write(b" ")
    with pytest.raises(ModelChecksumError, match=name):
        verify_bundle(bundle)


@pytest.mark.parametrize("name", ["model.toml", "plans.json", "dataset.json", "card.md"])
def test_a_text_file_that_differs_is_not_even_loaded(bundle: ModelBundle, name: str) -> None:
    with (bundle.folder / name).open("ab") as stream:
        stream.write(b" ")
    with pytest.raises(ModelChecksumError, match=name):
        load_bundle(bundle.folder)


def test_weights_that_differ_are_not_read(bundle: ModelBundle) -> None:
    assert bundle.read_weights() == b"weights.safetensors"
    (bundle.folder / "weights.safetensors").write_bytes(b"more")
    with pytest.raises(ModelChecksumError):
        bundle.read_weights()


@pytest.fixture
def folds(tmp_path: Path) -> ModelBundle:
    """The stand-in as a model of two folds."""
    return write_stand_in_model(tmp_path, "folds", ("0", "all"))


def test_each_fold_has_weights_of_its_own(folds: ModelBundle) -> None:
    verify_bundle(folds)
    assert [one.read_weights() for one in folds.by_fold()] == [b"weights-0.safetensors", b"weights-all.safetensors"]
    assert {one.digest for one in folds.by_fold()} == {folds.digest}
    with pytest.raises(ModelUnsupportedError, match="2 networks"):
        folds.read_weights()
    (folds.folder / "weights-all.safetensors").write_text("of another fold")
    with pytest.raises(ModelChecksumError, match="weights-all"):
        verify_bundle(folds)


def test_weights_are_named_by_all_their_bytes(bundle: ModelBundle, folds: ModelBundle) -> None:
    assert bundle.weights_sha256 == hashlib.sha256(bundle.read_weights()).hexdigest()
    parts = [hashlib.sha256(one.read_weights()).hexdigest() for one in folds.by_fold()]
    assert folds.weights_sha256 == hashlib.sha256("\n".join(parts).encode()).hexdigest()


def test_a_fold_without_weights_is_refused(folds: ModelBundle) -> None:
    (folds.folder / "weights-all.safetensors").unlink()
    write_manifest(folds.folder)
    with pytest.raises(ModelError, match=r"weights-all\.safetensors"):
        load_bundle(folds.folder)


def test_checksums_rewritten_after_loading_fail_the_check(bundle: ModelBundle) -> None:
    (bundle.folder / "weights.safetensors").write_bytes(b"other")
    write_manifest(bundle.folder)
    with pytest.raises(ModelChecksumError, match=MANIFEST_NAME):
        verify_bundle(bundle)


def test_an_unlisted_file_or_folder_fails_the_check(bundle: ModelBundle) -> None:
    (bundle.folder / "code.py").write_text("")
    with pytest.raises(ModelChecksumError, match=r"code\.py"):
        verify_bundle(bundle)
    (bundle.folder / "code.py").unlink()
    (bundle.folder / "more").mkdir()
    with pytest.raises(ModelChecksumError, match="more"):
        verify_bundle(bundle)


def test_a_link_in_place_of_a_file_fails_the_check(bundle: ModelBundle, tmp_path: Path) -> None:
    weights = bundle.folder / "weights.safetensors"
    weights.rename(tmp_path / "elsewhere")
    weights.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ModelChecksumError):
        verify_bundle(bundle)
    with pytest.raises(ModelChecksumError):
        bundle.read_weights()


def test_plans_that_name_code_are_refused_although_their_checksum_fits(bundle: ModelBundle) -> None:
    def name_code(plans: dict[str, Any]) -> None:
        plans["configurations"]["3d_fullres"]["architecture"]["network_class_name"] = "os.system"

    _rewrite(bundle.folder, "plans.json", name_code)
    with pytest.raises(ModelUnsafeError):
        load_bundle(bundle.folder)


def test_a_folder_with_another_name_than_its_model_is_refused(bundle: ModelBundle) -> None:
    other = bundle.folder.rename(bundle.folder.with_name("other"))
    with pytest.raises(ModelError):
        load_bundle(other)


def test_a_folder_without_checksums_is_refused(bundle: ModelBundle) -> None:
    (bundle.folder / MANIFEST_NAME).unlink()
    with pytest.raises(ModelError, match=MANIFEST_NAME):
        load_bundle(bundle.folder)


@pytest.mark.parametrize("text", ["[]", "{", "[" * 100_000])
def test_plans_that_are_no_json_table_are_refused(bundle: ModelBundle, text: str) -> None:
    (bundle.folder / "plans.json").write_text(text)
    write_manifest(bundle.folder)
    with pytest.raises(ModelError, match=r"plans\.json"):
        load_bundle(bundle.folder)


def test_labels_of_one_organ_become_the_lowest_of_them_and_dropped_ones_background(bundle: ModelBundle) -> None:
    description = Description(
        "stand-in", "Toy", "1", "none", "Tests.", "3d_fullres", {2: "liver", 3: "heart", 5: "liver"}
    )
    (bundle.folder / "model.toml").write_text(write_description(description))
    write_manifest(bundle.folder)
    merged = load_bundle(bundle.folder)
    assert merged.organs == {2: "liver", 3: "heart"}
    assert merged.label_of_channel == (0, 0, 2, 3, 0, 2, *[0] * 14)


def test_a_label_that_the_network_does_not_have_is_refused(bundle: ModelBundle) -> None:
    description = Description("stand-in", "Toy", "1", "none", "Tests.", "3d_fullres", {20: "liver"})
    (bundle.folder / "model.toml").write_text(write_description(description))
    write_manifest(bundle.folder)
    with pytest.raises(ModelError, match="20"):
        load_bundle(bundle.folder)


def test_models_are_listed_and_verified_without_torch(bundle: ModelBundle) -> None:
    script = (
        "import sys; from pathlib import Path; from pedcontour.bundle import installed_models, verify_bundle\n"
        "found = installed_models(Path(sys.argv[1])); verify_bundle(found[0])\n"
        "print(found[0].id, sorted({'torch', 'nnunetv2', 'safetensors', 'scipy'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", script, str(bundle.folder.parent)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "stand-in []"
