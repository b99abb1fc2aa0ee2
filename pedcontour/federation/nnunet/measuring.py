"""A site's fingerprint, measured with nnU-Net's own code on each case."""

from collections.abc import Iterator

import numpy as np

from pedcontour.federation.nnunet.dataset import SiteDataset
from pedcontour.federation.nnunet.fingerprint import MeasuredCase, SiteFingerprint, summarise
from pedcontour.federation.nnunet.histogram import Histogram
from pedcontour.federation.nnunet.workplace import Workplace
from pedcontour.inference.nnunet_quiet import quiet

FOREGROUND_SAMPLES = 10e7
"""Voxels that nnU-Net samples in all cases together (``DatasetFingerprintExtractor``)."""


def measure(dataset: SiteDataset, workplace: Workplace, total: int) -> SiteFingerprint:
    """The site's part of the fingerprint of ``total`` cases.

    nnU-Net samples each case by itself, with a fixed seed, and as many voxels as ``total`` says, so the samples are
    those that it would take from the pooled cases. Intensities that are no whole HU are rounded.
    """
    return summarise(_measured(dataset, workplace, int(FOREGROUND_SAMPLES // total)), total)


def _measured(dataset: SiteDataset, workplace: Workplace, samples: int) -> Iterator[MeasuredCase]:
    with quiet():
        from nnunetv2.experiment_planning.dataset_fingerprint.fingerprint_extractor import DatasetFingerprintExtractor
        from nnunetv2.imageio.simpleitk_reader_writer import SimpleITKIO

    for case in dataset.cases:
        labels = str(workplace.labels(case, dataset))
        shape, spacing, intensities, _, kept = DatasetFingerprintExtractor.analyze_case(
            [str(case.image)], labels, SimpleITKIO, samples
        )
        yield MeasuredCase(
            tuple(float(mm) for mm in spacing),
            tuple(int(n) for n in shape),
            float(kept),
            Histogram.of(np.asarray(intensities[0], np.float32)),
        )
