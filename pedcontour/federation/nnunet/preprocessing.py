"""A site's cases as the plans want them: nnU-Net's own preprocessing, one case after the other, resumable."""

import shutil
from pathlib import Path
from typing import Any

from pedcontour.federation.nnunet.dataset import Case, SiteDataset
from pedcontour.federation.nnunet.planning import digest_of_plans
from pedcontour.federation.nnunet.workplace import CONFIGURATION, Workplace, replace_with
from pedcontour.inference.nnunet_quiet import quiet

SUFFIXES = (".b2nd", "_seg.b2nd", ".pkl")
"""What nnU-Net keeps of a case; the last one is there only if the others are."""


def preprocess(workplace: Workplace, dataset: SiteDataset, plans: dict[str, Any], description: dict[str, Any]) -> None:
    """Preprocess the cases that are not there yet; those of other plans are made again."""
    with quiet():
        from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

        manager = PlansManager(plans)
        configuration = manager.get_configuration(CONFIGURATION)
        preprocessor = configuration.preprocessor_class(verbose=False)
    folder = workplace.preprocessed / configuration.data_identifier
    parts = workplace.root / "parts"
    for needed in (folder, parts):
        needed.mkdir(parents=True, exist_ok=True)
    _clear_unless_of(folder, digest_of_plans(plans))
    for case in dataset.cases:
        if (folder / f"{case.name}{SUFFIXES[-1]}").exists():
            continue
        files = _files(case, workplace, dataset)
        with quiet():
            preprocessor.run_case_save(str(parts / case.name), *files, manager, configuration, description)
        for suffix in SUFFIXES:
            replace_with(parts / f"{case.name}{suffix}", folder / f"{case.name}{suffix}")
    shutil.rmtree(parts)


def _files(case: Case, workplace: Workplace, dataset: SiteDataset) -> tuple[list[str], str]:
    return [str(case.image)], str(workplace.labels(case, dataset))


def _clear_unless_of(folder: Path, plans: str) -> None:
    """Remove the cases of other plans."""
    stamp = folder.with_suffix(".plans")
    if stamp.exists() and stamp.read_text() == plans:
        return
    for suffix in SUFFIXES:
        for path in folder.glob(f"*{suffix}"):
            path.unlink()
    stamp.write_text(plans)
