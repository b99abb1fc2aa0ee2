"""Contour held-out patients of both hospitals with the model of every arm, by the product's own engine."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from benchmarks.federated_model.arms import ARMS, TESTS, Test, WorkFolder
from pedcontour.bundle import ModelBundle, load_bundle
from pedcontour.datasets.hospitals import held_out_child
from pedcontour.inference.choice import EngineChoice, load_engine
from pedcontour.inference.port import Engine
from pedcontour.metrics import Agreement, Case, compare
from pedcontour.organs import all_organs

EVALUATED = tuple(organ.id for organ in all_organs().values() if organ.evaluated)

Figures = dict[str, list[dict[str, Agreement]]]
"""By arm: for every patient, in one order, the agreement of each organ that is evaluated."""


def load_models(work: WorkFolder) -> dict[str, ModelBundle]:
    """The model of every arm. Raises ``ModelError`` while one is missing."""
    return {arm.name: load_bundle(work.models / arm.name) for arm in ARMS}


def judge(work: WorkFolder, cases: int, choice: EngineChoice) -> dict[str, Figures]:
    """Figures by test; patients that were judged before, with these very models, are not judged again."""
    bundles = load_models(work)
    folder = work.judged(_digest(bundles))
    folder.mkdir(parents=True, exist_ok=True)
    engines: dict[str, Engine] = {}
    figures: dict[str, Figures] = {}
    for test in TESTS:
        figures[test.name] = {arm.name: [] for arm in ARMS}
        for number in range(cases):
            path = folder / f"{test.hospital.name}-{number:04d}.json"
            if not path.exists():
                engines = engines or {name: load_engine(bundle, choice) for name, bundle in bundles.items()}
                _keep(path, _judged(engines, test, number))
            for name, organs in _read(path).items():
                figures[test.name][name].append(organs)
    return figures


def _judged(engines: Mapping[str, Engine], test: Test, number: int) -> dict[str, list[Agreement]]:
    """One patient by every arm: labels as the network draws them, before any verdict removes something."""
    case = held_out_child(test.hospital, number)
    drawn = {name: engine.segment(case.image, lambda _: None).labels for name, engine in engines.items()}
    return {
        name: [agreement for agreement in compare(case.truth, labels) if agreement.organ in EVALUATED]
        for name, labels in drawn.items()
    }


def _digest(bundles: Mapping[str, ModelBundle]) -> str:
    sums = "\n".join(f"{name} {bundle.weights_sha256}" for name, bundle in sorted(bundles.items()))
    return hashlib.sha256(sums.encode()).hexdigest()[:16]


def _keep(path: Path, judged: Mapping[str, list[Agreement]]) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps({name: [asdict(one) for one in found] for name, found in judged.items()}))
    part.replace(path)


def _read(path: Path) -> dict[str, dict[str, Agreement]]:
    said = json.loads(path.read_text())
    return {
        name: {one["organ"]: Agreement(**one | {"case": Case(one["case"])}) for one in found}
        for name, found in said.items()
    }
