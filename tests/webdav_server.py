"""A WebDAV drive over real HTTP for all tests: wsgidav's, on files in a folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from tests.s3_server import one_at_a_time

USER, PASSWORD = "hospital", "canary-password-of-the-drive"


@contextmanager
def running_webdav(folder: Path) -> Iterator[str]:
    """The address of a drive with its files in this folder, ``webdav://...``; nothing leaves this machine."""
    from cheroot.wsgi import Server
    from wsgidav.wsgidav_app import WsgiDAVApp

    settings = {
        "provider_mapping": {"/": str(folder)},
        "simple_dc": {"user_mapping": {"*": {USER: {"password": PASSWORD}}}},
        "http_authenticator": {"accept_basic": True, "accept_digest": False, "default_to_digest": False},
        "logging": {"enable": False},
        "verbose": 0,
    }
    server = Server(("127.0.0.1", 0), one_at_a_time(WsgiDAVApp(settings)), timeout=10, shutdown_timeout=1)
    server.prepare()
    thread = Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield f"webdav://127.0.0.1:{server.bind_addr[1]}"
    finally:
        server.stop()
        thread.join()


@pytest.fixture(scope="session")
def webdav_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a drive for all tests."""
    with running_webdav(tmp_path_factory.mktemp("drive")) as url:
        yield url
