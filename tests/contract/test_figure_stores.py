"""What every store of growing figures promises."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from service.figures import Figure, FigureStore, MemoryFigures, measured
from service.figuretable import open_figure_table


@pytest.fixture(params=("memory", "sqlite", "postgres"))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> FigureStore:
    if request.param == "memory":
        return MemoryFigures()
    if request.param == "postgres":
        return open_figure_table(request.getfixturevalue("postgres_url"))
    return open_figure_table(f"sqlite:///{tmp_path / 'data' / 'jobs.sqlite'}")


def test_figures_add_up_each_for_itself(store: FigureStore) -> None:
    store.add({Figure("attempts", "done"): 1.0, Figure("attempts", "failed"): 1.0})
    store.add({Figure("attempts", "done"): 2.0})
    store.add({})
    assert store.read() == {Figure("attempts", "done"): 3.0, Figure("attempts", "failed"): 1.0}


def test_nothing_is_lost_when_many_add_at_once(store: FigureStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: store.add({Figure("a"): 1.0, Figure("b", str(n % 2)): 0.5}), range(40)))
    assert store.read() == {Figure("a"): 40.0, Figure("b", "0"): 10.0, Figure("b", "1"): 10.0}


def test_a_measurement_falls_into_every_bucket_that_holds_it(store: FigureStore) -> None:
    for value in (0.5, 5.0, 50.0):
        store.add(measured("run", value, (1.0, 10.0)))
    assert store.read() == {
        Figure("run", "", "1.0"): 1.0,
        Figure("run", "", "10.0"): 2.0,
        Figure("run", "", "count"): 3.0,
        Figure("run", "", "sum"): 55.5,
    }
