"""The suite with other versions: what is tried, and what is said of a Python that is not there."""

import pytest
from packaging.version import Version

from helpers.course import colab
from helpers.runtime import ROOT
from tools import colab as rehearsal
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
    assert (
        f"there is no {names[-1]}; there are 3.11, 3.12, 3.13, oldest, newest, jax, colab-" in said
    )


def test_python_that_is_not_there_is_said(monkeypatch, capsys):
    monkeypatch.setattr(versions, "find", {}.get)
    assert versions.main([]) == 0
    said = capsys.readouterr().out
    assert said.count("skipped: no python3.1") == len(versions.environments()) >= 7
    with pytest.raises(SystemExit):
        versions.main(["oldest"])
    assert "no Python on the PATH for oldest" in capsys.readouterr().err


def test_what_the_environments_are_made_from_is_there():
    made = [environment.install for environment in versions.environments().values()]
    files = {file for install in made for file in install if file.endswith(".lock")}
    assert files == {"requirements.lock", "locks/oldest.lock"}
    assert all((ROOT / file).is_file() for file in files)


def test_a_python_that_does_not_run_is_none(monkeypatch, tmp_path):
    """pyenv puts a program on the PATH for each Python it knows; those not chosen only complain."""
    program = tmp_path / "python3.99"
    program.write_text("#!/bin/sh\nexit 127\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert versions.find("3.99") is None
    program.write_text("#!/bin/sh\nexit 0\n")
    assert versions.find("3.99") == str(program)


def test_a_runtime_of_colabs_is_a_file(monkeypatch, tmp_path):
    (tmp_path / "locks").mkdir()
    runtime = tmp_path / "locks" / "colab-2031-02-03.txt"
    runtime.write_text("# pip freeze of the runtime of 2031-02-03 (Python 3.15.1)\nnumpy==4.0.0\n")
    monkeypatch.setattr(rehearsal, "ROOT", tmp_path)
    made = versions.environments()["colab-2031-02-03"]
    assert made.python == "3.15"
    assert made.install[:2] == ("--constraint", "locks/colab-2031-02-03.txt")
    assert {*colab.pins(colab.OLDEST), "ipykernel", "jax"} <= {*made.install}
    runtime.write_text("numpy==4.0.0\n")
    with pytest.raises(ValueError, match="colab-2031-02-03.txt must name its Python"):
        versions.environments()


def test_colabs_runtimes_pin_all_that_the_course_takes_of_them():
    for path in rehearsal.runtimes().values():
        pinned = colab.pins(path)
        assert {*rehearsal.packages_of(path)[2:]} <= pinned.keys()
        assert "://" not in path.read_text(encoding="utf-8")


def test_the_test_that_other_versions_cannot_pass_is_there():
    (deselected, *_) = versions.NOT_AS_PINNED
    file, name = deselected.removeprefix("--deselect=").split("::")
    assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["3.11", "3.12", "3.13", "oldest"])
def test_a_lock_is_complete_so_nothing_is_installed_beside_it(name):
    """The locks leave out a package that nothing needs, which pip would ask a hash for."""
    assert "--no-deps" in versions.environments()[name].install
