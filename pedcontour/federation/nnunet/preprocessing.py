"""A site's cases as the plans want them: nnU-Net's own preprocessing, resumable after each case."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pedcontour.federation.nnunet.dataset import SiteDataset
from pedcontour.federation.nnunet.planning import digest_of_plans
from pedcontour.federation.nnunet.processes import for_each
from pedcontour.federation.nnunet.workplace import CONFIGURATION, Workplace, replace_with
from pedcontour.inference.nnunet_quiet import quiet

SUFFIXES = (".b2nd", "_seg.b2nd", ".pkl")
"""What nnU-Net keeps of a case; the last one is there only if the others are."""


@dataclass(frozen=True)
class _Step:
    """Preprocesses one case into the folder, where it is whole or not at all."""

    plans: dict[str, Any]
    description: dict[str, Any]
    parts: Path
    folder: Path

    def __call__(self, case: tuple[str, Path, Path]) -> None:
        name, image, labels = case
        with quiet():
            from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

            manager = PlansManager(self.plans)
            configuration = manager.get_configuration(CONFIGURATION)
            preprocessor = configuration.preprocessor_class(verbose=False)
            files = [str(image)], str(labels)
            preprocessor.run_case_save(str(self.parts / name), *files, manager, configuration, self.description)
        for suffix in SUFFIXES:
            replace_with(self.parts / f"{name}{suffix}", self.folder / f"{name}{suffix}")


def preprocess(
    workplace: Workplace, dataset: SiteDataset, plans: dict[str, Any], description: dict[str, Any], workers: int = 0
) -> None:
    """Preprocess the cases that are not there yet; those of other plans are made again."""
    folder = workplace.preprocessed / plans["configurations"][CONFIGURATION]["data_identifier"]
    parts = workplace.root / "parts"
    for needed in (folder, parts):
        needed.mkdir(parents=True, exist_ok=True)
    _clear_unless_of(folder, digest_of_plans(plans))
    missing = [case for case in dataset.cases if not (folder / f"{case.name}{SUFFIXES[-1]}").exists()]
    files = [(case.name, case.image, workplace.labels(case, dataset)) for case in missing]
    for _ in for_each(_Step(plans, description, parts, folder), files, workers):
        pass
    shutil.rmtree(parts)


def _clear_unless_of(folder: Path, plans: str) -> None:
    """Remove the cases of other plans."""
    stamp = folder.with_suffix(".plans")
    if stamp.exists() and stamp.read_text() == plans:
        return
    for suffix in SUFFIXES:
        for path in folder.glob(f"*{suffix}"):
            path.unlink()
    stamp.write_text(plans)
