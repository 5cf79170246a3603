"""pyproject.toml is the one home of versions: what is written from it agrees with it."""

import re

import pytest
from packaging.requirements import Requirement

from helpers.runtime import ROOT
from tools import locks

PROJECT = locks.settings()
GROUPS = PROJECT["dependency-groups"]
FILES = {"test": "requirements.lock"} | {name: f"locks/{name}.lock" for name in locks.GROUPS}
LINUX = {"sys_platform": "linux", "os_name": "posix", "implementation_name": "cpython"}
LINUX |= {"platform_system": "Linux", "platform_machine": "x86_64"}


def text(name: str) -> str:
    """A lock."""
    return (ROOT / FILES[name]).read_text(encoding="utf-8")


def locked(name: str) -> list[tuple[Requirement, str]]:
    """The requirements of a lock, each with its whole entry."""
    entries = re.split(r"^(?=[\w-])", text(name), flags=re.MULTILINE)[1:]
    return [(Requirement(entry.splitlines()[0].rstrip(" \\")), entry) for entry in entries]


def everywhere(name: str) -> dict[str, str]:
    """What a lock installs on every Python and platform."""
    return {one.name: str(one.specifier) for one, _ in locked(name) if not one.marker}


def wanted(name: str) -> dict[str, str]:
    """What pyproject.toml pins for an environment."""
    if name == "oldest":
        lines = locks.oldest().splitlines()
    else:
        course = [] if name == "lint" else PROJECT["project"]["dependencies"]
        lines = [*course, *locks.group(name, GROUPS)]
    return {Requirement(line).name: str(Requirement(line).specifier) for line in lines}


def test_requirements_are_those_of_pyproject():
    for file, content in locks.requirements().items():
        assert (ROOT / file).read_text(encoding="utf-8") == content, f"{file}: `make lock`"


def test_every_version_is_pinned_once():
    lines = [*PROJECT["project"]["dependencies"]]
    for name in GROUPS.keys() - {"gpu", "oldest"}:  # JAX with CUDA; other versions on purpose
        lines += locks.group(name, GROUPS, inner=False)
    assert all(re.fullmatch(r"[\w-]+(\[\w+\])?==\S+", line) for line in lines)
    names = [Requirement(line).name for line in lines]
    assert len(names) == len(set(names))


def test_jax_is_the_same_with_and_without_a_gpu():
    versions = {Requirement(line).specifier for name in ("jax", "gpu") for line in GROUPS[name][1:]}
    assert len(versions) == 1


@pytest.mark.parametrize("name", FILES)
def test_lock_holds_what_is_wanted_and_a_hash_of_every_package(name):
    entries = locked(name)
    assert all("--hash=sha256:" in entry and len(one.specifier) == 1 for one, entry in entries)
    assert wanted(name).items() <= everywhere(name).items()


@pytest.mark.parametrize("name", sorted(FILES.keys() - {"test", "oldest", "lint"}))
def test_every_environment_has_the_course_as_it_is_tested(name):
    ours, theirs = everywhere("test"), everywhere(name)
    assert {Requirement(line).name for line in PROJECT["project"]["dependencies"]} <= theirs.keys()
    assert {one: theirs[one] for one in ours.keys() & theirs.keys()} == {
        one: ours[one] for one in ours.keys() & theirs.keys()
    }


@pytest.mark.parametrize("name", FILES)
def test_lock_serves_each_python(name):
    for python in ("3.12.0",) if name == "oldest" else ("3.11.0", "3.12.0", "3.13.0"):
        there = LINUX | {"python_full_version": python, "python_version": python.rpartition(".")[0]}
        names = [
            one.name for one, _ in locked(name) if not one.marker or one.marker.evaluate(there)
        ]
        assert names and len(names) == len(set(names)), python


@pytest.mark.parametrize("name", FILES)
def test_lock_names_no_registry(name):
    assert "://" not in text(name)
    assert set(re.findall(r"(?:^|\s)(--?\w[\w-]*)", text(name))) <= {"--hash", "-c", "-r"}
