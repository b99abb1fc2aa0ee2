"""The federated model as it could be shipped: the exported folder with a name, a licence and a card that tells all."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from string import Template
from typing import Any

from benchmarks.federated_model.arms import FEDERATED, TESTS, WorkFolder
from benchmarks.federated_model.judging import EVALUATED
from benchmarks.federated_model.page import claims_of, total_iterations
from pedcontour.bundle import MANIFEST_NAME, ModelBundle, load_bundle, verify_bundle
from pedcontour.bundle.description import DESCRIPTION_NAME, read_description, write_description
from pedcontour.bundle.manifest import write_manifest
from pedcontour.bundle.model import CARD_NAME
from pedcontour.errors import ModelError, RequestError
from pedcontour.federation.evidence import evidence_of
from pedcontour.federation.provenance import check_provenance
from pedcontour.organs import all_organs

SHIPPED_ID = "pedcontour-small"
VERSION = "3"
MOST_BYTES = 15_000_000
"""What a model in the repository may weigh."""

TEMPLATE = Template((Path(__file__).parent / "card.md").read_text("utf-8"))
USE = "Demonstration and tests. Trained on synthetic data; not for use on patients."


def ship(work: WorkFolder, results: Mapping[str, Any]) -> ModelBundle:
    """Write ``models/pedcontour-small`` beside the arms' models, from the federated one and the results of judging it.

    Raises ``RequestError`` for results of another model or a folder that is there, ``ModelError`` for one too large.
    """
    source, out = load_bundle(work.models / FEDERATED.name), work.models / SHIPPED_ID
    if results["weights_sha256"][FEDERATED.name] != source.weights_sha256:
        raise RequestError("the results are those of another federated model; judge this one first")
    if out.exists():
        raise RequestError(f"{out.name} is there already")
    part = work.models / f".{SHIPPED_ID}"
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(source.folder, part)
    _describe(part, source, results)
    shutil.copytree(evidence_of(source.folder), evidence_of(out), dirs_exist_ok=True)
    part.rename(out)
    bundle = load_bundle(out)
    verify_bundle(bundle)
    check_provenance(bundle)
    return bundle


def _describe(folder: Path, source: ModelBundle, results: Mapping[str, Any]) -> None:
    told = read_description((folder / DESCRIPTION_NAME).read_text("utf-8"))
    named = replace(
        told,
        id=SHIPPED_ID,
        name="pedcontour small (synthetic training, federated)",
        version=VERSION,
        licence="Apache-2.0",
        intended_use=USE,
    )
    (folder / DESCRIPTION_NAME).write_text(write_description(named), "utf-8", newline="\n")
    (folder / CARD_NAME).write_text(_card(source, results), "utf-8", newline="\n")
    (folder / MANIFEST_NAME).unlink()
    write_manifest(folder)
    if (size := sum(path.stat().st_size for path in folder.iterdir())) > MOST_BYTES:
        raise ModelError(f"{size} bytes, a model in the repository has at most {MOST_BYTES}")


def _card(source: ModelBundle, results: Mapping[str, Any]) -> str:
    schedule, told = results["schedule"], source.provenance
    return TEMPLATE.substitute(
        id=SHIPPED_ID,
        organs=len(source.organs),
        sites=told["federation_sites"],
        rounds=told["federation_rounds"],
        first=_first(schedule),
        total=total_iterations(schedule),
        optimizer=schedule["optimizer"],
        annotated=told["federation_annotated"],
        cases=results["cases"],
        figures=_figures(results),
        claims=_claims(results),
    )


def _first(schedule: Mapping[str, Any]) -> str:
    if schedule["start"] is None:
        return "random weights"
    model, digest = schedule["start_model"], schedule["start"]
    return f"{model}, whose card says what it had learned from; its weights have the digest `{digest}`"


def _figures(results: Mapping[str, Any]) -> str:
    means = {row["name"]: row["ours"] for row in results["rows"]}
    lines = ["| organ | " + " | ".join(test.name for test in TESTS) + " |", "|---" * (len(TESTS) + 1) + "|"]
    for organ in EVALUATED:
        told = (means[f"{test.name}/{FEDERATED.name}/{organ}"] for test in TESTS)
        cells = ("-" if mean is None else f"{mean:.3f}" for mean in told)
        lines.append(f"| {all_organs()[organ].name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _claims(results: Mapping[str, Any]) -> str:
    whole, *parts = claims_of(results["rows"])
    return "\n".join(
        [f"Against training at one hospital alone, the study's claim is {whole}:", "", *(f"- {p}" for p in parts)]
    )
