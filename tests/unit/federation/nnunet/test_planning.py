"""Two hospitals plan what stock nnU-Net plans on their pooled cases, and never see each other's."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pedcontour.errors import MalformedDocumentError
from pedcontour.federation.nnunet.fingerprint import merge, read_fingerprint
from pedcontour.federation.nnunet.planning import Planning, digest_of_plans
from pedcontour.federation.nnunet.site import NnunetSite
from pedcontour.federation.nnunet.workplace import PLANS, Workplace
from pedcontour.federation.room import encode
from pedcontour.inference.nnunet_quiet import quiet
from tests.made_federation import a_charter
from tests.made_hospital import CASES, ORGANS, a_site, tiny_settings, write_dataset

pytestmark = pytest.mark.slow

CHARTER = a_charter(("alder", "birch"), organs=ORGANS)
STOCK = tiny_settings(planning=Planning())


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[NnunetSite, Path, bytes]]:
    """Both sites, where they work, and what each tells."""
    told = {}
    total = sum(map(len, CASES.values()))
    for name, cases in CASES.items():
        home = tmp_path_factory.mktemp(name)
        site = a_site(name, CHARTER, write_dataset(home / "data", cases), home / "work", STOCK)
        told[name] = (site, home / "work", site.fingerprint(total))
    return told


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    """nnU-Net's own fingerprint and plans of the pooled cases."""
    from nnunetv2.experiment_planning.plan_and_preprocess_api import extract_fingerprints, plan_experiments

    pooled = Workplace(tmp_path_factory.mktemp("pooled"), CHARTER.run)
    cases = [case for site in CASES.values() for case in site]
    write_dataset(pooled.root / "nnUNet_raw" / pooled.dataset_name, cases)
    pooled.announce(workers=1)
    with quiet():
        extract_fingerprints([700], num_processes=1, show_progress_bar=False)
        plan_experiments([700])
    fingerprint = json.loads((pooled.preprocessed / "dataset_fingerprint.json").read_text())
    return fingerprint, json.loads((pooled.preprocessed / f"{PLANS}.json").read_text())


def test_the_merged_fingerprint_is_that_of_the_pooled_cases(
    parts: dict[str, tuple[NnunetSite, Path, bytes]], stock: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    merged = merge({name: read_fingerprint(name, said, 4) for name, (_, _, said) in parts.items()})
    pooled, _ = stock
    mine = merged["foreground_intensity_properties_per_channel"]["0"]
    theirs = pooled["foreground_intensity_properties_per_channel"]["0"]
    for name in ("mean", "std"):
        assert mine.pop(name) == pytest.approx(theirs.pop(name), rel=1e-5)
    assert mine == theirs
    assert merged["median_relative_size_after_cropping"] == pooled["median_relative_size_after_cropping"]
    for axis in range(3):
        assert sorted(zip(*_axis(merged, axis), strict=True)) == sorted(zip(*_axis(pooled, axis), strict=True))


def test_the_plans_are_those_of_the_pooled_cases_in_every_field(
    parts: dict[str, tuple[NnunetSite, Path, bytes]], stock: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    told = {name: said for name, (_, _, said) in parts.items()}
    digests = {site.plan(dict(order)).digest for site, _, _ in parts.values() for order in (told.items(), _back(told))}
    assert len(digests) == 1
    plans = json.loads(Workplace(parts["birch"][1], CHARTER.run).plans.read_text())
    assert digests == {digest_of_plans(plans)}
    theirs = stock[1]
    for name in ("mean", "std"):
        rounded = theirs["foreground_intensity_properties_per_channel"]["0"].pop(name)
        assert plans["foreground_intensity_properties_per_channel"]["0"].pop(name) == pytest.approx(rounded, rel=1e-5)
    assert plans == theirs
    assert digest_of_plans(plans) == digest_of_plans(theirs)


def test_all_sites_begin_with_one_model(parts: dict[str, tuple[NnunetSite, Path, bytes]]) -> None:
    told = {name: said for name, (_, _, said) in parts.items()}
    first, second = (site.plan(told).initial for site, _, _ in parts.values())
    assert first.keys() == second.keys()
    assert all((first[name] == second[name]).all() for name in first)
    assert sum(tensor.nbytes for tensor in first.values()) > 1e6


def test_a_part_tells_nothing_case_by_case(parts: dict[str, tuple[NnunetSite, Path, bytes]]) -> None:
    said = read_fingerprint("alder", parts["alder"][2], 4)
    assert {(kind.spacing, kind.size, kind.cases) for kind in said.axes[0]} == {
        ("2.5", 24, 1),
        ("3.0", 15, 1),
        ("3.0", 20, 1),
    }
    assert b"alder" not in parts["alder"][2]


def test_a_part_that_was_measured_for_other_cases_is_refused(parts: dict[str, tuple[NnunetSite, Path, bytes]]) -> None:
    read = {name: read_fingerprint(name, said, 4) for name, (_, _, said) in parts.items()}
    with pytest.raises(MalformedDocumentError, match="birch"):
        merge(read | {"birch": replace(read["birch"], total=6)})


def test_a_part_whose_cases_do_not_add_up_is_refused(parts: dict[str, tuple[NnunetSite, Path, bytes]]) -> None:
    said = read_fingerprint("birch", parts["birch"][2], 4)
    with pytest.raises(MalformedDocumentError, match="birch"):
        read_fingerprint("birch", encode(replace(said, cases=3)), 4)


def test_bytes_that_are_no_part_are_refused() -> None:
    with pytest.raises(MalformedDocumentError, match="the fingerprint of birch"):
        read_fingerprint("birch", b"{}", 4)


def _axis(fingerprint: dict[str, Any], axis: int) -> tuple[list[float], list[int]]:
    return tuple([row[axis] for row in fingerprint[key]] for key in ("spacings", "shapes_after_crop"))  # type: ignore[return-value]


def _back(told: dict[str, bytes]) -> list[tuple[str, bytes]]:
    return list(reversed(told.items()))
