"""The same plans at every site: nnU-Net's own planner, given the fingerprint of all."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pedcontour.federation.nnunet.workplace import PLANS, Workplace
from pedcontour.inference.nnunet_quiet import quiet
from pedcontour.small_network.plans import shrink

Plan = dict[str, Any]


def as_planned(plans: Plan) -> Plan:
    """Nothing changed."""
    return plans


def quartered(plans: Plan) -> Plan:
    """The planned network with a quarter of the features in every stage: a rehearsal that two cores can train."""
    full = dict(plans["configurations"]["3d_fullres"])
    architecture = dict(full["architecture"])
    features = [max(1, count // 4) for count in architecture["arch_kwargs"]["features_per_stage"]]
    architecture["arch_kwargs"] = architecture["arch_kwargs"] | {"features_per_stage": features}
    return plans | {"configurations": {"3d_fullres": full | {"architecture": architecture}}}


NETWORKS: dict[str, Callable[[Plan], Plan]] = {"planned": as_planned, "quarter": quartered, "small": shrink}
"""What may become of the plans, by name."""


@dataclass(frozen=True)
class Planning:
    """How to plan; every site must plan alike, else the plans' digests differ and the run stops before it begins.

    ``gpu_memory_gb`` and ``spacing_mm`` (slice, row, column) are nnU-Net's own options; ``adapt`` may change the
    finished plans, for a network smaller than any that nnU-Net plans.
    """

    gpu_memory_gb: float = 8.0
    spacing_mm: tuple[float, float, float] | None = None
    adapt: Callable[[Plan], Plan] = as_planned


def plan(workplace: Workplace, fingerprint: dict[str, Any], planning: Planning) -> Plan:
    """Plan with nnU-Net's ``ExperimentPlanner``; the same fingerprint is planned once.

    ``workplace.describe`` must have been called with the number of all cases.
    """
    measured = json.dumps(fingerprint, sort_keys=True)
    planned = workplace.preprocessed / "planned_from.json"  # written last: the plans before it are whole
    if planned.exists() and planned.read_text() == measured:
        return read_plans(workplace)
    planned.unlink(missing_ok=True)
    workplace.plans.unlink(missing_ok=True)  # nnU-Net would take over its configurations
    (workplace.preprocessed / "dataset_fingerprint.json").write_text(measured)
    workplace.announce(workers=1)  # nnU-Net estimates memory with as many threads; torch refuses none
    with quiet():
        from nnunetv2.experiment_planning.experiment_planners.default_experiment_planner import ExperimentPlanner

        spacing = None if planning.spacing_mm is None else [float(mm) for mm in planning.spacing_mm]
        ExperimentPlanner(
            workplace.dataset_name, planning.gpu_memory_gb, plans_name=PLANS, overwrite_target_spacing=spacing
        ).plan_experiment()
    plans = planning.adapt(read_plans(workplace))
    workplace.plans.write_text(json.dumps(plans, indent=2))
    planned.write_text(measured)
    return plans


def read_plans(workplace: Workplace) -> Plan:
    """The plans that were made last."""
    plans: Plan = json.loads(workplace.plans.read_text())
    return plans


def digest_of_plans(plans: Plan) -> str:
    """SHA-256 of plans, whatever file they lie in: of JSON with sorted keys, floats in their shortest form."""
    written = json.dumps(plans, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(written.encode("ascii")).hexdigest()
