"""``python -m service.gateway``: the composition root of the gateway."""

import math
import threading
from types import FrameType

import uvicorn

from pedcontour.settings import Settings
from service.entry import run_process
from service.gateway.address import usable_port
from service.gateway.app import create_app
from service.gateway.heads import watching_heads
from service.gateway.start import parts_from


class _Server(uvicorn.Server):
    """Finishes uploads under way when it is asked to stop, and ends those answers that would go on for long."""

    def __init__(self, config: uvicorn.Config, closing: threading.Event) -> None:
        super().__init__(config)
        self._closing = closing

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """See ``uvicorn.Server``."""
        self._closing.set()
        super().handle_exit(sig, frame)


def serve_http(settings: Settings) -> None:
    """Serve HTTP until SIGTERM or SIGINT. Raises what ``parts_from`` raises, ``PortInUseError``."""
    parts = parts_from(settings)
    config = uvicorn.Config(
        create_app(parts),
        host=settings.host,
        port=usable_port(settings),
        http=watching_heads(settings.header_timeout_s),
        log_config=None,
        access_log=False,  # addresses hold ids
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=",".join(settings.trusted_proxies),
        timeout_graceful_shutdown=math.ceil(settings.stop_grace_s / 2),
    )
    _Server(config, parts.closing).run()


if __name__ == "__main__":
    run_process(serve_http)
