"""Which service a command asks, and with which key."""

from typing import Annotated

import typer

LOCAL_SERVICE = "http://127.0.0.1:8000"
"""Where `pedcontour serve` listens."""

Url = Annotated[str, typer.Option(help="Address of the service.")]
ApiKey = Annotated[
    str | None, typer.Option(envvar="PEDCONTOUR_API_KEY", help="API key, where the service asks for one.")
]
