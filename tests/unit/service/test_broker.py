"""The broker of one machine: its socket, where the data folder's path leaves no room for one."""

from pathlib import Path

import pytest
from redis import Redis

from pedcontour.errors import BrokerError
from service.broker import LONGEST_SOCKET_PATH, EmbeddedBroker


@pytest.fixture
def deep(tmp_path: Path) -> Path:
    return tmp_path / ("deep" * 30)


def socket_of(broker: EmbeddedBroker) -> Path:
    return Path(broker.url.get_secret_value().removeprefix("redis+socket://"))


def test_a_deep_folder_has_one_short_socket_whoever_starts_there(deep: Path) -> None:
    socket = socket_of(EmbeddedBroker(deep))
    assert len(str(socket)) <= LONGEST_SOCKET_PATH
    assert socket == socket_of(EmbeddedBroker(deep))
    assert socket != socket_of(EmbeddedBroker(deep / "other"))


def test_a_shallow_folder_holds_its_own_socket(tmp_path: Path) -> None:
    if len(str(tmp_path)) > LONGEST_SOCKET_PATH - 15:
        pytest.skip("the temporary folder itself is deep")
    assert socket_of(EmbeddedBroker(tmp_path)).parent == tmp_path


@pytest.mark.skipif(not Path("/proc").exists(), reason="processes are looked up in /proc")
def test_an_orphan_on_a_deep_folder_is_ended_before_the_next_starts(deep: Path) -> None:
    EmbeddedBroker(deep).__enter__()  # nobody leaves: so a killed supervisor's broker stays
    first = Redis(unix_socket_path=str(socket_of(EmbeddedBroker(deep))))
    process = first.info("server")["process_id"]
    with EmbeddedBroker(deep) as broker:
        second = Redis(unix_socket_path=str(socket_of(broker)))
        assert second.info("server")["process_id"] != process
        assert process_state(process) in ("gone", "Z")
    assert not socket_of(broker).parent.exists()


def process_state(process: int) -> str:
    """The letter of ``/proc``: Z for one that has ended and is not yet waited for."""
    stat = Path(f"/proc/{process}/stat")
    return stat.read_text().rsplit(")", 1)[1].split()[0] if stat.exists() else "gone"


def test_a_socket_folder_that_others_may_enter_is_refused(deep: Path) -> None:
    folder = socket_of(EmbeddedBroker(deep)).parent
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    try:
        with pytest.raises(BrokerError), EmbeddedBroker(deep):
            pass
    finally:
        folder.rmdir()
