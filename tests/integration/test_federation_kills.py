"""Hospitals in processes of their own that share a folder alone, killed at random, end at one and the same model."""

import random
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from pedcontour.errors import SiteElsewhereError
from pedcontour.federation.keys import Keys, write_keys
from pedcontour.federation.room import say
from pedcontour.federation.room.dsse import join, read_envelope, write_envelope
from pedcontour.federation.site_memory import SiteMemory
from tests.made_federation import a_charter


def _prepare(folder: Path, names: tuple[str, ...], keys: dict[str, Keys]) -> None:
    folder.mkdir()
    sites = tuple(keys[name].site(name) for name in names)
    charter = replace(a_charter(names), sites=sites, rounds=80, quorum=len(names))
    envelopes = [read_envelope(say(charter, keys[name].signing)) for name in names]
    whole = envelopes[0]
    for other in envelopes[1:]:
        whole = join(whole, other)
    (folder / "charter.dsse").write_bytes(write_envelope(whole))
    for name in names:
        write_keys(folder / f"{name}.keys", keys[name])


def _start(folder: Path, site: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "tests.toy_hospital", str(folder), site])


def _digests(folder: Path) -> set[str]:
    return {path.name.split(".")[1] for path in folder.glob("*.done")}


def _run(folder: Path, names: tuple[str, ...], kills: int) -> int:
    """Run all sites to the end, killing one of them now and then; how many were killed at work."""
    chance, killed = random.Random(7), 0
    running = {name: _start(folder, name) for name in names}
    end = time.monotonic() + 120
    while len(list(folder.glob("*.done"))) < len(names):
        assert time.monotonic() < end
        time.sleep(chance.uniform(0.3, 0.6) if killed < kills else 0.1)
        name = chance.choice(names)
        if killed < kills and running[name].poll() is None:
            running[name].kill()
            running[name].wait()
            killed += 1
        for name, process in running.items():
            if process.poll() not in (None, 0):
                assert process.returncode == -9
                running[name] = _start(folder, name)
    for process in running.values():
        process.wait(timeout=30)
    return killed


@pytest.mark.slow
@pytest.mark.parametrize("names", [("alder", "birch"), ("alder", "birch", "cedar")], ids=["two", "three"])
def test_sites_killed_at_random_end_at_the_model_of_a_run_without_kills(tmp_path: Path, names: tuple[str, ...]) -> None:
    keys = {name: Keys.new() for name in names}
    for folder in ("calm", "rough"):
        _prepare(tmp_path / folder, names, keys)
    assert _run(tmp_path / "calm", names, 0) == 0
    assert _run(tmp_path / "rough", names, 6) >= 3
    assert len(_digests(tmp_path / "calm")) == 1
    assert _digests(tmp_path / "rough") == _digests(tmp_path / "calm")


def test_a_second_process_on_the_site_s_folder_stops(tmp_path: Path) -> None:
    with SiteMemory(tmp_path).alone(), pytest.raises(SiteElsewhereError), SiteMemory(tmp_path).alone():
        pass
    with SiteMemory(tmp_path).alone():
        pass
