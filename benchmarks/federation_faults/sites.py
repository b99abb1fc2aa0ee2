"""Sites that come late, go away, come back, or run twice."""

import shutil
from collections.abc import Callable
from pathlib import Path

from benchmarks.federation_faults.outcome import SAME, Outcome, Trial
from benchmarks.federation_faults.town import Town
from pedcontour.errors import SiteElsewhereError
from pedcontour.federation.overview import Overview
from pedcontour.federation.participant import Participant, Progress
from pedcontour.federation.site_folder import SiteFolder


def _done(progress: dict[str, Progress]) -> bool:
    return all(site.model is not None for site in progress.values())


def _in_round(number: int) -> Callable[[dict[str, Progress]], bool]:
    return lambda progress: all(site.round >= number for site in progress.values())


def _agreed(town: Town, *, expected: str | None = None) -> bool:
    models = town.toy.models()
    return len(models) == len(town.names) and len(set(models.values())) == 1 and expected in (None, *models.values())


def _members(town: Town) -> list[tuple[str, ...]]:
    overview = Overview(town.folder(town.names[0]).ear(town.store))
    return [tuple(closed.members) for closed in overview.closes()]


def _processes(town: Town) -> dict[str, Participant]:
    return {site: town.process(site, town.store) for site in town.names}


def late_site(folder: Path) -> Outcome:
    """Three sites, a quorum of two, no deadline: the third misses rounds, takes the global model, goes on."""
    town = Town(folder, sites=3, rounds=4, quorum=2, deadline_s=0)
    sites = _processes(town)
    town.step_until(sites, _in_round(1))
    late = sites.pop("site-3")
    town.step_until(sites, _in_round(3))
    town.step_until(sites | {"site-3": late}, _done)
    missed = sum("site-3" not in members for members in _members(town))
    met = _agreed(town) and missed >= 1
    return Outcome(1, SAME if met else "not the same", met, {"rounds missed": missed})


def dropped_site(folder: Path) -> Outcome:
    """The third of three sites leaves before the first round and comes back, with an empty disk, when all is over."""
    town = Town(folder, sites=3, rounds=4, quorum=2, deadline_s=0)
    sites = _processes(town)
    town.step_until(sites, _in_round(1))
    del sites["site-3"]
    town.step_until(sites, _done)
    shutil.rmtree(town.toy.folders["site-3"] / "memory")
    town.step_until({"site-3": town.process("site-3", town.store)}, _done)
    met = _agreed(town)
    return Outcome(1, SAME if met else "not the same", met)


def one_of_two_away(folder: Path) -> Outcome:
    """With two sites the quorum is both: nothing is closed while one is away, however long."""
    town = Town(folder, rounds=3, deadline_s=0)
    sites = _processes(town)
    town.step_until(sites, _in_round(2))
    away = sites.pop("site-2")
    stood = [sites["site-1"].step() for _ in range(50)][-1]
    waited = stood.waiting_for == ("site-2",)
    town.step_until(sites | {"site-2": away}, _done)
    met = waited and _agreed(town, expected=town.toy.expected())
    return Outcome(1, f"waited, then {SAME}" if met else "not the same", met)


def lost_disk(folder: Path) -> Outcome:
    """A site loses all that it kept, in the middle of a run."""
    town = Town(folder, rounds=4)
    town.step_until(_processes(town), _in_round(3))
    shutil.rmtree(town.toy.folders["site-1"] / "memory")
    town.step_until(_processes(town), _done)
    met = _agreed(town, expected=town.toy.expected())
    return Outcome(1, SAME if met else "not the same", met)


def second_process_elsewhere(folder: Path) -> Outcome:
    """The site is started on another machine while it runs: the first stops before it says anything more."""
    town = Town(folder, rounds=4)
    sites = _processes(town)
    town.step_until(sites, _in_round(2))
    moved = folder / "moved"
    shutil.copytree(town.toy.folders["site-1"], moved)
    shutil.rmtree(moved / "memory")
    voice = SiteFolder.open(moved).voice(town.store)
    voice.begin()
    before = town.store.list("sites/site-1")
    stopped = ""
    try:
        while sites["site-1"].step():
            sites["site-2"].step()
    except SiteElsewhereError as refused:
        stopped = refused.code
    silent = town.store.list("sites/site-1") == before
    town.step_until({"site-1": Participant(voice, town.folder("site-1").trainer()), "site-2": sites["site-2"]}, _done)
    town.toy.folders["site-1"] = moved
    met = bool(stopped) and silent and _agreed(town, expected=town.toy.expected())
    return Outcome(1, f"first: {stopped}; second: {SAME}", met)


def second_process_here(folder: Path) -> Outcome:
    """The site is started again in the same folder while it runs: the second stops at once, the first goes on."""
    town = Town(folder)
    with town.folder("site-1").memory.alone():
        ends = town.run(sites=("site-1",))
        refused = ends.refusals.get("site-1", "")
        untouched = not town.store.list("sites")
    ends = town.run()
    met = bool(refused) and untouched and set(ends.models.values()) == {town.toy.expected()}
    return Outcome(1, f"second: {refused}; first: {SAME}", met)


TRIALS: dict[str, Trial] = {
    "late site": late_site,
    "dropped site returns after the end": dropped_site,
    "one of two sites away": one_of_two_away,
    "a site's disk lost": lost_disk,
    "second process, another machine": second_process_elsewhere,
    "second process, same folder": second_process_here,
}
