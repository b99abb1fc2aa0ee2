"""The growing figures in SQL, in the database of the jobs: workers add, gateways read."""

from collections.abc import Mapping

import sqlalchemy as sa

from service import database
from service.database import open_database
from service.figures import Figure

_metadata = sa.MetaData()

_figures = sa.Table(
    "figures",
    _metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("label", sa.String(64), primary_key=True),
    sa.Column("part", sa.String(16), primary_key=True),
    sa.Column("value", sa.Double, nullable=False),
)


def open_figure_table(url: str) -> "SqlFigures":
    """The figures at an SQLAlchemy URL, made where they are not there yet. Raises ``JobTableError``."""
    return SqlFigures(open_database(url, _metadata))


class SqlFigures:
    """A ``FigureStore`` in a database that several processes share."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add(self, amounts: Mapping[Figure, float]) -> None:
        """See ``FigureStore.add``."""
        if not amounts:
            return
        # In one order everywhere, so that two workers never wait for each other's rows.
        rows = [{**vars(figure), "value": amounts[figure]} for figure in sorted(amounts)]
        added = database.insert_into(self._engine, _figures).values(rows)
        total = {"value": _figures.c.value + added.excluded.value}
        database.write(self._engine, added.on_conflict_do_update(index_elements=["name", "label", "part"], set_=total))

    def read(self) -> Mapping[Figure, float]:
        """See ``FigureStore.read``."""
        rows = database.read(self._engine, sa.select(_figures))
        return {Figure(row.name, row.label, row.part): row.value for row in rows}

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()
