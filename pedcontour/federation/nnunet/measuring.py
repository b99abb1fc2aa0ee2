"""A site's fingerprint, measured with nnU-Net's own code on each case."""

from functools import partial
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name everybody in the field knows it by

from pedcontour.errors import RequestError
from pedcontour.federation.nnunet.dataset import SiteDataset
from pedcontour.federation.nnunet.fingerprint import MeasuredCase, SiteFingerprint, summarise
from pedcontour.federation.nnunet.histogram import Histogram
from pedcontour.federation.nnunet.processes import for_each
from pedcontour.federation.nnunet.workplace import Workplace
from pedcontour.inference.nnunet_quiet import quiet

FOREGROUND_SAMPLES = 10e7
"""Voxels that nnU-Net samples in all cases together (``DatasetFingerprintExtractor``)."""

STRAIGHT = 0.75
"""Cosine between an axis of an image and the patient's: well below any tilt, above what another axis could have."""


def measure(dataset: SiteDataset, workplace: Workplace, organs: int, total: int, workers: int = 0) -> SiteFingerprint:
    """The site's part of the fingerprint of ``total`` cases, for so many organs.

    nnU-Net samples each case by itself, with a fixed seed, and as many voxels as ``total`` says, so the samples are
    those that it would take from the pooled cases. Intensities that are no whole HU are rounded. Raises
    ``RequestError`` unless slices, rows and columns of every image go to the patient's head, back and left.
    """
    if odd := sum(not _lies_straight(case.image) for case in dataset.cases):
        # nnU-Net looks at arrays alone: such a site would teach all the others the wrong side
        raise RequestError(
            f"{odd} of {len(dataset.cases)} images are not oriented SPL; `dataset import` writes them so"
        )
    files = [(case.image, workplace.labels(case, dataset)) for case in dataset.cases]
    measured = for_each(partial(_measured, int(FOREGROUND_SAMPLES // total)), files, workers)
    return summarise(measured, dataset.annotated_cases(organs), total)


def _lies_straight(image: Path) -> bool:
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(image))
    reader.ReadImageInformation()
    return bool((np.diag(np.array(reader.GetDirection()).reshape(3, 3)) > STRAIGHT).all())


def _measured(samples: int, files: tuple[Path, Path]) -> MeasuredCase:
    with quiet():
        from nnunetv2.experiment_planning.dataset_fingerprint.fingerprint_extractor import DatasetFingerprintExtractor
        from nnunetv2.imageio.simpleitk_reader_writer import SimpleITKIO

    image, labels = map(str, files)
    shape, spacing, intensities, _, kept = DatasetFingerprintExtractor.analyze_case(
        [image], labels, SimpleITKIO, samples
    )
    return MeasuredCase(
        tuple(float(mm) for mm in spacing),
        tuple(int(n) for n in shape),
        float(kept),
        Histogram.of(np.asarray(intensities[0], np.float32)),
    )
