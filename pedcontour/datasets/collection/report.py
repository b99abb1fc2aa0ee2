"""The report of an import: one row a case with its picture, what was left out and why, and names that mean nothing."""

from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape

from pedcontour.datasets.annotations import State
from pedcontour.datasets.collection.importing import Imported
from pedcontour.datasets.collection.records import CaseRecord

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem; color: #1b2230; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { border-bottom: 1px solid #d5dae3; padding: .4rem .7rem; text-align: left; vertical-align: top; }
th { color: #596579; font-weight: 600; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
td.remark { max-width: 30rem; color: #8a4b00; }
.absent { color: #8a1c1c; } .unannotated { color: #7a8496; }
img { width: 560px; display: block; }
"""


def unknown_names(records: Iterable[CaseRecord]) -> list[tuple[str, int]]:
    """ROI names that nobody explained, with the number of cases that have them, most frequent first."""
    counts = Counter(name for record in records for name in set(record.unknown))
    return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))


def cases_by_state(records: Sequence[CaseRecord], organs: Sequence[str]) -> list[tuple[str, int, int, int]]:
    """Every organ with the number of cases in which it is annotated, absent and unannotated."""
    counts = {organ: Counter(record.organs[organ].state for record in records) for organ in organs}
    states = (State.ANNOTATED, State.ABSENT, State.UNANNOTATED)
    return [(organ, *(counts[organ][state] for state in states)) for organ in organs]  # type: ignore[misc]


def render(site: str, organs: Sequence[str], records: Sequence[CaseRecord], imported: Imported) -> str:
    """The report as one HTML page beside the folder ``pictures``; it holds no name, date or UID of a patient."""
    contents = imported.contents
    parts = [
        f"<h1>Data set of {escape(site)}</h1>",
        f"<p>{len(records)} cases of {len({record.patient for record in records})} patients. In this collection: "
        f"{len(imported.left_out)} cases left out, {contents.series_without_contours} CT series without a structure "
        f"set, {contents.damaged_files} damaged files, {contents.other_files} other files.</p>",
        "<h2>Organs</h2>",
        _table(
            ("organ", "annotated", "absent", "unannotated"),
            (tuple(map(str, row)) for row in cases_by_state(records, organs)),
        ),
        "<h2>Left out</h2>",
        _table(
            ("case", "code", "why"),
            (
                (left.case, left.code, f"{left.advice} {left.detail}")
                for left in sorted(imported.left_out, key=lambda left: left.case)
            ),
        )
        if imported.left_out
        else "<p>None.</p>",
        "<h2>ROI names without a meaning</h2>",
        _table(("name", "cases"), ((name, str(count)) for name, count in unknown_names(records)))
        if unknown_names(records)
        else "<p>None.</p>",
        "<h2>Cases</h2>",
        _cases(records),
    ]
    title = f"Data set of {escape(site)}"
    head = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
    return f"{head}</head><body>{''.join(parts)}</body></html>\n"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _cases(records: Sequence[CaseRecord]) -> str:
    columns = ("case", "slices", "spacing, mm", "organs, mL", "remarks", "picture")
    head = "".join(f"<th>{column}</th>" for column in columns)
    return f"<table><tr>{head}</tr>{''.join(map(_row, records))}</table>"


def _row(record: CaseRecord) -> str:
    spacing = " × ".join(f"{mm:g}" for mm in record.spacing_mm)
    remarks = "<br>".join(escape(f"{remark.code}: {remark.text}") for remark in record.remarks)
    return (
        f"<tr><td>{escape(record.case)}</td><td class='number'>{record.shape[0]}</td><td>{spacing}</td>"
        f"<td>{_organs(record)}</td><td class='remark'>{remarks}</td>"
        f"<td><img loading='lazy' alt='three planes' src='pictures/{escape(record.case)}.jpg'></td></tr>"
    )


def _organs(record: CaseRecord) -> str:
    lines = [f"{organ} {own.volume_ml:.1f}" for organ, own in record.organs.items() if own.state is State.ANNOTATED]
    for state in (State.ABSENT, State.UNANNOTATED):
        named = [organ for organ, own in record.organs.items() if own.state is state]
        if named:
            lines.append(f"<span class='{state}'>{state}: {', '.join(named)}</span>")
    return "<br>".join(lines)
