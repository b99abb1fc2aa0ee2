"""`pedcontour serve`: the whole service on this machine."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pedcontour.cli.console import err, told


@told
def serve(
    host: Annotated[str | None, typer.Option(help="Address to bind to; default: PEDCONTOUR_HOST, 127.0.0.1.")] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="TCP port, 0 for a free one; default: PEDCONTOUR_PORT, 8000."),
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of uploads, results and the job table.")] = None,
    models_dir: Annotated[Path | None, typer.Option(help="Folder of the models.")] = None,
) -> None:
    """Run the service: gateway, worker and broker, until Ctrl-C.

    Everything lies in one data folder and survives a restart. Beyond this
    machine it listens only with an API key (pedcontour keys new).
    docs/settings.md lists every setting.

    \b
    Examples:
      pedcontour serve
      pedcontour serve --port 9000 --data-dir /var/lib/pedcontour
      pedcontour keys new --tenant radiotherapy && pedcontour serve --host 0.0.0.0
    """
    from pedcontour.settings import Settings
    from service.embedded import RunningService
    from service.embedded import serve as run_service

    given: dict[str, Any] = {"host": host, "port": port, "data_dir": data_dir, "models_dir": models_dir}
    settings = Settings.read(**{name: value for name, value in given.items() if value is not None})
    err.print("Starting; the first start takes some seconds.", highlight=False)

    def ready(running: RunningService) -> None:
        err.print(f"Ready at [bold]{running.url}[/]; its API: {running.url}/openapi.json. Ctrl-C stops it.")

    run_service(settings, ready)
