"""An Orthanc (Debian's ``orthanc``) of our own on loopback, and the ways of giving it a series over HTTP."""

import http.client
import json
import shutil
import socket
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAM = "Orthanc"
START_S = 60.0
TIMEOUT_S = 600.0
CONNECTIONS = 4


@dataclass(frozen=True)
class Orthanc:
    """A running server."""

    port: int
    pid: int

    def ask(self, method: str, path: str) -> bytes:
        """One request without a body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
        connection.request(method, path)
        answer = connection.getresponse().read()
        connection.close()
        return answer

    def post(self, bodies: Sequence[bytes]) -> None:
        """Import bodies, DICOM instances or a zip of them, one after the other over one connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
        for body in bodies:
            connection.request("POST", "/instances", body)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"Orthanc answered {answer.status}")
        connection.close()

    def count(self) -> int:
        """How many instances it holds."""
        return int(json.loads(self.ask("GET", "/statistics"))["CountInstances"])

    def clear(self) -> None:
        """Delete everything."""
        for patient in json.loads(self.ask("GET", "/patients")):
            self.ask("DELETE", f"/patients/{patient}")


@contextmanager
def orthanc(folder: Path) -> Iterator[Orthanc]:
    """Start one with its storage in ``folder``. Raises ``FileNotFoundError`` where it is not installed."""
    if shutil.which(PROGRAM) is None:
        raise FileNotFoundError("Debian's orthanc is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    configuration = folder / "orthanc.json"
    configuration.write_text(
        json.dumps(
            {
                "StorageDirectory": str(folder / "storage"),
                "IndexDirectory": str(folder / "storage"),
                "StorageCompression": False,
                "HttpPort": port,
                "DicomServerEnabled": False,
                "RemoteAccessAllowed": False,
                "AuthenticationEnabled": False,
                "KeepAlive": True,
                "OverwriteInstances": True,
            }
        )
    )
    process = subprocess.Popen([PROGRAM, str(configuration)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        server = Orthanc(port, process.pid)
        _wait(server)
        yield server
    finally:
        process.terminate()
        process.wait()


def _wait(server: Orthanc) -> None:
    give_up = time.monotonic() + START_S
    while time.monotonic() < give_up:
        try:
            server.ask("GET", "/system")
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("Orthanc does not answer")


def ways_of_sending(server: Orthanc, files: Sequence[Path], archive: Path) -> dict[str, Callable[[], None]]:
    """By name: an instance a request over one connection, over several, and one zip (stored, made beforehand)."""
    bodies = [file.read_bytes() for file in files]
    with zipfile.ZipFile(archive, "w") as packed:
        for file in files:
            packed.write(file, file.name)
    packed_bytes = archive.read_bytes()

    def side_by_side() -> None:
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            list(pool.map(server.post, [bodies[n::CONNECTIONS] for n in range(CONNECTIONS)]))

    return {
        "an instance a request": lambda: server.post(bodies),
        f"an instance a request, {CONNECTIONS} connections": side_by_side,
        "one zip": lambda: server.post([packed_bytes]),
    }
