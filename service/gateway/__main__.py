"""``python -m service.gateway``: the composition root of the gateway."""

import math

import uvicorn

from pedcontour.settings import Settings
from service.confinement import no_core_dumps
from service.gateway.app import create_app
from service.gateway.start import parts_from
from service.logs import configure_logs


def main() -> None:
    """Serve HTTP with the settings of the environment until SIGTERM or SIGINT."""
    settings = Settings()
    configure_logs(settings.log_level, settings.log_format)
    no_core_dumps()
    app = create_app(parts_from(settings))
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,  # addresses hold ids
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=",".join(settings.trusted_proxies),
        timeout_graceful_shutdown=math.ceil(settings.stop_grace_s / 2),
    )


if __name__ == "__main__":
    main()
