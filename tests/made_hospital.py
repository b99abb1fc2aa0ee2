"""Hospitals' data sets of a few tiny cases each, and a network that trains on them in seconds."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from pedcontour.datasets.annotations import Annotations, CaseAnnotation, State, encode_annotations
from pedcontour.federation.nnunet.planning import Planning
from pedcontour.federation.nnunet.settings import SiteSettings
from pedcontour.federation.nnunet.site import NnunetSite
from pedcontour.federation.room import Charter
from pedcontour.federation.trainer import SitePost
from tests.toy_nnunet import toy_image

ORGANS = ("spleen", "kidney_right", "kidney_left", "liver")
"""The charter's; the toy's first four labels."""

Shape = tuple[int, int, int]
Millimetres = tuple[float, float, float]
CASES: dict[str, list[tuple[str, Shape, Millimetres]]] = {
    "alder": [
        ("alder_1", (20, 24, 26), (3.0, 2.0, 2.0)),
        ("alder_2", (18, 26, 24), (3.0, 2.0, 2.0)),
        ("alder_3", (24, 24, 22), (2.5, 2.5, 2.5)),
    ],
    "birch": [("birch_1", (22, 20, 24), (4.0, 1.953125, 1.953125)), ("birch_2", (19, 28, 23), (3.0, 2.2, 2.2))],
}


def write_dataset(
    folder: Path,
    cases: Iterable[tuple[str, Shape, Millimetres]],
    labels: tuple[str, ...] = ORGANS,
    also_labelled: tuple[str, ...] = (),
) -> Path:
    """An nnU-Net raw data set; ``labels`` numbers the charter's organs from 1 in another order, or leaves some out.

    ``also_labelled`` were looked for and are in no case.
    """
    for name in ("imagesTr", "labelsTr"):
        (folder / name).mkdir(parents=True)
    count = 0
    for name, shape, spacing in cases:
        image, truth = toy_image(shape, spacing, seed=sum(name.encode()))
        voxels = image.voxels.copy()
        if name.endswith("_2"):
            voxels[:3], truth[:3] = 0, 0  # what nnU-Net crops
        table = np.zeros(256, np.uint8)
        for number, organ in enumerate(labels, start=1):
            table[ORGANS.index(organ) + 1] = number
        _write(voxels, spacing, folder / "imagesTr" / f"{name}_0000.nii.gz")
        _write(table[truth], spacing, folder / "labelsTr" / f"{name}.nii.gz")
        count += 1
    description = {
        "channel_names": {"0": "CT"},
        "labels": {"background": 0} | {organ: n for n, organ in enumerate((*labels, *also_labelled), start=1)},
        "numTraining": count,
        "file_ending": ".nii.gz",
        "overwrite_image_reader_writer": "SimpleITKIO",
    }
    (folder / "dataset.json").write_text(json.dumps(description))
    return folder


def annotate(folder: Path, site: str, states: Mapping[str, State], patients: Mapping[str, str] | None = None) -> None:
    """Record the state of organs in every case of a data set; the others are annotated.

    ``patients`` names those that have several cases; every other case is of a patient of its own.
    """
    organs = tuple(json.loads((folder / "dataset.json").read_text())["labels"])[1:]
    told = {organ: states.get(organ, State.ANNOTATED) for organ in organs}
    names = [path.name.removesuffix(".nii.gz") for path in folder.glob("labelsTr/*")]
    cases = {name: CaseAnnotation((patients or {}).get(name, name), told) for name in names}
    (folder / "annotations.json").write_bytes(encode_annotations(Annotations(site, organs, cases)))


def tiny(plans: dict[str, Any]) -> dict[str, Any]:
    """Plans with a network of a few thousand weights, batches of two patches of 16 voxels a side."""
    full = dict(plans["configurations"]["3d_fullres"])
    architecture = dict(full["architecture"])
    architecture["arch_kwargs"] = architecture["arch_kwargs"] | {
        "n_stages": 3,
        "features_per_stage": [4, 8, 8],
        "kernel_sizes": [[3, 3, 3]] * 3,
        "strides": [[1, 1, 1], [2, 2, 2], [2, 2, 2]],
        "n_conv_per_stage": [1, 1, 1],
        "n_conv_per_stage_decoder": [1, 1],
    }
    full |= {"patch_size": [16, 16, 16], "batch_size": 2, "architecture": architecture}
    return plans | {"configurations": {"3d_fullres": full}}


def tiny_settings(**changes: Any) -> SiteSettings:
    """No processes, nothing by chance, three iterations an epoch."""
    exact = {"workers": 0, "deterministic": True, "iterations": 3, "validation_iterations": 1}
    return SiteSettings(**{**exact, "planning": Planning(gpu_memory_gb=0.2, adapt=tiny), **changes})


def a_site(name: str, charter: Charter, data: Path, work: Path, settings: SiteSettings) -> NnunetSite:
    """nnU-Net at a site."""
    return NnunetSite(SitePost(name, charter, data, work), settings)


def _write(voxels: Any, spacing: Millimetres, path: Path) -> None:
    image = sitk.GetImageFromArray(voxels)
    image.SetSpacing(tuple(reversed(spacing)))
    sitk.WriteImage(image, str(path), useCompression=True)
