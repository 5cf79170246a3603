"""How many notebooks at a time, from what the machine has."""

from types import SimpleNamespace

import pytest

from helpers import runtime
from helpers.course import sharing


@pytest.mark.parametrize(
    ("cores", "free", "limit", "profile", "expected"),
    [
        (2, 20, 24, "quick", 2),  # as cores allow
        (8, 9, 16, "quick", 4),  # as free memory allows
        (8, 60, 7, "quick", 3),  # as the limit of a container allows
        (8, 20, 24, "full", 3),  # real images need more
        (8, 1, 24, "quick", 1),  # never none
    ],
)
def test_as_many_at_a_time_as_cores_and_memory_allow(
    monkeypatch, cores, free, limit, profile, expected
):
    def memory(gigabytes):
        return gigabytes * runtime.GIGABYTE

    monkeypatch.setattr(sharing, "CPU_COUNT", cores)
    monkeypatch.setattr(
        sharing.psutil, "virtual_memory", lambda: SimpleNamespace(available=memory(free))
    )
    monkeypatch.setattr(sharing, "memory_limit", lambda: memory(limit))
    assert sharing.jobs(profile) == expected


@pytest.mark.parametrize(
    ("cores", "at_a_time", "expected"), [(8, 2, "4"), (8, 3, "2"), (2, 4, "1")]
)
def test_cores_are_shared(monkeypatch, cores, at_a_time, expected):
    monkeypatch.setattr(sharing, "CPU_COUNT", cores)
    for name in runtime.THREAD_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    assert set(sharing.threads(at_a_time).values()) == {expected}
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert "OMP_NUM_THREADS" not in sharing.threads(at_a_time)
    assert sharing.threads(1) == {}
