"""Silence around nnU-Net: it prints and warns while it is imported and while it builds networks."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO


@contextmanager
def quiet() -> Iterator[None]:
    """Swallow what is printed or warned inside; for imports and construction only: it holds for the whole process."""
    with redirect_stdout(StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
