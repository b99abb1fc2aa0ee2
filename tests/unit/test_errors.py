"""Every refusal has a stable code of its own and a sentence a user can act on."""

from pedcontour import errors
from pedcontour.errors import PedcontourError


def _all(root: type[PedcontourError] = PedcontourError) -> list[type[PedcontourError]]:
    """The tree but for private errors, which a module raises to itself alone."""
    public = (sub for sub in root.__subclasses__() if not sub.__name__.startswith("_"))
    return [root, *(child for sub in public for child in _all(sub))]


def test_codes_are_unique() -> None:
    codes = [error.code for error in _all()]
    assert len(codes) == len(set(codes))


def test_every_error_lives_in_the_one_tree_and_has_a_sentence() -> None:
    for error in _all():
        assert error.__module__.startswith(f"{errors.__name__}.")
        assert error.__doc__, error
        assert error().advice.endswith("."), error.code
        assert error.code.isupper()


def test_detail_and_instances_are_kept() -> None:
    error = errors.SlicesMissingError("gap of 10 mm", instance_uids=["1.2.3"])
    assert error.instance_uids == ("1.2.3",)
    assert "SLICES_MISSING" in str(error)
    assert "gap of 10 mm" in str(error)
