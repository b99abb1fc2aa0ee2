"""``make federation-cost``: what a round costs a site beside training, at the size of the study's network.

Two processes meet over a folder and over S3 on this machine; a trainer that does not train hands over 31 M parameters.
Seconds are of processor time, since two sites and a store share this machine; elapsed ones stand beside them.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from benchmarks.results_file import write_results
from pedcontour.federation import ear, global_model, participant, voice
from pedcontour.federation.averaging import Weights
from pedcontour.federation.keys import Keys
from pedcontour.federation.participant import unheard
from pedcontour.federation.simulation import SimulatedRun, prepare
from pedcontour.federation.site_folder import SiteFolder
from pedcontour.federation.site_memory import SiteMemory
from pedcontour.federation.store import SharedStore, open_run_store
from pedcontour.federation.take_part import Patience, take_part
from pedcontour.federation.trainer import Plans, RunRecord, SitePost, Trained
from pedcontour.settings import Settings
from tests.s3_server import KEY_ID, SECRET, new_bucket, running_s3

TRAINER = "benchmarks.federation_cost:trainer_for"
FEATURES = (32, 64, 128, 256, 320, 320)
CLASSES = 20
"""The study's PlainConvUNet with its 19 organs."""

MAX_UP_MB, MAX_PROCESSING_S = 123.2, 5.0
"""To one decimal, as it is given: the network alone is 123.20 MB."""
PARTS: tuple[tuple[str, Any, str], ...] = (
    ("serialise", participant, "pack"),
    ("deserialise", global_model, "unpack"),
    ("digest", participant, "digest_of"),
    ("digest", global_model, "digest_of"),
    ("digest", voice, "digest"),
    ("digest", ear, "digest"),
    ("encrypt", voice, "seal"),
    ("decrypt", Keys, "unseal"),
    ("average", global_model, "mean_of"),
    ("check", participant, "check_weights"),
    ("check", global_model, "check_weights"),
    ("check", global_model, "check_fit"),
    ("own disk", SiteMemory, "_write"),
    ("own disk", SiteMemory, "recall"),
)
"""A part's name, and the function that is timed for it, where it is used; none calls another. What is left is other:
requests' own work, documents, signatures, and, elapsed, waiting for the other site."""


def study_shapes() -> dict[str, tuple[int, ...]]:
    """Every unique tensor of the study's network: 30.8 M parameters."""
    shapes: dict[str, tuple[int, ...]] = {}

    def block(name: str, inside: int, outside: int) -> None:
        shapes[f"{name}.conv.weight"] = (outside, inside, 3, 3, 3)
        for bias in ("conv.bias", "norm.weight", "norm.bias"):
            shapes[f"{name}.{bias}"] = (outside,)

    for stage, (inside, outside) in enumerate(zip((1, *FEATURES), FEATURES, strict=False)):
        block(f"encoder.{stage}.0", inside, outside)
        block(f"encoder.{stage}.1", outside, outside)
    for stage, (below, here) in enumerate(zip(FEATURES[:0:-1], FEATURES[-2::-1], strict=True)):
        up = (2, 2, 2) if stage else (1, 2, 2)  # 64 slices are halved four times, 192 columns five times
        shapes[f"decoder.{stage}.up.weight"], shapes[f"decoder.{stage}.up.bias"] = (below, here, *up), (here,)
        block(f"decoder.{stage}.0", 2 * here, here)
        block(f"decoder.{stage}.1", here, here)
        shapes[f"decoder.{stage}.head.weight"] = (CLASSES, here, 1, 1, 1)
        shapes[f"decoder.{stage}.head.bias"] = (CLASSES,)
    return shapes


class CostTrainer:
    """Gives a model of the study's size a small push."""

    def __init__(self, site: str) -> None:
        self._push = np.float32(0.001 * len(site))

    def count_cases(self) -> int:
        """Made up."""
        return 30

    def fingerprint(self, total_cases: int) -> bytes:
        """Made up."""
        return b"%d" % total_cases

    def plan(self, _: Mapping[str, bytes]) -> Plans:
        """The same random model everywhere."""
        chance = np.random.default_rng(7)
        return Plans("0" * 64, {name: _normal(chance, shape) for name, shape in study_shapes().items()})

    def train(self, _: int, start: Weights) -> Trained:
        """The push."""
        return Trained({name: tensor + self._push for name, tensor in start.items()}, 30)

    def forget(self, round_number: int) -> None:
        """Nothing is kept."""

    def export(self, fingerprints: Mapping[str, bytes], model: Weights, record: RunRecord, out: Path) -> None:
        """Nobody asks for it here."""
        raise NotImplementedError


def _normal(chance: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return chance.standard_normal(shape, np.float32)


def trainer_for(post: SitePost) -> CostTrainer:
    """The ``TrainerFactory``."""
    return CostTrainer(post.site)


@dataclass
class Ledger:
    """What was spent, by part: processor seconds and elapsed ones; requests and bytes."""

    processor_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    elapsed_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    counted: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Book the time of a block."""
        began, began_elapsed = time.process_time(), time.perf_counter()
        try:
            yield
        finally:
            self.processor_s[part] += time.process_time() - began
            self.elapsed_s[part] += time.perf_counter() - began_elapsed

    def close(self) -> None:
        """Turn what was booked as all into what no part names; the trainer's time is no part of it."""
        for book in (self.processor_s, self.elapsed_s):
            whole = book.pop("all")
            book["other"] = whole - sum(book.values())
            for beside in ("training", "planning"):
                del book[beside]

    def watch(self, part: str, place: Any, name: str) -> None:
        """Time a function from now on."""
        original: Callable[..., Any] = getattr(place, name)

        def timed(*args: Any, **kwargs: Any) -> Any:
            with self.timed(part):
                return original(*args, **kwargs)

        setattr(place, name, timed)


class Metered:
    """A store whose requests and bytes are counted and timed."""

    def __init__(self, store: SharedStore, ledger: Ledger) -> None:
        self._store = store
        self._ledger = ledger

    def put(self, key: str, content: bytes) -> None:
        """See ``SharedStore.put``."""
        self._ledger.counted["requests"] += 1
        with self._ledger.timed("upload"):
            self._store.put(key, content)
        self._ledger.counted["up"] += len(content)

    def get(self, key: str) -> bytes:
        """See ``SharedStore.get``."""
        self._ledger.counted["requests"] += 1
        with self._ledger.timed("download"):
            content = self._store.get(key)
        self._ledger.counted["down"] += len(content)
        return content

    def __getattr__(self, name: str) -> Any:
        self._ledger.counted["requests"] += 1
        return getattr(self._store, name)


def measure_site(work: Path, told: Path) -> None:
    """Take part as one site, and write what it cost to a file."""
    ledger = Ledger()
    trainer = import_module(TRAINER.partition(":")[0]).CostTrainer  # which is not this program's own
    for part in (*PARTS, ("training", trainer, "train"), ("planning", trainer, "plan")):
        ledger.watch(*part)
    folder, settings = SiteFolder.open(work), Settings.read()
    store = Metered(open_run_store(folder.config.store, folder.charter_digest, settings), ledger)
    with ledger.timed("all"):
        take_part(folder, store, Patience(0.2, 3600.0), unheard)
    ledger.close()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    told.write_text(
        json.dumps(
            {"processor_s": ledger.processor_s, "elapsed_s": ledger.elapsed_s, **ledger.counted, "peak": peak_mb}
        )
    )


def _measure(folder: Path, store: str, rounds: int, environment: Mapping[str, str]) -> dict[str, Any]:
    """What one of two sites that run at once spent."""
    data = dict.fromkeys(("site-1", "site-2"), folder)
    folders = prepare(folder, SimulatedRun(store, data, ("liver",), "none", rounds, trainer=TRAINER))
    command = (sys.executable, "-m", "benchmarks.federation_cost", "--site")
    sites = [
        subprocess.Popen(
            [*command, str(work), "--told", str(folder / f"{name}.json")], env={**os.environ, **environment}
        )
        for name, work in folders.items()
    ]
    if any(site.wait() for site in sites):
        raise RuntimeError("a site failed")
    told: dict[str, Any] = json.loads((folder / "site-1.json").read_text())
    return told


def _rows(name: str, told: dict[str, Any], rounds: int) -> list[dict[str, Any]]:
    def row(what: str, ours: float, unit: str, target: float | None = None, **more: float) -> dict[str, Any]:
        aim = {} if target is None else {"target": f"<= {target}", "met": round(ours, 1) <= target}
        return {"name": f"{name}: {what}", "ours": round(ours, 3), "unit": unit, "n": rounds} | aim | more

    processor = {part: spent / rounds for part, spent in told["processor_s"].items()}
    elapsed = {part: spent / rounds for part, spent in told["elapsed_s"].items()}
    parts = [row(part, spent, "s", elapsed_s=round(elapsed[part], 3)) for part, spent in sorted(processor.items())]
    total = row("processing", sum(processor.values()), "s", MAX_PROCESSING_S, elapsed_s=round(sum(elapsed.values()), 3))
    return [
        row("up", told["up"] / rounds / 1e6, "MB", MAX_UP_MB),
        row("down", told["down"] / rounds / 1e6, "MB"),
        row("requests", told["requests"] / rounds, "requests"),
        *parts,
        total,
        row("peak memory", told["peak"], "MB"),
    ]


def main(
    rounds: Annotated[int, typer.Option(help="Rounds over each store.")] = 5,
    site: Annotated[Path | None, typer.Option(help="Be one site of a measurement.", hidden=True)] = None,
    told: Annotated[Path, typer.Option(help="Where that site tells.", hidden=True)] = Path("told.json"),
) -> None:
    """Measure, print, and write benchmarks/results/federation-cost.json."""
    if site is not None:
        measure_site(site, told)
        return
    parameters = sum(int(np.prod(shape)) for shape in study_shapes().values())
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="federation-cost-") as scratch, running_s3() as endpoint:
        at = Path(scratch)
        bucket = {
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "PEDCONTOUR_FEDERATION_ENDPOINT": endpoint,
        }
        for name, store, environment in (
            ("folder", str(at / "store"), {}),
            ("S3", f"s3://{new_bucket(endpoint).name}", bucket),
        ):
            rows += _rows(name, _measure(at / name, store, rounds, environment), rounds)
    for row in rows:
        aim = f"{row['target']:>9}  {'met' if row['met'] else 'NOT MET'}" if "target" in row else ""
        print(f"{row['name']:<22} {row['ours']:>9.3f} {row['unit']:<9} {aim}")
    write_results("federation-cost", "make federation-cost", rows, parameters=parameters)


if __name__ == "__main__":
    typer.run(main)
