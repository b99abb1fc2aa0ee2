"""`pedcontour contour`: draw in this process, without a service."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer

from pedcontour import __version__
from pedcontour.cli.console import AsJson, err, names_of, print_json, progress_bar, told
from pedcontour.cli.outputs import (
    Decimals,
    EmptyRois,
    Holes,
    NameLength,
    Names,
    Outputs,
    Profile,
    SegEncoding,
    find_names,
)
from pedcontour.cli.results import show_result
from pedcontour.outputs import OutputWishes, TemplateFolder, style_of

Source = Annotated[
    Path, typer.Argument(help="Folder (searched through) or zip with the CT series.", exists=True, show_default=False)
]
OutFolder = Annotated[
    Path, typer.Option("--out", "-o", help="Folder for the results: new or empty.", show_default=False)
]
Structures = Annotated[
    list[str] | None,
    typer.Option("--structures", "-s", help="Draw only these: TG-263 names or organ ids, comma-separated or repeated."),
]
Absent = Annotated[
    list[str] | None,
    typer.Option("--absent", "-a", help="Known to have been removed by surgery, such as Kidney_L; never drawn."),
]
Present = Annotated[
    list[str] | None,
    typer.Option("--present", help="Known to be there, such as Kidney_R: never taken away by the absence rules."),
]
AbsenceRules = Annotated[
    str | None,
    typer.Option(
        "--absence-policy", help="What the absence rules may do: filter (default), review_roi, flag_only or off."
    ),
]
SeriesUid = Annotated[
    str | None, typer.Option("--series", help="Series Instance UID, where the input holds several CT series.")
]
ModelId = Annotated[
    str | None, typer.Option("--model", "-m", help="Model id; `pedcontour models list` shows those installed.")
]
ModeName = Annotated[
    str | None,
    typer.Option("--mode", help="Quality: exact, standard (default), fast or tta.", show_default=False),
]
ModelsFolder = Annotated[
    Path | None,
    typer.Option("--models-dir", help="Folder of the models; default: PEDCONTOUR_MODELS_DIR or models/."),
]

NO_CACHE = (
    "This user has no home folder, so no converted network is kept and the next run converts anew; "
    "PEDCONTOUR_CACHE_DIR names a folder to keep them in."
)


@told
def contour(
    source: Source,
    *,
    out: OutFolder,
    model: ModelId = None,
    structures: Structures = None,
    absent: Absent = None,
    present: Present = None,
    absence_policy: AbsenceRules = None,
    series: SeriesUid = None,
    mode: ModeName = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda or cuda:1; default: PEDCONTOUR_DEVICE.")] = None,
    models_dir: ModelsFolder = None,
    profile: Profile = None,
    outputs: Outputs = None,
    seg_encoding: SegEncoding = None,
    holes: Holes = None,
    decimals: Decimals = None,
    name_length: NameLength = None,
    names: Names = None,
    empty_rois: EmptyRois = None,
    as_json: AsJson = False,
) -> None:
    """Draw the organs at risk on a CT series, in this process.

    Writes rtstruct.dcm, seg.dcm, report.json and preview.png. Every file is
    read back and checked before the folder appears; a run that fails or is
    cancelled leaves nothing. --names also takes the path of a template file.

    \b
    Examples:
      pedcontour contour planning-ct/ --out result
      pedcontour contour study.zip -o result --absent Kidney_L
      pedcontour contour planning-ct/ -o result -s Liver,Kidney_R --json
      pedcontour contour planning-ct/ -o result --profile eclipse --names clinic.toml
    """
    from pedcontour.bundle import find_model
    from pedcontour.contour import ContourJob, ContourRequest, check_request, contour_files
    from pedcontour.dicom.identity import ResultIdentity
    from pedcontour.dicom.sources import open_source
    from pedcontour.inference.modes import DEFAULT_MODE, mode_named, quality_of
    from pedcontour.settings import Settings

    settings = Settings.read()
    bundle = find_model(models_dir or settings.models_dir, model or settings.default_model)
    wishes = OutputWishes(
        profile, tuple(names_of(outputs)), seg_encoding, holes, decimals, name_length, names, empty_rois
    )
    style = style_of(wishes, find_names(TemplateFolder(settings.templates_dir)))
    asked = ContourRequest.from_names(names_of(structures), names_of(absent), series)
    request = replace(asked, style=style, mode=mode_named(mode or DEFAULT_MODE))
    request = request.with_presence(names_of(present), absence_policy)
    quality_of(request.mode, bundle.mirroring_axes)
    check_request(request, bundle.organs.values())
    if not as_json:
        err.print(f"Loading {bundle.id} {bundle.version}", highlight=False)

    # PyTorch takes seconds to import: only once the request is known to make sense.
    from pedcontour.inference.choice import EngineChoice, load_engine

    cache = settings.user_cache_folder
    if cache is None:
        err.print(NO_CACHE, highlight=False, soft_wrap=True)
    choice = EngineChoice(device or settings.device, settings.engine, settings.threads, cache)
    engine = load_engine(bundle, choice)
    now = datetime.now().astimezone().replace(microsecond=0)
    identity = ResultIdentity(uuid4().hex, now, bundle.id, bundle.digest, __version__)
    job = ContourJob(engine, bundle, request, identity)
    with open_source(source) as files, progress_bar(quiet=as_json) as progress:
        outcome = contour_files(files, out, job, progress)
    if as_json:
        print_json({"out": str(out.absolute()), "files": outcome.files, "report": outcome.report})
    else:
        show_result(outcome.verdicts, outcome.warnings, out, style.names.name_of)
