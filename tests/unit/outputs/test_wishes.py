"""From a user's words to a style; profiles as presets that explicit words replace."""

import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

from pedcontour import outputs
from pedcontour.errors import NamesInvalidError, OutputOptionError
from pedcontour.outputs import OutputStyle, OutputWishes, RoiName, RoiNames, TemplateFolder, all_profiles, style_of

PROFILES = Path(outputs.__file__).with_name("profiles.toml")
PAGE = Path(__file__).parents[3] / "docs" / "outputs.md"
PRESETS = {"seg_encoding", "holes", "decimals", "name_length", "empty_rois"}


def find(name: str) -> RoiNames:
    return RoiNames(name, name, {"liver": RoiName("Leber")}) if name == "ours" else TemplateFolder().find(name)


def test_no_words_are_the_generic_profile_and_the_default_style() -> None:
    assert style_of(OutputWishes(), find) == OutputStyle()


def test_words_become_the_style_in_any_case() -> None:
    wishes = OutputWishes(
        outputs=("RTSTRUCT", "preview"),
        seg_encoding="LabelMap",
        holes="Keyhole",
        decimals="2",
        name_length="20",
        names="ours",
        empty_rois="KEEP",
    )
    style = style_of(wishes, find)
    assert style.formats == ("rtstruct", "report", "preview")
    assert (style.seg_encoding, style.holes, style.decimals, style.name_length) == ("labelmap", "keyhole", 2, 20)
    assert (style.names.id, style.empty_rois, style.profile) == ("ours", "keep", "generic")


@pytest.mark.parametrize("name", list(all_profiles()))
def test_every_profile_is_a_valid_style_and_presets_every_option(name: str) -> None:
    style = style_of(OutputWishes(profile=name.upper()), find)
    assert style.profile == name
    assert set(all_profiles()[name].preset) == PRESETS


def test_there_is_a_profile_for_every_system_asked_for() -> None:
    assert list(all_profiles()) == ["generic", "eclipse", "raystation", "monaco", "pinnacle"]


def test_every_preset_is_explained_right_above_it() -> None:
    lines = PROFILES.read_text("utf-8").splitlines()
    for above, line in pairwise(lines):
        if line.split(" ")[0] in PRESETS:
            assert above.startswith("# "), line
    assert tomllib.loads(PROFILES.read_text("utf-8"))


def explanations() -> dict[tuple[str, str], str]:
    """The comment above each preset, by profile and option."""
    found: dict[tuple[str, str], str] = {}
    profile, comment = "", ""
    for line in PROFILES.read_text("utf-8").splitlines():
        if line.startswith("["):
            profile = line.strip("[]")
        elif line.startswith("#"):
            comment += line.removeprefix("#")
        else:
            found[profile, line.split(" ")[0]] = comment.strip()
            comment = ""
    return found


def test_the_page_tells_every_preset_and_what_it_rests_on() -> None:
    table = [line.strip("| ").split(" | ") for line in PAGE.read_text("utf-8").splitlines() if ", cautious" in line]
    told = {
        (profile, row[0].strip("`")): tuple(cell.split(", "))
        for row in table
        for profile, cell in zip(all_profiles(), row[1:], strict=True)
    }
    assert {option for _, option in told} == PRESETS
    for (profile, option), (value, basis) in told.items():
        assert value == str(all_profiles()[profile].preset[option])
        why = explanations()[profile, option]
        assert (basis == "cautious") is why.startswith("Cautious choice"), why
        assert basis != "reported" or "#" in why or "forum" in why, why


def test_explicit_words_win_over_the_profile() -> None:
    assert style_of(OutputWishes(profile="monaco"), find).holes == "keyhole"
    assert style_of(OutputWishes(profile="monaco", holes="rings"), find).holes == "rings"


@pytest.mark.parametrize(
    ("wishes", "reason"),
    [
        (OutputWishes(profile="xio"), "profile is 'xio'; choose generic, eclipse, raystation, monaco, pinnacle"),
        (OutputWishes(outputs=("rtss",)), "choose rtstruct, seg, report, preview"),
        (OutputWishes(decimals="three"), "decimals is 'three'; choose 1 to 6"),
        (OutputWishes(decimals="0"), "choose 1 to 6"),
        (OutputWishes(decimals="-1"), "choose 1 to 6"),
        (OutputWishes(name_length="9" * 30), "choose 1 to 52"),
        (OutputWishes(names="theirs"), "choose tg263"),
    ],
)
def test_unknown_words_are_refused_with_the_valid_ones(wishes: OutputWishes, reason: str) -> None:
    with pytest.raises(OutputOptionError, match=reason):
        style_of(wishes, find)


def test_names_that_do_not_fit_are_refused() -> None:
    with pytest.raises(NamesInvalidError):
        style_of(OutputWishes(name_length="5", names="ours"), find)


def test_a_client_sends_what_was_given_and_nothing_else() -> None:
    assert OutputWishes(profile="eclipse", outputs=("seg",)).given() == {"profile": "eclipse", "outputs": ["seg"]}
