"""From joining to an exported model with one toy site, in this process."""

import errno
import json
import os
import re
import shutil
import threading
from pathlib import Path

import pytest

from pedcontour.federation.site_folder import SiteFolder
from tests.toy_run import TOY
from tests.unit.cli.conftest import Program


@pytest.fixture
def signed(program: Program, tmp_path: Path) -> Path:
    """The folder of a site alone: its keys, and a charter of two rounds that it signed."""
    at = tmp_path
    program("federation", "keygen", "--site", "alder", "--keys", at / "alder.keys", "--card", at / "alder.site")
    rules = ("--run", "kidneys", "--organs", "liver", "--nnunet-version", "2.8.1", "--rounds", 2)
    charter = ("--card", at / "alder.site", "--keys", at / "alder.keys", *rules)
    assert program("federation", "charter", "new", at / "charter.dsse", *charter).exit_code == 0
    return at


def _joining(at: Path, **changes: object) -> list[object]:
    told = {
        "--store": at / "store",
        "--charter": at / "charter.dsse",
        "--keys": at / "alder.keys",
        "--data": at,
        "--work": at / "work",
        "--trainer": TOY,
    } | changes
    return ["federation", "join", *(part for option in told.items() for part in option)]


def test_a_site_joins_runs_looks_back_and_exports(program: Program, signed: Path) -> None:
    work = ("--work", signed / "work")
    joined = program.json(*_joining(signed))
    assert joined["site"] == "alder" and joined["run"] == "kidneys"
    before = program.json("federation", "status", *work)
    assert (before["stage"], before["waiting_for"]) == ("counting cases", ["alder"])
    ended = program.json("federation", "run", *work)
    after = program.json("federation", "status", *work)
    assert (after["stage"], after["round"], after["model"]) == ("done", 2, ended["model"])
    assert after["cases"] == {"alder": joined["cases"]}
    exported = program.json("federation", "export", *work, "--out", signed / "model")
    provenance = json.loads((signed / "model" / "provenance.json").read_text())
    assert exported["model"] == provenance["model"] == ended["model"]
    assert provenance["members"] == [["alder"], ["alder"]] and len(set(provenance["closes"])) == 2


def test_the_log_tells_each_round_s_figures_and_bytes(program: Program, signed: Path) -> None:
    cases = program.json(*_joining(signed))["cases"]
    program("federation", "run", "--work", signed / "work")
    first, second = program.json("federation", "log", "--work", signed / "work")["rounds"]
    assert (first["number"], second["number"], second["closed_by"]) == (1, 2, "alder")
    (update,) = second["updates"]
    assert update["cases"] == cases and update["counts"] and float(update["figures"]["loss"]) > 0
    assert update["sent_bytes"] > 300
    table = program("federation", "log", "--work", signed / "work", "--last", 1).stdout
    assert f"{float(update['figures']['loss']):.4f}" in table and "by alder" in table
    assert f"{float(first['updates'][0]['figures']['loss']):.4f}" not in table


def test_a_run_that_is_done_is_done_again_at_once(program: Program, signed: Path) -> None:
    program(*_joining(signed))
    first = program.json("federation", "run", "--work", signed / "work")
    assert program.json("federation", "run", "--work", signed / "work") == first


def test_the_run_tells_in_words_where_it_stands(program: Program, signed: Path) -> None:
    program(*_joining(signed))
    told = program("federation", "run", "--work", signed / "work").stderr
    for line in ("Counting cases", "Round 1 of 2: training here", "Round 2 of 2: done"):
        assert line in told


@pytest.mark.parametrize(
    ("option", "value", "code"),
    [
        ("--store", "s3://key:secret@bucket", "REQUEST_INVALID"),
        ("--trainer", "no-such-trainer", "REQUEST_INVALID"),
        ("--trainer", "tests.nowhere:trainer_for", "REQUEST_INVALID"),
        ("--data", "nowhere", "REQUEST_INVALID"),
        ("--set", "iterations", "REQUEST_INVALID"),
        ("--charter", "nowhere", "FILE_UNREADABLE"),
    ],
)
def test_joining_with_what_cannot_work_is_refused_and_leaves_nothing(
    program: Program, signed: Path, option: str, value: str, code: str
) -> None:
    refused = program(*_joining(signed, **{option: value}))
    assert refused.exit_code != 0 and code in refused.stderr and "secret" not in refused.stderr
    assert not (signed / "work").exists()


def test_a_stranger_cannot_join(program: Program, signed: Path) -> None:
    stranger = ("--site", "cedar", "--keys", signed / "cedar.keys", "--card", signed / "cedar.site")
    program("federation", "keygen", *stranger)
    refused = program(*_joining(signed, **{"--keys": signed / "cedar.keys"}))
    assert "FEDERATION_WRONG_SIGNER" in refused.stderr and not (signed / "work").exists()


def test_a_folder_is_joined_once(program: Program, signed: Path) -> None:
    assert program(*_joining(signed)).exit_code == 0
    assert "belongs to a run already" in program(*_joining(signed)).stderr


def test_a_run_that_is_not_done_is_not_exported(program: Program, signed: Path) -> None:
    program(*_joining(signed))
    refused = program("federation", "export", "--work", signed / "work", "--out", signed / "model")
    assert "FEDERATION_FAILED" in refused.stderr and not (signed / "model").exists()


def test_a_folder_that_nobody_joined_is_told_as_such(program: Program, tmp_path: Path) -> None:
    assert "federation join" in program("federation", "run", "--work", tmp_path).stderr


def test_a_site_that_runs_already_ends_with_a_code_that_no_service_manager_starts_again(
    program: Program, signed: Path
) -> None:
    program(*_joining(signed))
    with SiteFolder.open(signed / "work").memory.alone():
        refused = program("federation", "run", "--work", signed / "work")
    assert "FEDERATION_SITE_ELSEWHERE" in refused.stderr
    unit = re.search(r"RestartPreventExitStatus=(.*)", Path("docs/federation-it.md").read_text("utf-8"))
    assert unit and str(refused.exit_code) in unit[1].split()


def _tree(*folders: Path) -> dict[Path, float]:
    """Every file and folder below, with the time it was last changed."""
    return {path: path.stat().st_mtime_ns for folder in folders for path in (folder, *folder.rglob("*"))}


@pytest.mark.parametrize("command", ["status", "log"])
def test_looking_changes_neither_the_store_nor_the_site_s_folder(program: Program, signed: Path, command: str) -> None:
    program(*_joining(signed))
    program("federation", "run", "--work", signed / "work")
    shutil.rmtree(signed / "work" / "memory")  # so that there is something that could be remembered
    before = _tree(signed / "work", signed / "store")
    assert program("federation", command, "--work", signed / "work").exit_code == 0
    assert _tree(signed / "work", signed / "store") == before


def test_a_run_waits_for_a_store_that_is_not_there_when_it_begins(
    program: Program, signed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(*_joining(signed))
    shutil.rmtree(signed / "store", ignore_errors=True)
    (signed / "store").write_text("a file where the drive is mounted later")
    monkeypatch.setenv("PEDCONTOUR_FEDERATION_PATIENCE_S", "0")
    monkeypatch.setenv("PEDCONTOUR_FEDERATION_POLL_S", "0.1")
    mounted = threading.Timer(1.0, (signed / "store").unlink)
    mounted.start()
    ended = program("federation", "run", "--work", signed / "work")
    mounted.join()
    assert ended.exit_code == 0 and "The store does not answer" in ended.stderr


def test_a_full_disk_is_told_in_words(program: Program, signed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "")

    monkeypatch.setattr(os, "link", full)
    monkeypatch.setenv("PEDCONTOUR_FEDERATION_PATIENCE_S", "0")
    assert "no space left" in program(*_joining(signed)).stderr


def test_a_work_folder_made_beforehand_is_closed_to_others(program: Program, signed: Path) -> None:
    (signed / "work").mkdir(mode=0o755)
    program(*_joining(signed))
    assert (signed / "work").stat().st_mode & 0o777 == 0o700


def test_a_folder_with_the_memory_of_another_run_is_not_joined(program: Program, signed: Path) -> None:
    (signed / "work" / "memory").mkdir(parents=True)
    refused = program(*_joining(signed))
    assert refused.exit_code == 2 and "memory of another run" in refused.stderr


def test_no_keys_are_made_where_the_card_is_there_already(program: Program, signed: Path) -> None:
    card = signed / "alder.site"
    refused = program("federation", "keygen", "--site", "alder", "--keys", signed / "new.keys", "--card", card)
    assert refused.exit_code == 2 and not (signed / "new.keys").exists()
