import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedcontour.errors import UpdateUnfitError
from pedcontour.federation.averaging import Contribution, mean_of
from pedcontour.federation.weights import digest_of, pack, unpack

SHARES = st.lists(st.integers(1, 10_000), min_size=1, max_size=5)


def _said(rows: list[list[float]], shares: list[int]) -> dict[str, Contribution]:
    named = zip(rows, shares, strict=True)
    return {f"site{n}": Contribution({"w": np.array(row, np.float32)}, s) for n, (row, s) in enumerate(named)}


@st.composite
def contributions(draw: st.DrawFn) -> dict[str, Contribution]:
    shares = draw(SHARES)
    row = st.lists(st.floats(-(2**40), 2**40, width=32), min_size=3, max_size=3)
    return _said([draw(row) for _ in shares], shares)


@given(contributions(), st.integers())
def test_the_order_of_sites_and_tensors_changes_no_bit(said: dict[str, Contribution], seed: int) -> None:
    mixed = list(said.items())
    random.Random(seed).shuffle(mixed)
    assert digest_of(mean_of(dict(mixed))) == digest_of(mean_of(said))


@given(contributions())
def test_the_mean_is_the_exact_one_but_for_the_stated_rounding(said: dict[str, Contribution]) -> None:
    total = sum(one.share for one in said.values())
    mean = mean_of(said)["w"]
    assert mean.dtype == np.float32
    for place in range(3):
        exact = sum(Fraction(float(one.weights["w"][place])) * one.share for one in said.values()) / total
        largest = max(abs(float(one.weights["w"][place])) for one in said.values())
        # one rounding to float32 of the mean, and one in float64 for each term
        assert abs(Fraction(float(mean[place])) - exact) <= Fraction(float(np.spacing(abs(mean[place])))) + (
            Fraction(largest) * (len(said) + 1) / 2**50
        )


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=5), SHARES)
def test_sites_that_agree_average_to_exactly_what_they_said(row: list[float], shares: list[int]) -> None:
    mean = mean_of(_said([row] * len(shares), shares))["w"]
    assert np.array_equal(mean, np.array(row, np.float32))


def test_a_site_counts_by_its_share() -> None:
    said = _said([[0.0], [4.0]], [3, 1])
    assert mean_of(said)["w"].tolist() == [1.0]


@pytest.mark.parametrize(
    "odd",
    [
        {"w": np.zeros(2, np.float32)},
        {"w": np.zeros(1, np.float64)},
        {"v": np.zeros(1, np.float32)},
        {"w": np.zeros(1, np.float32), "v": np.zeros(1, np.float32)},
        {"w": np.array([np.nan], np.float32)},
        {"w": np.array([np.inf], np.float32)},
    ],
)
def test_an_update_that_does_not_fit_is_refused(odd: dict[str, np.ndarray]) -> None:
    said = {"alder": Contribution({"w": np.zeros(1, np.float32)}, 1), "birch": Contribution(odd, 1)}
    with pytest.raises(UpdateUnfitError, match="birch"):
        mean_of(said)


def test_shares_that_add_up_to_nothing_are_refused() -> None:
    with pytest.raises(UpdateUnfitError):
        mean_of(_said([[0.0]], [0]))


def test_a_model_is_the_same_after_its_file() -> None:
    model = {"b": np.arange(6, dtype=np.float32).reshape(2, 3), "a": np.ones(1, np.float16)}
    assert digest_of(unpack("alder", pack(model))) == digest_of(model)
    assert digest_of({"b": model["b"].reshape(3, 2), "a": model["a"]}) != digest_of(model)


@pytest.mark.parametrize("data", [b"", b"\x80\x04.", b"x" * 100, pack({"w": np.zeros(3, np.float32)})[:-1]])
def test_bytes_that_are_no_safetensors_file_are_refused(data: bytes) -> None:
    with pytest.raises(UpdateUnfitError):
        unpack("alder", data)


def test_rows_count_by_shares_of_their_own() -> None:
    def one(value: float, share: int, rows: tuple[int, ...]) -> Contribution:
        return Contribution({"head": np.full((3, 2), value, np.float32)}, share, {"head": rows})

    mean = mean_of({"alder": one(0.0, 3, (3, 1, 0)), "birch": one(4.0, 1, (1, 1, 0))})
    # by cases; by the cases annotated; annotated nowhere, so by cases
    assert mean["head"].tolist() == [[1.0, 1.0], [2.0, 2.0], [1.0, 1.0]]


def test_rows_with_the_same_shares_as_the_whole_change_no_bit() -> None:
    weights = [{"w": np.random.default_rng(n).normal(size=(3, 5)).astype(np.float32)} for n in range(2)]
    plain = mean_of({f"site{n}": Contribution(w, n + 2) for n, w in enumerate(weights)})
    rows = mean_of({f"site{n}": Contribution(w, n + 2, {"w": (n + 2,) * 3}) for n, w in enumerate(weights)})
    assert digest_of(plain) == digest_of(rows)


@pytest.mark.parametrize("rows", [{}, {"w": (1, 1)}], ids=["of one site alone", "too few"])
def test_shares_of_rows_that_do_not_fit_are_refused(rows: dict[str, tuple[int, ...]]) -> None:
    tensor = {"w": np.zeros((3, 1), np.float32)}
    said = {"alder": Contribution(tensor, 1, {"w": (1, 1, 1)}), "birch": Contribution(tensor, 1, rows)}
    with pytest.raises(UpdateUnfitError, match="rows"):
        mean_of(said)
