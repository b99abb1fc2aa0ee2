"""Look for what nobody thought of: good files, mutated without end, through the intake's own function.

Seeds are pydicom's own test files and made series in several transfer syntaxes. Hypothesis mutates them; whatever the
intake makes of it must be an answer with a code other than INTERNAL, within limits. An input that gives anything else
is kept in ``results/fuzz-findings`` and the run ends with 1. Prints a line, writes ``results/fuzz.json``.
"""

import argparse
import hashlib
import sys
import tempfile
from collections import Counter
from io import BytesIO
from pathlib import Path
from time import monotonic

import pydicom
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as with_seed
from hypothesis import strategies as st
from pydicom.data import get_testdata_files
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    RLELossless,
)

from benchmarks.results_file import RESULTS, write_results
from service.confinement import Limits, confine, no_core_dumps, peak_memory_bytes
from service.uploads import ARCHIVE_NAME
from service.worker.intake_child import answer
from service.worker.messages import Failed, TakeIn
from tests.hostile.archives import good_zip
from tests.hostile.dicoms import Series, good_series

LIMITS = Limits(memory_bytes=4 * 2**30, cpu_s=10**7, file_bytes=2**30)
LARGEST_SEED_BYTES = 300_000
SLOWEST_S = 20.0
"""An input that takes longer is a finding, too; the machine may be busy."""

FINDINGS = RESULTS / "fuzz-findings"
INTERESTING = [b"\0", b"\xff", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\\", b"nan", b"1e999", b"SQ", b"UN", b"OB"]
INTERESTING += [b"\xfe\xff\x00\xe0", b"\xfe\xff\x0d\xe0", b"\xfe\xff\xdd\xe0", b"\xe0\x7f\x10\x00", b"\x02\x00\x10\x00"]

Mutation = tuple[str, float, bytes, int]


def seeds() -> list[bytes]:
    """Whole files, each a start for mutations."""
    found = []
    for name in sorted(get_testdata_files("*.dcm")):
        file = Path(name)
        if file.is_file() and file.stat().st_size <= LARGEST_SEED_BYTES:
            found.append(file.read_bytes())
    first = good_series()[0]
    for syntax in (ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian, RLELossless, JPEG2000Lossless):
        image = pydicom.dcmread(BytesIO(first))
        if syntax in (RLELossless, JPEG2000Lossless):
            image.compress(syntax, generate_instance_uid=False)
        image.file_meta.TransferSyntaxUID = syntax
        out = BytesIO()
        pydicom.dcmwrite(out, image, implicit_vr=syntax.is_implicit_VR, little_endian=True)
        found.append(out.getvalue())
    return [*found, first, *[first] * (len(found) // 2)]  # our own CT is as likely as all others


def mutations() -> st.SearchStrategy[list[Mutation]]:
    """A few changes: what, where as a share of the file, with which bytes, over how many."""
    change = st.tuples(
        st.sampled_from(("replace", "insert", "cut", "repeat", "end")),
        st.floats(0, 0.9999),
        st.one_of(st.sampled_from(INTERESTING), st.binary(min_size=1, max_size=16)),
        st.integers(1, 200),
    )
    return st.lists(change, min_size=1, max_size=6)


def mutated(content: bytes, changes: list[Mutation]) -> bytes:
    """A file after its changes."""
    for what, share, data, count in changes:
        # Headers are where parsers err: most changes fall into the first kilobytes.
        at = int(share * min(len(content), 4096 if count % 4 else len(content)))
        match what:
            case "replace":
                content = content[:at] + data + content[at + len(data) :]
            case "insert":
                content = content[:at] + data + content[at:]
            case "cut":
                content = content[:at] + content[at + count :]
            case "repeat":
                content = content[:at] + content[at : at + count] * 9 + content[at + count :]
            case "end":
                content = content[:at]
    return content


def outcome_of(files: Series | bytes, folder: Path) -> str:
    """The code of the answer, or DONE."""
    upload, work = folder / "upload", folder / "work"
    upload.mkdir()
    work.mkdir()
    if isinstance(files, bytes):
        (upload / ARCHIVE_NAME).write_bytes(files)
    else:
        for place, content in enumerate(files, 1):
            (upload / f"{place:06}.dcm").write_bytes(content)
    done = answer(TakeIn(upload=upload, folder=work, series_uid=None, limits=LIMITS))
    return done.problem.code if isinstance(done, Failed) else "DONE"


class Fuzzer:
    """Counts what became of the inputs, and keeps those that nobody expected."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.findings: list[str] = []
        self.slowest_s = 0.0

    def try_one(self, files: Series | bytes) -> None:
        """One input; any exception is a finding, and so are an internal error and a long wait."""
        began = monotonic()
        with tempfile.TemporaryDirectory(prefix="pedcontour-fuzz-") as folder:
            try:
                outcome = outcome_of(files, Path(folder))
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                outcome = f"UNCAUGHT {type(error).__name__}"
        took = monotonic() - began
        self.slowest_s = max(self.slowest_s, took)
        self.outcomes[outcome] += 1
        if outcome.startswith(("INTERNAL", "UNCAUGHT")) or took > SLOWEST_S:
            self._keep(files, outcome if took <= SLOWEST_S else f"{outcome} after {took:.0f} s")

    def _keep(self, files: Series | bytes, outcome: str) -> None:
        FINDINGS.mkdir(parents=True, exist_ok=True)
        content = files if isinstance(files, bytes) else files[0]
        name = hashlib.sha256(content).hexdigest()[:16]
        (FINDINGS / name).write_bytes(content)
        self.findings.append(f"{name}: {outcome}")
        print(f"finding {name}: {outcome}", flush=True)


def run(minutes: float, seed: int) -> Fuzzer:
    """Fuzz for so long; the same seed tries the same inputs in the same order."""
    fuzzer, starts, end = Fuzzer(), seeds(), monotonic() + 60 * minutes
    rest, archive = list(good_series()[1:]), good_zip()
    while monotonic() < end:

        @settings(
            max_examples=500,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(st.integers(0, len(starts)), mutations())
        def try_some(which: int, changes: list[Mutation]) -> None:
            if monotonic() >= end:
                return
            if which == len(starts):
                fuzzer.try_one(mutated(archive, changes))
            else:
                fuzzer.try_one([mutated(starts[which], changes), *rest])

        with_seed(seed)(try_some)()
        seed += 1
    return fuzzer


def main() -> int:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    no_core_dumps()
    confine(LIMITS)
    fuzzer = run(asked.minutes, asked.seed)
    row = {
        "minutes": asked.minutes,
        "seed": asked.seed,
        "inputs": sum(fuzzer.outcomes.values()),
        "uncaught": len(fuzzer.findings),
        "slowest_s": round(fuzzer.slowest_s, 2),
        "peak_mib": peak_memory_bytes() >> 20,
        "outcomes": dict(fuzzer.outcomes.most_common()),
        "findings": fuzzer.findings,
    }
    print(row)
    write_results("fuzz", f"make fuzz MINUTES={asked.minutes:g}", [row])
    return 1 if fuzzer.findings else 0


if __name__ == "__main__":
    sys.exit(main())
