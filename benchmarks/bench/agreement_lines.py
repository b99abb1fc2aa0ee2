"""The figures of many cases as lines, and the lines as the table of docs/modes.md."""

from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any

from benchmarks.bench.rows import Figures

Kept = dict[str, Any]
"""One case: ``stock`` and each mode, each with ``truth`` and, for a mode, ``stock``: figures by organ."""

REFERENCE = "exact on PyTorch"
"""Name of the mode ``exact`` run by what stock runs on."""

LEAST_DSC = {REFERENCE: 0.999, "exact": 0.999, "standard": 0.995}
"""Of every organ of every case, against stock."""
DSC_WITHIN, HD95_WITHIN_MM = 0.001, 0.1
"""How far the mean figures against the truth may be worse than stock's, mode ``standard``."""
PREFIX = "agreement/"


def lines_of(cases: Sequence[Kept], least_dsc: Mapping[str, float] = LEAST_DSC) -> list[Figures]:
    """For each mode a line of all organs, and a line each; ``least_dsc`` are the targets."""
    lines: list[Figures] = []
    for mode in (name for name in cases[0] if name != "stock"):
        organs = [_organ_line(cases, mode, organ, least_dsc) for organ in cases[0][mode]["stock"]]
        organs = [line for line in organs if line["n"]]
        lines += [_mode_line(cases, mode, organs), *organs]
    return lines


def _organ_line(cases: Sequence[Kept], mode: str, organ: str, least_dsc: Mapping[str, float]) -> Figures:
    """``ours`` is the lowest DSC against stock; differences against the truth are ours less stock's."""
    line: Figures = {"name": f"{PREFIX}{mode}/{organ}", "unit": "lowest DSC", "n": 0}
    against_stock = [case[mode]["stock"][organ] for case in cases]
    dsc = _known(against_stock, "dsc")
    if not dsc:
        return line
    line |= {"ours": round(min(dsc), 4), "mean_dsc": round(mean(dsc), 5), "n": len(dsc)}
    lowest = min((one for one in against_stock if one["dsc"] is not None), key=lambda one: float(one["dsc"]))
    line |= {"lowest_differing": lowest["differing"], "lowest_voxels": lowest["voxels"]}
    if hd95 := _known(against_stock, "hd95_mm"):
        line |= {"hd95_mm": round(max(hd95), 2), "mean_hd95_mm": round(mean(hd95), 3)}
    for figure, decimals in (("dsc", 5), ("hd95_mm", 3)):
        pairs = [(case[mode]["truth"][organ][figure], case["stock"]["truth"][organ][figure]) for case in cases]
        both = [(ours, stock) for ours, stock in pairs if ours is not None and stock is not None]
        if both:
            line[f"truth_{figure}"] = round(mean(ours for ours, _ in both), decimals)
            line[f"truth_{figure}_less_stock"] = round(mean(ours - stock for ours, stock in both), decimals)
    if mode in least_dsc:
        least = least_dsc[mode]
        line |= {"target": f">= {least:g}", "met": min(dsc) >= least, "cases_met": sum(one >= least for one in dsc)}
    if mode == "standard":
        line["truth_met"] = (
            line.get("truth_dsc_less_stock", 0.0) >= -DSC_WITHIN
            and line.get("truth_hd95_mm_less_stock", 0.0) <= HD95_WITHIN_MM
        )
    return line


def _mode_line(cases: Sequence[Kept], mode: str, organs: Sequence[Figures]) -> Figures:
    worst = min(organs, key=lambda line: float(line["ours"]))
    line: Figures = {
        "name": f"{PREFIX}{mode}",
        "ours": worst["ours"],
        "worst_organ": worst["name"].rpartition("/")[2],
        "lowest_differing": worst["lowest_differing"],
        "lowest_voxels": worst["lowest_voxels"],
        "mean_dsc": round(mean(line["mean_dsc"] for line in organs), 5),
        "lowest_mean_dsc": min(line["mean_dsc"] for line in organs),
        "unit": "lowest DSC of all organs",
        "n": len(cases),
        "engine": cases[0][mode]["engine"],
        "tiles_run": sum(case[mode]["tiles_run"] for case in cases),
        "tiles_skipped": sum(case[mode]["tiles_skipped"] for case in cases),
    }
    if "met" in worst:
        line |= {"target": worst["target"], "met": worst["met"], "pairs": sum(one["n"] for one in organs)}
        line["pairs_met"] = sum(one["cases_met"] for one in organs)
    if mode == "standard":
        line["truth_met"] = all(one["truth_met"] for one in organs)
    return line


def _known(figures: Sequence[dict[str, Any]], name: str) -> list[float]:
    return [one[name] for one in figures if one[name] is not None]


def markdown(lines: Sequence[Figures]) -> str:
    """A table of the modes, and one for each mode with an organ a row."""
    own = [line for line in lines if line["name"].startswith(PREFIX)]
    modes = [line for line in own if "/" not in line["name"].removeprefix(PREFIX)]
    parts = [_table(("mode", *_MODE_COLUMNS), [_cells(line, _MODE_COLUMNS) for line in modes])]
    for mode in modes:
        organs = [line for line in own if line["name"].startswith(f"{mode['name']}/")]
        rows = [_cells(line, _ORGAN_COLUMNS) for line in organs]
        parts.append(f"`{_last(mode)}`:\n\n{_table(('organ', *_ORGAN_COLUMNS), rows)}")
    return "\n\n".join(parts)


_MODE_COLUMNS = {
    "engine": ("engine", ""),
    "DSC, lowest": ("ours", ".4f"),
    "of": ("worst_organ", ""),
    "voxels differing there": ("lowest_differing", ""),
    "of voxels": ("lowest_voxels", ""),
    "lowest mean of an organ": ("lowest_mean_dsc", ".4f"),
    "DSC, mean": ("mean_dsc", ".4f"),
    "tiles": ("tiles_run", ""),
    "cases": ("n", ""),
}
_ORGAN_COLUMNS = {
    "DSC, lowest": ("ours", ".4f"),
    "voxels differing there": ("lowest_differing", ""),
    "of voxels": ("lowest_voxels", ""),
    "DSC, mean": ("mean_dsc", ".4f"),
    "HD95, largest, mm": ("hd95_mm", ".2f"),
    "DSC to the truth, less stock's": ("truth_dsc_less_stock", "+.4f"),
    "HD95 to the truth, less stock's, mm": ("truth_hd95_mm_less_stock", "+.2f"),
    "cases": ("n", ""),
}
"""A column's title to a figure and its format."""


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (titles, ["---"] * len(titles), *rows))


def _cells(line: Figures, columns: Mapping[str, tuple[str, str]]) -> list[str]:
    figures = [format(line[name], form) if name in line else "" for name, form in columns.values()]
    return [_last(line), *(figure.replace("_", " ") for figure in figures)]


def _last(line: Figures) -> str:
    return str(line["name"].rpartition("/")[2]).replace("_", " ")
