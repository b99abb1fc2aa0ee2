"""Every row of ``make bench``, in the order of the table: one module each, one line here."""

from benchmarks.bench import pipeline, rtstruct, seg, upload

ROWS = {row.name: row for row in (rtstruct.ROW, seg.ROW, upload.ROW, pipeline.ROW)}
