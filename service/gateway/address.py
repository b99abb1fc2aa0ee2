"""Where the gateway is to listen, and whether it can."""

import socket

from pedcontour.errors import PortInUseError
from pedcontour.settings import Settings


def usable_port(settings: Settings) -> int:
    """The port to bind to; port 0 asks for any that is free. Raises ``PortInUseError``."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((settings.host, settings.port))
            return int(probe.getsockname()[1])
    except OSError:
        raise PortInUseError(f"port {settings.port} of {settings.host} cannot be bound") from None
