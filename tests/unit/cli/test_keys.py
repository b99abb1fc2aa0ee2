"""`pedcontour keys`."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from service.apikeys import Scope
from service.keytable import SqlKeyStore, open_key_table
from tests.unit.cli.conftest import Program


@pytest.fixture(autouse=True)
def _data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PEDCONTOUR_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("PEDCONTOUR_DATABASE_URL", raising=False)


def test_a_new_key_is_printed_once_and_alone(program: Program, tmp_path: Path) -> None:
    result = program("keys", "new", "--tenant", "radiotherapy", "--label", "eclipse")
    assert result.exit_code == 0
    key = result.stdout.strip()
    [kept] = open_key_table(f"sqlite:///{tmp_path / 'jobs.sqlite'}").every()
    assert kept.is_of(key) and (kept.tenant, kept.label) == ("radiotherapy", "eclipse")
    secret = key.split("_", 2)[2].encode()
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and secret in path.read_bytes()]
    assert secret.decode() not in program("keys", "list").stdout


def test_the_database_that_it_makes_is_for_its_account_alone(program: Program, tmp_path: Path) -> None:
    program("keys", "new", "--tenant", "radiotherapy", "--data-dir", tmp_path / "data")
    made = [tmp_path / "data", *(tmp_path / "data").iterdir()]
    assert len(made) > 1
    assert [path for path in made if path.stat().st_mode & 0o077] == []


def test_the_database_is_named_that_a_key_is_kept_in_and_its_password_is_not(program: Program, tmp_path: Path) -> None:
    place = f"sqlite:///{tmp_path / 'elsewhere' / 'jobs.sqlite'}"
    here = ("--data-dir", tmp_path / "elsewhere")
    assert f"Looked in {place}" in program("keys", "list", *here).stderr
    assert f"Kept in {place};" in program("keys", "new", "--tenant", "radiotherapy", *here).stderr
    assert program.json("keys", "new", "--tenant", "radiotherapy", *here)["database"] == place
    assert program.json("keys", "list", *here)["database"] == place
    there = sa.create_engine("postgresql+psycopg://u:hush@db/jobs?password=hush")  # nothing is asked of it
    assert SqlKeyStore(there).place == "postgresql+psycopg://u:***@db/jobs"


def test_scopes_and_an_end_are_given_by_name_and_in_days(program: Program) -> None:
    made = program.json("keys", "new", "--tenant", "t", "--scope", "jobs:read,models:read", "--expires-days", "30")
    assert made["scopes"] == ["jobs:read", "models:read"]
    expires_at = datetime.fromisoformat(made["expires_at"])
    assert timedelta(days=29) < expires_at - datetime.now(UTC) <= timedelta(days=30)
    assert made["key"].startswith(f"pc_{made['prefix']}_")


def test_keys_are_listed_with_their_state(program: Program) -> None:
    assert "pedcontour keys new" in program("keys", "list").stdout
    first = program.json("keys", "new", "--tenant", "radiotherapy")
    program.json("keys", "new", "--tenant", "radiotherapy")
    program.json("keys", "revoke", first["prefix"])
    listed = program.json("keys", "list")["keys"]
    assert sorted(key["state"] for key in listed) == ["live", "revoked"]
    assert "key" not in listed[0] and "digest" not in listed[0]
    assert first["prefix"] in program("keys", "list").stdout


def test_a_key_is_revoked_by_its_prefix_or_the_key_itself(program: Program) -> None:
    first, second = (program.json("keys", "new", "--tenant", "t") for _ in range(2))
    assert "revoked" in program("keys", "revoke", first["prefix"]).stdout
    assert program.json("keys", "revoke", second["key"])["state"] == "revoked"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("new", "--tenant", "Family^Given"), "REQUEST_INVALID", "tenant"),
        (("new", "--tenant", "t", "--scope", "jobs:all"), "REQUEST_INVALID", "jobs:write"),
        (("revoke", "nobody00"), "KEY_NOT_FOUND", "keys list"),
    ],
)
def test_what_cannot_be_done_is_said(program: Program, arguments: tuple[str, ...], code: str, said: str) -> None:
    result = program("keys", *arguments)
    assert result.exit_code == 2
    assert code in result.stderr and said in " ".join(result.stderr.split())


def test_help_and_the_operators_page_name_every_scope(program: Program) -> None:
    page = (Path(__file__).parents[3] / "docs" / "operations.md").read_text("utf-8")
    shown = "".join(program("keys", "new", "--help").stdout.split())
    for scope in Scope:
        assert f"| `{scope}` |" in page
        assert scope in shown
