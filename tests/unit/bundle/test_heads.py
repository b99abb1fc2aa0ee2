"""What the outputs of a network mean."""

import json
from typing import Any

import pytest

from pedcontour.bundle import ModelBundle, load_bundle
from pedcontour.bundle.description import Description, write_description
from pedcontour.bundle.heads import read_head
from pedcontour.bundle.manifest import write_manifest
from pedcontour.errors import ModelError, ModelUnsupportedError
from tests.stand_ins.model import write_stand_in_model

REGIONS = {"background": 0, "liver": [1, 2, 3], "tumour": [2, 3], "vessel": 3}
ORDER = [1, 2, 3]


def _dataset(labels: object, **more: object) -> dict[str, Any]:
    return {"channel_names": {"0": "CT"}, "labels": labels, **more}


def test_a_label_is_a_channel() -> None:
    head = read_head(_dataset({"background": 0, "liver": 2, "spleen": 1}))
    assert (head.numbers, head.label_of_class) == ({"background": 0, "liver": 2, "spleen": 1}, (0, 1, 2))
    assert not head.regions


def test_the_ignore_label_has_no_channel() -> None:
    head = read_head(_dataset({"background": 0, "spleen": 1, "ignore": 2}))
    assert (head.numbers, head.label_of_class) == ({"background": 0, "spleen": 1}, (0, 1))


def test_a_region_is_drawn_with_the_number_that_the_order_gives_it() -> None:
    head = read_head(_dataset({**REGIONS, "ignore": 4}, regions_class_order=[3, 1, 2]))
    assert head.regions
    assert head.numbers == {"background": 0, "liver": 3, "tumour": 1, "vessel": 2}
    assert head.label_of_class == (0, 3, 1, 2)


def test_regions_are_the_channels_that_nnunet_gives_them() -> None:
    from nnunetv2.utilities.label_handling.label_handling import LabelManager

    manager = LabelManager({**REGIONS, "ignore": 4}, ORDER)
    head = read_head(_dataset({**REGIONS, "ignore": 4}, regions_class_order=ORDER))
    assert manager.has_regions
    assert len(head.label_of_class) == 1 + manager.num_segmentation_heads
    assert list(head.label_of_class[1:]) == manager.regions_class_order


@pytest.mark.parametrize(
    "dataset",
    [
        _dataset({"background": 0, "spleen": 1}, regions_class_order=[1]),
        _dataset({"background": 0, "spleen": 2}),
        _dataset({"spleen": 0, "liver": 1}),
        _dataset({"background": 0, "spleen": 1}, channel_names={"0": "CT", "1": "PET"}),
        _dataset({"background": 0, "spleen": [1]}, regions_class_order=[1]),
        _dataset({"background": [0, 4], "liver": [1, 2]}, regions_class_order=[1]),
        _dataset(REGIONS),
        _dataset(REGIONS, regions_class_order=[1, 2]),
        _dataset(REGIONS, regions_class_order=[1, 2, 2]),
        _dataset(REGIONS, regions_class_order=[0, 1, 2]),
        _dataset(REGIONS, regions_class_order=[1, 2, 256]),
        _dataset(REGIONS, regions_class_order=["1", 2, 3]),
        _dataset(REGIONS, regions_class_order=3),
    ],
    ids=[
        *("order without regions", "gap", "no background", "two channels", "no region", "background is a region"),
        *("no order", "order too short", "number twice", "number 0", "number 256", "text", "no list"),
    ],
)
def test_a_kind_of_head_that_cannot_be_run_is_refused(dataset: dict[str, Any]) -> None:
    with pytest.raises(ModelUnsupportedError):
        read_head(dataset)


@pytest.mark.parametrize(
    "labels",
    [
        *(None, {}, {"background": 0, "spleen": "1"}, {"background": 0, "spleen": True}),
        *({"background": 0, "liver": [1, "2"]}, {"background": 0, "liver": []}, {"background": 0, "liver": [[1], 2]}),
    ],
)
def test_labels_that_are_no_labels_are_refused(labels: object) -> None:
    with pytest.raises(ModelError):
        read_head(_dataset(labels))


def _with_regions(bundle: ModelBundle, organs: dict[int, str]) -> ModelBundle:
    description = Description("stand-in", "Toy", "1", "none", "Tests.", "3d_fullres", organs)
    (bundle.folder / "model.toml").write_text(write_description(description))
    (bundle.folder / "dataset.json").write_text(json.dumps(_dataset(REGIONS, regions_class_order=[3, 1, 2])))
    write_manifest(bundle.folder)
    return load_bundle(bundle.folder)


def test_a_model_knows_the_organ_of_each_region(tmp_path: Any) -> None:
    bundle = _with_regions(write_stand_in_model(tmp_path), {1: "liver", 2: "aorta_abdominal", 3: "liver"})
    assert bundle.organs == {1: "liver", 2: "aorta_abdominal"}
    assert bundle.label_of_channel == (0, 1, 1, 2)
