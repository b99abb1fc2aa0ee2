"""Every kind of plan that nnU-Net makes draws what the ``nnUNetv2_predict`` command draws: one training, one image and
one run of the command for each.
"""

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from pedcontour.bundle import ModelBundle
from pedcontour.bundle.heads import read_head
from pedcontour.inference.choice import EngineChoice, Runtime, load_engine
from pedcontour.inference.nnunet_import import import_nnunet
from pedcontour.inference.nnunet_source import Choice
from pedcontour.volume import Volume
from tests.integration.stock_command import Labels, Stock, dice, stock_labels
from tests.toy_nnunet import (
    CONFIGURATION,
    MAPPING,
    PATCH,
    SPACING_MM,
    Toy,
    one_thread,
    toy_dataset,
    toy_image,
    toy_plans,
    train_toy,
)

pytestmark = pytest.mark.slow

BOUND = 0.999
"""Least Dice of an organ in the mode ``exact``."""

SHAPE, IMAGE_SPACING_MM, SEED = (40, 80, 90), (3.5, 1.6, 1.5), 14
"""Larger than a tile, slices and pixels of other sizes than any plan's; of all seeds up to 40 the one whose smallest
organ is largest."""

THICK_MM = (10.0, SPACING_MM, SPACING_MM)
"""More than three times as thick as wide: nnU-Net then resamples slice by slice."""

REGIONS = {
    "labels": {"background": 0, "liver": [1, 2, 3, 4], "Kidney-Left": [3, 4], "spleen": 4, "couch": [5, 6, 7]},
    "regions_class_order": [2, 1, 4, 3],
}
"""The third lies within the second, and that within the first; numbers and names go in different orders."""


def _toy(configuration: dict[str, Any] | None = None, architecture: dict[str, Any] | None = None, **more: Any) -> Toy:
    """The toy with other entries in its plans (``plans``), their configuration, and the options of its network."""
    plans: dict[str, Any] = copy.deepcopy(toy_plans()) | more.pop("plans", {})
    chosen = plans["configurations"][CONFIGURATION]
    chosen |= configuration or {}
    options = chosen["architecture"]["arch_kwargs"] | (architecture or {})
    chosen["architecture"]["arch_kwargs"] = {name: value for name, value in options.items() if value is not ...}
    return Toy(plans=plans, **more)


def _residual() -> Toy:
    toy = _toy(architecture={"n_conv_per_stage": ..., "n_blocks_per_stage": [1, 2]})
    kind = "dynamic_network_architectures.architectures.unet.ResidualEncoderUNet"
    toy.plans["configurations"][CONFIGURATION]["architecture"]["network_class_name"] = kind  # type: ignore[index]
    return toy


TOYS = {
    "thick slices in the plan": _toy(
        {"spacing": list(THICK_MM), "patch_size": [12, *PATCH[1:]]},
        {"kernel_sizes": [[1, 3, 3], [3, 3, 3]], "strides": [[1, 1, 1], [1, 2, 2]]},
        spacing_mm=THICK_MM,
    ),
    "transposed": _toy(plans={"transpose_forward": [1, 2, 0], "transpose_backward": [2, 0, 1]}),
    "residual encoder": _residual(),
    "two folds": _toy(folds=(0, 3)),
    "regions": _toy(dataset=toy_dataset() | REGIONS),
}


@dataclass(frozen=True)
class Drawn:
    """A model, an image, and what stock draws on it."""

    model: ModelBundle
    image: Volume
    stock: Labels


@pytest.fixture(scope="module", params=TOYS, ids=str)
def drawn(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    toy = TOYS[request.param]
    home = tmp_path_factory.mktemp("plan")
    results = train_toy(home, toy)
    choice = Choice(folds=tuple(map(str, toy.folds)))
    mapping = {name: organ for name, organ in MAPPING.items() if name in toy.dataset["labels"]}  # type: ignore[operator]
    model = import_nnunet(results, home / "models", model_id="toy", organ_of_label=mapping, choice=choice)
    image, _ = toy_image(SHAPE, IMAGE_SPACING_MM, SEED)
    stock = stock_labels(results, {"case": image}, home, Stock(toy.folds))["case"]
    ours = np.zeros(256, np.uint8)
    ours[list(read_head(model.dataset).label_of_class)] = model.label_of_channel
    return Drawn(model, image, ours[stock])


@pytest.mark.parametrize("runtime", ["torch", "openvino"])
def test_every_organ_is_what_the_nnunet_command_draws(drawn: Drawn, runtime: Runtime) -> None:
    if runtime == "openvino":
        pytest.importorskip("openvino", reason="OpenVINO is not installed")
    with one_thread():
        engine = load_engine(drawn.model, EngineChoice(device="cpu", runtime=runtime, threads=1))
        ours = engine.segment(drawn.image, lambda _: None, "exact").labels.voxels
    for label, organ in drawn.model.organs.items():
        theirs = drawn.stock == label
        assert theirs.sum() > 300, f"{organ} is hardly there: the comparison would say nothing"
        assert dice(ours == label, theirs) >= BOUND, organ
    assert np.isin(ours, [0, *drawn.model.organs]).all()
