"""From keys to a charter that all have signed."""

from pathlib import Path

from tests.unit.cli.conftest import Program


def _keys(program: Program, folder: Path, *names: str) -> dict[str, str]:
    made = {}
    for name in names:
        told = program.json(
            "federation", "keygen", "--site", name, "--keys", folder / f"{name}.keys", "--card", folder / name
        )
        made[name] = told["fingerprint"]
    return made


def _new(program: Program, folder: Path, *more: object) -> int:
    cards = ("--card", folder / "birch", "--card", folder / "alder")
    rules = (
        "--run",
        "kidneys",
        "--organs",
        "liver,spleen",
        "--nnunet-version",
        "2.8.1",
        "--keys",
        folder / "alder.keys",
    )
    return program("federation", "charter", "new", folder / "first", *cards, *rules, *more).exit_code


def test_keys_are_for_their_owner_alone_and_never_replaced(program: Program, tmp_path: Path) -> None:
    _keys(program, tmp_path, "alder")
    file = tmp_path / "alder.keys"
    before = file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600
    again = program("federation", "keygen", "--site", "alder", "--keys", file, "--card", tmp_path / "other")
    assert again.exit_code == 1 and "FEDERATION_KEY_FILE" in again.stderr
    assert file.read_bytes() == before


def test_a_charter_is_written_by_one_and_signed_by_the_other(program: Program, tmp_path: Path) -> None:
    fingerprints = _keys(program, tmp_path, "alder", "birch")
    assert _new(program, tmp_path) == 0
    signing = ("--keys", tmp_path / "birch.keys", "--to", tmp_path / "second")
    assert program("federation", "charter", "sign", tmp_path / "first", *signing).exit_code == 0
    assert program.json("federation", "charter", "show", tmp_path / "first")["signed_by"] == ["alder"]
    told = program.json("federation", "charter", "show", tmp_path / "second")
    assert told["signed_by"] == ["alder", "birch"] and told["charter"]["quorum"] == 2
    shown = program("federation", "charter", "show", tmp_path / "first").stdout
    assert all(fingerprint in shown for fingerprint in fingerprints.values()) and "not signed" in shown


def test_an_unsound_charter_or_a_stranger_s_key_is_refused(program: Program, tmp_path: Path) -> None:
    _keys(program, tmp_path, "alder", "birch", "cedar")
    assert _new(program, tmp_path, "--quorum", 1) == 1
    assert not (tmp_path / "first").exists()
    assert _new(program, tmp_path) == 0
    signing = ("--keys", tmp_path / "cedar.keys", "--to", tmp_path / "second")
    refused = program("federation", "charter", "sign", tmp_path / "first", *signing)
    assert "FEDERATION_WRONG_SIGNER" in refused.stderr and not (tmp_path / "second").exists()


def test_keys_that_others_may_read_are_not_used(program: Program, tmp_path: Path) -> None:
    _keys(program, tmp_path, "alder", "birch")
    (tmp_path / "alder.keys").chmod(0o644)
    assert _new(program, tmp_path) == 1
