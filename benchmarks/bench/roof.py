"""Row ``roof``: the network alone, one tile, as a share of what this processor multiplies in the same precision.

The roof is the product of two square matrices, the best of several sizes and of two libraries: OpenVINO's and PyTorch's
(in float32 PyTorch's takes twice as long on some makers' processors). Both sides use every core, in turns. Work is
counted from the network's convolutions, two operations a multiplication.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.bench.networks import full_network
from benchmarks.bench.rows import Figures, Row
from benchmarks.bench.side import Timed
from benchmarks.bench.sides import REPEATS, Side, in_turns
from benchmarks.bench.teen import KEPT
from pedcontour.bundle import ModelBundle, load_bundle
from pedcontour.inference.nnunet_network import build_network, read_definition
from pedcontour.inference.processor import CPUINFO

TARGET = 0.5
SIZES = (1024, 2048, 4096)
TRIES = 3
PRECISIONS = {"bf16": torch.bfloat16, "fp32": torch.float32}
FLAGS = ("avx2", "avx512f", "avx512_bf16", "avx512_vnni", "amx_tile", "amx_bf16", "amx_int8")
"""Instructions that decide how fast a processor multiplies."""


def measure() -> list[Figures]:
    """Both precisions, where the engine has them."""
    bundle, _ = full_network()
    return measured({"model": str(bundle.folder), "cache": str(KEPT / "converted"), "sizes": SIZES})


def measured(given: Mapping[str, Any], repeats: int = REPEATS) -> list[Figures]:
    """A line for each precision that the engine computes in here."""
    sides = {}
    for precision in PRECISIONS:
        sides[f"network {precision}"] = Side(f"{__name__}:network", {**given, "precision": precision})
        sides[f"roof {precision}"] = Side(f"{__name__}:roof", {**given, "precision": precision})
    runs = in_turns(sides, repeats)
    operations = operations_of(load_bundle(Path(given["model"])))
    lines: dict[str, Figures] = {}
    for asked in PRECISIONS:
        tile_s, engine = runs[f"network {asked}"].median("seconds"), runs[f"network {asked}"].last["engine"]
        precision = engine.rpartition("-")[2]
        # The median of the network and the best of the roof: a busy moment must not lower what is asked for.
        tera, roof_tera = (
            operations / tile_s / 1e12,
            max(run["tera_per_s"] for run in runs[f"roof {precision}"].figures),
        )
        lines[precision] = {
            "name": f"roof/{precision}",
            "ours": round(tera, 3),
            "other": round(roof_tera, 3),
            "other_is": "best product of matrices",
            "ratio": round(tera / roof_tera, 3),
            "unit": "TFLOP/s",
            "target": f">= {TARGET:g}",
            "met": tera >= TARGET * roof_tera,
            "n": repeats,
            "tile_s": round(tile_s, 3),
            "tile_tflop": round(operations / 1e12, 3),
            "engine": engine,
            "cpu_flags": flags(),
        }
    return list(lines.values())


def network(given: Mapping[str, Any]) -> Timed:
    """One tile through the engine's own network."""
    from pedcontour.inference.nnunet_openvino import OpenVinoNetworks

    bundle = load_bundle(Path(given["model"]))
    definition = read_definition(bundle.plans, bundle.dataset, bundle.configuration)
    networks, half = OpenVinoNetworks(bundle, definition, Path(given["cache"]), None), given["precision"] == "bf16"
    run_tile = networks.network(half=half)
    noise = np.random.default_rng(1).normal(size=(1, 1, *definition.patch_size)).astype(np.float32)
    tile = torch.from_numpy(noise)

    def run() -> dict[str, Any]:
        run_tile(tile)
        return {"engine": networks.name(half=half)}

    return run


def roof(given: Mapping[str, Any]) -> Timed:
    """Products of square matrices; the best rate of all sizes and libraries is the roof."""
    products = [(n, make(n, given["precision"])) for n in given["sizes"] for make in (_by_openvino, _by_pytorch)]

    def run() -> dict[str, float]:
        return {"tera_per_s": max(2 * n**3 / _seconds(product) / 1e12 for n, product in products)}

    return run


def _by_pytorch(n: int, precision: str) -> Callable[[], object]:
    one, other = (torch.randn(n, n).to(PRECISIONS[precision]) for _ in range(2))
    return lambda: one @ other


def _by_openvino(n: int, precision: str) -> Callable[[], object]:
    import openvino as ov
    from openvino import opset13

    one, other = (np.random.default_rng(seed).normal(size=(n, n)).astype(np.float32) for seed in range(2))
    given = opset13.parameter([n, n], np.float32)
    model = ov.Model([opset13.matmul(given, opset13.constant(other), False, False)], [given])
    options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": {"fp32": "f32"}.get(precision, precision)}
    request = ov.Core().compile_model(model, "CPU", options).create_infer_request()
    return lambda: request.infer({0: one}, share_inputs=True, share_outputs=True)


def _seconds(product: Callable[[], object]) -> float:
    seconds = []
    for _ in range(TRIES):
        began = perf_counter()
        product()
        seconds.append(perf_counter() - began)
    return median(seconds)


def operations_of(bundle: ModelBundle) -> int:
    """Operations for one tile, counted without running it."""
    definition = read_definition(bundle.plans, bundle.dataset, bundle.configuration)
    module = build_network(definition)
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        module(torch.empty((1, 1, *definition.patch_size), device="meta"))
    return int(counter.get_total_flops())


def flags() -> list[str]:
    """Those of ``FLAGS`` that this processor has."""
    lines = CPUINFO.read_text("utf-8", errors="replace").splitlines() if CPUINFO.exists() else []
    found = next((line.split() for line in lines if line.startswith("flags")), [])
    return [flag for flag in FLAGS if flag in found]


ROW = Row("roof", "one tile of the network as a share of the processor's roof", measure)
