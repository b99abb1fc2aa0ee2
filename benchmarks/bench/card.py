"""The table's column for a graphics card: ``python -m benchmarks.bench.card``, on a machine that has one.

Three rows: ``end_to_end`` with both sides on the card, ``agreement`` of ours on the card with stock in float32 on the
processor, and ``roof``, one batch of tiles as a share of the card's own product of matrices in half precision. Lines go
to ``benchmarks/results/bench_card.json`` with the name of the card.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from time import perf_counter

import torch
from rich.console import Console

from benchmarks.bench import agreement, end_to_end
from benchmarks.bench.__main__ import table
from benchmarks.bench.networks import full_network
from benchmarks.bench.roof import operations_of
from benchmarks.bench.rows import Figures, keep, table_of
from benchmarks.results_file import commit
from pedcontour.bundle import ModelBundle
from pedcontour.inference.nnunet_network import read_definition
from pedcontour.inference.nnunet_torch import TorchNetworks, find_device

LEAST_DSC = {"exact": 0.999, "standard": 0.997}
ROOF_TARGET = 0.2
TEEN_TARGET_S = 2.5
SIZES = (4096, 8192, 16384)
TRIES = 5


def jobs(device: str) -> Iterator[Figures]:
    """DICOM to DICOM in mode ``standard``, stock on the same card; for the case "teen" seconds count too."""
    for line in end_to_end.measure(modes=["standard"], device=device):
        yield line
        if line["name"] == "end_to_end/teen/standard":
            seconds = {"name": f"{line['name']}/seconds", "ours": line["ours"], "unit": "s", "n": line["n"]}
            yield seconds | {"target": f"<= {TEEN_TARGET_S:g}", "met": line["ours"] <= TEEN_TARGET_S}


def labels(device: str) -> Iterator[Figures]:
    """Each mode's labels on the card against stock's in float32."""
    yield from agreement.measure(device=device, least_dsc=LEAST_DSC)


def share_of_roof(device: str) -> Iterator[Figures]:
    """The full-size network."""
    bundle, _ = full_network()
    yield roof_line(bundle, find_device(device))


def roof_line(bundle: ModelBundle, device: torch.device, sizes: Sequence[int] = SIZES) -> Figures:
    """One batch of tiles as the engine runs it, against the best product of square matrices in half precision."""
    definition = read_definition(bundle.plans, bundle.dataset, bundle.configuration)
    networks = TorchNetworks(bundle, definition, device, None)
    run_tiles = networks.network(half=True)
    count = run_tiles.tiles_at_once
    tiles = torch.randn((count, 1, *definition.patch_size), device=device)
    batch_s = _seconds(lambda: run_tiles(tiles), device)
    tera = count * operations_of(bundle) / batch_s / 1e12
    roof_tera = max(2 * n**3 / _seconds(_product(n, device), device) / 1e12 for n in sizes)
    return {
        "name": "roof/fp16",
        "ours": round(tera, 3),
        "other": round(roof_tera, 3),
        "other_is": "best product of matrices",
        "ratio": round(tera / roof_tera, 3),
        "unit": "TFLOP/s",
        "target": f">= {ROOF_TARGET:g}",
        "met": tera >= ROOF_TARGET * roof_tera,
        "n": TRIES,
        "batch_s": round(batch_s, 4),
        "tiles_at_once": count,
        "engine": networks.name(half=True),
    }


def _product(n: int, device: torch.device) -> Callable[[], object]:
    one, other = (torch.randn((n, n), device=device).half() for _ in range(2))
    return lambda: one @ other


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    """The median of several runs after one, each until the card has finished."""
    seconds = []
    for _ in range(1 + TRIES):
        began = perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        seconds.append(perf_counter() - began)
    return median(seconds[1:])


ROWS = {"end_to_end": jobs, "agreement": labels, "roof": share_of_roof}


def main() -> None:
    """Measure the rows asked for, write and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--row", action="append", choices=list(ROWS), help="A row, or several; all if left out.")
    parser.add_argument("--device", default="cuda", help="cuda, or one of several cards, such as cuda:1.")
    options = parser.parse_args()
    Console().print(f"Measuring {commit()}.")
    for name in options.row or ROWS:
        Console().print(table(keep(ROWS[name](options.device), table_of(options.device))))


if __name__ == "__main__":
    main()
