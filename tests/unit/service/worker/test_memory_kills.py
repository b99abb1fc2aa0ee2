"""Where the count of kills for memory is read, with the kernel's files in a folder of ours."""

from pathlib import Path

import pytest

from service.worker.memory_kills import memory_kills

VMSTAT = "nr_free_pages 1\noom_kill 7\noom_kill_x 9\n"
EVENTS = "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n"


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


@pytest.mark.parametrize(
    ("files", "count"),
    [
        ({"proc/self/cgroup": "0::/a.slice/b.scope\n", "sys/fs/cgroup/a.slice/b.scope/memory.events": EVENTS}, 2),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.events": EVENTS}, 2),
        ({"proc/self/cgroup": "4:memory:/x\n0::/y\n"}, 7),
        ({}, 7),
    ],
    ids=["a group on the host", "a container", "version 1", "no groups"],
)
def test_the_own_group_tells_and_else_the_machine(tmp_path: Path, files: dict[str, str], count: int) -> None:
    write(tmp_path, {"proc/vmstat": VMSTAT} | files)
    assert memory_kills(tmp_path) == count


def test_a_system_that_does_not_tell_is_not_guessed_at(tmp_path: Path) -> None:
    assert memory_kills(tmp_path) is None
    write(tmp_path, {"proc/vmstat": "oom_kill many\n"})
    assert memory_kills(tmp_path) is None


def test_this_system_tells() -> None:
    assert (memory_kills() is None) is not Path("/proc/vmstat").exists()
