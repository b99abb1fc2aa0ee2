"""Work on one case after the other, in as many processes as the site gives."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

Result = TypeVar("Result")
Item = TypeVar("Item")


def for_each(work: Callable[[Item], Result], items: Sequence[Item], workers: int) -> Iterator[Result]:
    """The results in the order of the items; with fewer than two workers in this process."""
    if workers < 2 or len(items) < 2:
        yield from map(work, items)
        return
    with ProcessPoolExecutor(min(workers, len(items)), mp_context=get_context("spawn")) as pool:
        yield from pool.map(work, items)
