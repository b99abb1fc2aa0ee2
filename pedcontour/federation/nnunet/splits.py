"""Which cases are validated on, where a patient has several."""

import json

from pedcontour.federation.nnunet.dataset import SiteDataset
from pedcontour.federation.nnunet.workplace import Workplace

SPLITS = 5
SEED = 12345
"""nnU-Net's own (``nnUNetTrainer.do_split``)."""


def keep_patients_together(workplace: Workplace, dataset: SiteDataset) -> None:
    """Split by patient, as nnU-Net splits by case. With one case a patient, or too few, nothing is written."""
    patients = sorted({case.patient for case in dataset.cases})
    if not SPLITS <= len(patients) < len(dataset.cases):
        return
    from nnunetv2.utilities.crossval_split import generate_crossval_split

    splits = [
        {part: [case.name for case in dataset.cases if case.patient in chosen] for part, chosen in split.items()}
        for split in generate_crossval_split(patients, seed=SEED, n_splits=SPLITS)
    ]
    (workplace.preprocessed / "splits_final.json").write_text(json.dumps(splits))
