"""``python -m service.gateway``: the composition root of the gateway."""

import math
import threading
from types import FrameType

import uvicorn

from pedcontour.settings import Settings
from service.confinement import no_core_dumps, private_files
from service.datafolder import make_data_folder, warn_of_open_folder
from service.gateway.app import create_app
from service.gateway.heads import watching_heads
from service.gateway.start import parts_from
from service.logs import configure_logs


class _Server(uvicorn.Server):
    """Finishes uploads under way when it is asked to stop, and ends those answers that would go on for long."""

    def __init__(self, config: uvicorn.Config, closing: threading.Event) -> None:
        super().__init__(config)
        self._closing = closing

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """See ``uvicorn.Server``."""
        self._closing.set()
        super().handle_exit(sig, frame)


def main() -> None:
    """Serve HTTP with the settings of the environment until SIGTERM or SIGINT."""
    settings = Settings()
    configure_logs(settings.log_level, settings.log_format)
    private_files()
    no_core_dumps()
    make_data_folder(settings.data_dir)
    warn_of_open_folder(settings.data_dir)
    parts = parts_from(settings)
    config = uvicorn.Config(
        create_app(parts),
        host=settings.host,
        port=settings.port,
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
    main()
