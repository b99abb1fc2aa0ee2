"""Row ``end_to_end``: DICOM in to DICOM out with a full-size network, against SimpleITK, stock nnU-Net's command,
highdicom and rt-utils; the same weights, image and processor on both sides, no mirroring.

Both networks run in full and label the image. What is then written is the phantom's truth, on both sides: weights as
before training draw noise, whose contours would measure the writers on what no one writes. The last layer is fitted to
a phantom, for labelling takes us, and not stock, longer the noisier the scores are (``benchmarks/bench/fitted.py``).
Ours also judges, reads its files back and draws a picture; stock does not.
"""

import argparse
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.bench.networks import Training, full_network
from benchmarks.bench.others import others
from benchmarks.bench.rows import Figures, Row, keep, ratio_line, table_of
from benchmarks.bench.side import Timed
from benchmarks.bench.sides import REPEATS, Runs, Side, in_turns
from benchmarks.bench.teen import KEPT, case

TARGETS = {"standard": 12.0, "exact": 3.0}
CARD_TARGETS = {"standard": 8.0, "exact": 3.0}
CARD_TARGET_MIB = 6 * 1024
"""Of a card's memory, with all that torch keeps."""
MEMORY_TARGET = 0.4
"""Our peak as a share of stock's."""
CASES = ("teen", "child", "infant")


def measure(
    names: Sequence[str] = CASES,
    modes: Sequence[str] = tuple(TARGETS),
    other_repeats: int = REPEATS,
    device: str = "cpu",
) -> Iterator[Figures]:
    """Each case in each mode, warm and cold, against stock; a case's lines come as soon as it is measured."""
    bundle, training = full_network()
    for name in names:
        with tempfile.TemporaryDirectory() as work:
            given = {"case": str(case(name).folder), "model": str(bundle.folder), "work": work}
            given |= {"cache": str(KEPT / "converted"), "results": str(training.results), "device": device}
            runs = in_turns(_sides(given, modes, other_repeats))
        for mode in modes:
            yield from lines(f"end_to_end/{name}/{mode}", runs, mode, targets_on(device)[mode])


def targets_on(device: str) -> Mapping[str, float]:
    """How many times as fast as stock on the same device, by mode."""
    return TARGETS if device == "cpu" else CARD_TARGETS


def _sides(given: Mapping[str, Any], modes: Sequence[str], other_repeats: int) -> dict[str, Side]:
    sides = {}
    for mode in modes:
        own = {**given, "mode": mode}
        sides[f"warm {mode}"] = Side("benchmarks.bench.contouring:warm", own)
        sides[f"cold {mode}"] = Side("benchmarks.bench.contouring:cold", own, repeats=REPEATS)
    return sides | {"stock": Side(f"{__name__}:stock", given, [others()], repeats=other_repeats)}


def lines(name: str, runs: Mapping[str, Runs], mode: str, target: float) -> list[Figures]:
    """Warm and cold against stock, and peak memory, of a card too where one was used."""
    stock_name = f"SimpleITK, nnunetv2 {version('nnunetv2')}, highdicom, rt-utils"
    stock, warm = runs["stock"], runs[f"warm {mode}"]
    found = []
    for kind, suffix in (("warm", ""), ("cold", "/cold")):
        own = runs[f"{kind} {mode}"]
        line = ratio_line(f"{name}{suffix}", own, stock, stock_name, target)
        last = own.last
        line |= {"other_n": len(stock.figures), "tiles": last["tiles_run"], "engine": last["engine"]}
        line |= {"other_tiles": last["tiles_run"] + last["tiles_skipped"], "stages_s": last["stages_s"]}
        found.append(line)
    ours_mib, other_mib = warm.median("peak_mib"), stock.median("peak_mib")
    memory = {"ours": round(ours_mib), "other": round(other_mib), "other_is": stock_name, "unit": "MiB at most"}
    memory |= {"ratio": round(ours_mib / other_mib, 2), "target": f"<= {MEMORY_TARGET:g}"}
    memory |= {"met": ours_mib <= MEMORY_TARGET * other_mib, "n": len(warm.figures), "other_n": len(stock.figures)}
    return [*found, {"name": f"{name}/memory", **memory}, *_card_memory(name, warm)]


def _card_memory(name: str, warm: Runs) -> list[Figures]:
    if "card_peak_mib" not in warm.last:
        return []
    peak_mib = warm.median("card_peak_mib")
    line = {"name": f"{name}/card memory", "ours": round(peak_mib), "unit": "MiB at most", "n": len(warm.figures)}
    return [line | {"target": f"<= {CARD_TARGET_MIB}", "met": peak_mib <= CARD_TARGET_MIB}]


def stock(given: Mapping[str, Any]) -> Timed:
    """What a script around stock nnU-Net does with a folder of CT instances."""
    from benchmarks.bench.rtstruct import rt_utils
    from benchmarks.bench.seg import one_hot
    from benchmarks.bench.stock import predict
    from benchmarks.bench.teen import read_case

    read_case(given["case"])  # the truth, which is written in the end; not counted
    folder = Path(given["work"]) / "stock"

    def run() -> dict[str, float]:
        shutil.rmtree(folder, ignore_errors=True)
        as_nifti(Path(given["case"]) / "ct", folder)
        peak_mib = predict(Training(Path(given["results"])), folder, given["device"])
        for writer, kind in ((one_hot, "seg"), (rt_utils, "rtstruct")):
            (folder / kind).mkdir()
            writer({"case": given["case"], "out": str(folder / kind)})()
        return {"peak_mib": peak_mib}

    return run


def as_nifti(ct: Path, folder: Path) -> None:
    """A folder of instances to the file that stock reads, by SimpleITK."""
    import SimpleITK

    from benchmarks.bench.stock import image_path

    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(ct)))
    SimpleITK.WriteImage(reader.Execute(), str(image_path(folder)))


def main() -> None:
    """Some cases and modes only, or fewer repetitions of stock, which takes minutes each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", action="append", choices=CASES, help="A case, or several; all if left out.")
    parser.add_argument("--mode", action="append", choices=list(TARGETS), help="A mode, or both; both if left out.")
    parser.add_argument("--other-repetitions", type=int, default=REPEATS, help="How often stock runs (default 5).")
    parser.add_argument("--device", default="cpu", help="cpu, or cuda for both sides; then see benchmarks.bench.card.")
    options = parser.parse_args()
    modes = options.mode or tuple(TARGETS)
    measured = measure(options.case or CASES, modes, options.other_repetitions, options.device)
    keep(measured, table_of(options.device))


ROW = Row("end_to_end", "DICOM in to DICOM out with a full-size network against stock nnU-Net, hours", measure)

if __name__ == "__main__":
    main()
