"""Every row of ``make bench``, in the order of the table: one module each, one line here."""

from benchmarks.bench import agreement, air, cold_start, end_to_end, pipeline, roof, rtstruct, seg, throughput, upload

ROWS = {
    row.name: row
    for row in (
        rtstruct.ROW,
        seg.ROW,
        upload.ROW,
        pipeline.ROW,
        throughput.ROW,
        roof.ROW,
        agreement.ROW,
        air.ROW,
        cold_start.ROW,
        end_to_end.ROW,
    )
}
