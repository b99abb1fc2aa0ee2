"""What a round costs is split by functions that are looked up by name."""

from benchmarks.federation_cost import PARTS


def test_every_part_of_the_cost_names_a_function_that_is_there() -> None:
    for part, place, name in PARTS:
        assert callable(getattr(place, name, None)), f"{part}: {name}"
