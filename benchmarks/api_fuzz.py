"""Made-up requests to every operation of a real gateway, with a key and without, and what it answers.

The requests come from the OpenAPI document; the ids in most of them are those of jobs in every state. The service is
the one that ``pedcontour serve`` starts, with a stand-in for the network. Prints a table, writes
``results/api_fuzz.json``, and ends with 1 when an answer is a server error or is not described.
"""

import argparse
import secrets
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from typing import Any

import schemathesis
from pydantic import SecretStr

from benchmarks.results_file import write_results
from pedcontour.settings import Settings
from pedcontour.storage import LocalResultStore
from service.embedded import RunningService, running
from service.gateway.keys import KeyRing
from service.jobtable import open_job_table
from tests.api_fuzzing import CHECKS, SERVER_ERROR, Tried, configuration, fuzz
from tests.api_stock import ApiStock
from tests.stand_ins.model import write_stand_in_model

STAND_IN_WORKER = (sys.executable, "-m", "tests.stand_ins.worker")

EXAMPLES = 300


def tried(service: RunningService, key: str, examples: int) -> Iterator[tuple[str, Tried]]:
    """Every operation, first with the key and then without."""
    owner = KeyRing([key]).principal(key)
    assert owner is not None
    table = open_job_table(service.settings.job_table_url)
    stock = ApiStock(table, LocalResultStore(service.settings.results_dir), owner.tenant)
    for who, shown in (("with key", key), ("no key", None)):
        config = configuration(examples, shown)
        schema = schemathesis.openapi.from_url(f"{service.url}/openapi.json", config=config)
        for one in fuzz(schema, stock):
            yield who, one
    table.close()


def row_of(who: str, one: Tried) -> dict[str, Any]:
    """A line of the table."""
    return {
        "name": f"{one.operation}, {who}",
        "cases": one.cases,
        "answers": {str(status): count for status, count in sorted(one.statuses.items())},
        "server_errors": one.server_errors,
        "violations": one.violations,
        "target": 0,
        "met": not one.failures,
    }


def run(examples: int) -> Iterator[dict[str, Any]]:
    """The lines of the table, from a fresh service."""
    key = secrets.token_urlsafe(32)
    with tempfile.TemporaryDirectory(prefix="pedcontour-api-") as folder:
        root = Path(folder)
        write_stand_in_model(root / "models")
        settings = Settings(
            data_dir=root / "data",
            models_dir=root / "models",
            port=0,
            api_keys=(SecretStr(key),),
            max_posts_per_minute=1_000_000,  # else most uploads would be answered with 429
        )
        with running(settings, STAND_IN_WORKER, logs=root / "logs") as service:
            for who, one in tried(service, key, examples):
                row = row_of(who, one)
                print(
                    f"{row['name']:52} {one.cases:6} {one.server_errors:14} {one.violations:11}  {row['answers']}",
                    flush=True,
                )
                for check, told in one.failures.items():
                    print(f"  {check}:\n    " + "\n    ".join(told[0].splitlines()))
                yield row


def main() -> int:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=EXAMPLES, help="made-up requests for each operation")
    examples = parser.parse_args().examples
    began = monotonic()
    print(f"{'operation':52}  cases  server errors  violations  answers")
    rows = list(run(examples))
    sums = {name: sum(row[name] for row in rows) for name in ("cases", "server_errors", "violations")}
    total = {"operations": len({row["name"].partition(",")[0] for row in rows}), **sums}
    print(f"{total} in {monotonic() - began:.0f} s")
    write_results(
        "api_fuzz",
        "make api-fuzz",
        rows,
        total=total,
        examples=examples,
        checks=[SERVER_ERROR, *CHECKS],
        schemathesis=version("schemathesis"),
    )
    return 0 if all(row["met"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
