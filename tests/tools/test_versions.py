"""The suite with other versions: what is tried, and what is said of a Python that is not there."""

import pytest
from packaging.version import Version

from helpers.course import colab
from helpers.runtime import ROOT
from tools import versions

PINS = colab.pins(ROOT / "requirements.txt")


def test_oldest_are_older_than_the_pinned():
    oldest = colab.pins(colab.OLDEST)
    assert oldest.keys() <= PINS.keys()
    assert all(Version(version) < Version(PINS[name]) for name, version in oldest.items())


@pytest.mark.parametrize("names", [["2.7"], ["oldest", "latest"]])
def test_unknown_version_is_named_before_any_work(names, capsys):
    with pytest.raises(SystemExit):
        versions.main(names)
    said = capsys.readouterr().err
    assert f"there is no {names[-1]}; there are 3.11, 3.12, 3.13, oldest, newest" in said


def test_python_that_is_not_there_is_said(monkeypatch, capsys):
    monkeypatch.setattr(versions, "find", {}.get)
    assert versions.main([]) == 0
    assert capsys.readouterr().out.count("skipped: no python3.1") == 5
    with pytest.raises(SystemExit):
        versions.main(["oldest"])
    assert "no Python on the PATH for oldest" in capsys.readouterr().err


def test_what_the_environments_are_made_from_is_there():
    made = [environment.install for environment in versions.environments().values()]
    files = {file for install in made for file in install if file.endswith(".lock")}
    assert files == {"requirements.lock", "locks/oldest.lock"}
    assert all((ROOT / file).is_file() for file in files)


def test_the_test_that_other_versions_cannot_pass_is_there():
    (deselected, *_) = versions.NOT_AS_PINNED
    file, name = deselected.removeprefix("--deselect=").split("::")
    assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8")
