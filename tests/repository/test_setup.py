"""The set-up: versions that are pinned, workflows, and the Makefile, each of whose commands has its
own environment.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from helpers.course import colab
from helpers.runtime import BACKENDS, ROOT
from tools import environment, versions

PINS = colab.pins(ROOT / "requirements.txt")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


@pytest.mark.parametrize("package", PINS)
def test_pinned_version_is_what_runs(package):
    assert version(package) == PINS[package]


def test_every_requirement_is_pinned():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    assert len(PINS) == sum(bool(line) and not line.startswith("#") for line in lines)


def test_what_installs_a_backend_is_there():
    assert all((ROOT / file).is_file() for file in BACKENDS.values())


def test_conda_environment_takes_its_versions_from_the_lock():
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, pip, packages = conda["dependencies"]
    assert packages == {"pip": ["-r requirements.lock"]}
    assert pip == "pip"
    assert python in {"python=3.11", "python=3.12", "python=3.13"}


def test_devcontainer_sets_up_what_it_opens():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert container["image"].startswith(f"python:{conda['dependencies'][0].split('=')[1]}-")
    setup, begin = container["postCreateCommand"].split(" && ")
    assert setup == "make setup" and "setup:" in MAKEFILE
    assert f"@$(IN_VENV){begin.removeprefix('.venv/bin/python')}\n" in MAKEFILE
    customized = container["customizations"]
    (page,) = customized["codespaces"]["openFiles"]
    assert (ROOT / page.replace("work/", "notebooks/")).is_file()
    python = customized["vscode"]["settings"]["python.defaultInterpreterPath"]
    assert python == "${containerWorkspaceFolder}/.venv/bin/python"


def workflow(name: str) -> dict:
    """A workflow, which may read the repository and change nothing."""
    found = yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text())
    assert found["permissions"] == {"contents": "read"}
    return found["jobs"]


def test_workflow_runs_lint_and_the_readme_command_on_every_python():
    jobs = workflow("test.yml")
    assert jobs["test"]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    assert jobs["test"]["steps"][-1]["run"].startswith("make test")
    assert jobs["lint"]["steps"][-1]["run"].startswith("make lint")


def test_nightly_workflow_tries_every_environment():
    matrix = workflow("versions.yml")["versions"]["strategy"]["matrix"]["include"]
    tried = {entry["name"]: entry["python"] for entry in matrix}
    pythons = {name: one.python for name, one in versions.environments().items()}
    assert tried == pythons


def test_actions_are_pinned_by_commit_each_with_its_version():
    for path in (ROOT / ".github" / "workflows").iterdir():
        used = re.findall(r"uses: +(?!\./)(.+)", path.read_text(encoding="utf-8"))
        assert used and all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v[\d.]+", one) for one in used)


def test_workflows_and_ci_call_commands_and_name_files_that_are_there():
    files = [*(ROOT / ".github" / "workflows").iterdir(), ROOT / ".ci" / "run"]
    for path in files:
        text = path.read_text(encoding="utf-8")
        for command in re.findall(r"\bmake ([a-z-]+)", text):
            assert re.search(rf"^{command}:", MAKEFILE, re.MULTILINE), (path.name, command)
        for file in re.findall(r"(?:requirements|locks/)[\w./*-]+", text):
            assert list(ROOT.glob(file)), (path.name, file)


def test_ci_begins_with_lint():
    commands = re.findall(r"^\s*make (\S+)", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    assert commands == ["lint", "test", "test-browser"]


def test_hooks_are_what_lint_runs():
    settings = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    hooks = [hook["entry"] for repo in settings["repos"] for hook in repo["hooks"]]
    assert [repo["repo"] for repo in settings["repos"]] == ["local"]
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)[1]
    tools = re.findall(r"(?:\$\(IN_LINT\)|\.venv/bin)/([\w-]+(?: format| check)?)", recipe)
    called = [re.search(r"/bin/([\w-]+(?: format| check)?)", hook)[1] for hook in hooks]
    assert called == tools


def test_no_command_installs_into_an_environment():
    assert "pip" not in re.findall(r"\w+", MAKEFILE)


def test_every_environment_is_made_by_a_command():
    made = set(re.findall(r"\$\(ENVIRONMENT\) (\w+)", MAKEFILE))
    made |= set(re.findall(r"NAME = .*,(\w+),\w+\)", MAKEFILE))
    assert made == environment.ENVIRONMENTS.keys()
    used = set(re.findall(r"(?:\.venv|build/venv/\w+)(?=/bin)", MAKEFILE))
    assert used <= {folder for folder, _ in environment.ENVIRONMENTS.values()}


def test_modules_that_commands_run_are_there():
    for name in re.findall(r"-m ((?:helpers|benchmarks|tools|docs)[\w.]*)", MAKEFILE):
        path = ROOT.joinpath(*name.split("."))
        assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), name


def test_tests_that_commands_name_are_there():
    assert all((ROOT / path).exists() for path in re.findall(r"\btests/[\w./]+", MAKEFILE))


def test_pairs_are_configured():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["jupytext"]
    assert settings["formats"] == "ipynb,py:percent"


@pytest.mark.parametrize("edited", [".ipynb", ".py"])
def test_sync_keeps_what_was_saved_last(tmp_path, edited):
    """A notebook may be edited where nothing writes its .py: in an editor other than JupyterLab."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    pair = [tmp_path / f"intact{suffix}" for suffix in (".ipynb", ".py")]
    for path in pair:
        shutil.copy(ROOT / "tests" / "fixtures" / path.name, path)
        os.utime(path, (1e9, 1e9))
    changed = tmp_path / f"intact{edited}"
    text = changed.read_text(encoding="utf-8")
    assert "PROFILE" in text
    changed.write_text(text.replace("PROFILE", "EDITED"), encoding="utf-8")
    found = re.search(r"-m (jupytext .*) \$\(SCRIPTS\)", MAKEFILE)
    assert found
    subprocess.run(
        [sys.executable, "-m", *found[1].split(), pair[1].name], cwd=tmp_path, check=True
    )
    for path in pair:
        text = path.read_text(encoding="utf-8")
        assert "EDITED" in text and "PROFILE" not in text


@pytest.fixture
def clone(tmp_path) -> Path:
    """The Makefile and what makes environments, in a folder with a space in its name, with no
    packages to install.
    """
    folder = tmp_path / "a clone"
    (folder / "tools").mkdir(parents=True)
    for file in ("Makefile", "pyproject.toml", "tools/environment.py"):
        shutil.copy(ROOT / file, folder / file)
    (folder / "requirements.lock").write_text("# nothing\n")
    return folder


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """`make` in a folder with this Python, unless the arguments name another."""
    outside = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MAKE", "MFLAGS", "PYTHON"))
    }
    command = ["make", f"PYTHON={sys.executable}", *arguments]
    return subprocess.run(
        command, cwd=folder, env=outside, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_setup_is_done_once(clone):
    first, second = make(clone, "setup"), make(clone, "setup")
    assert first.returncode == 0, first.stderr
    assert "Setting up" in first.stdout
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert (clone / ".venv" / "bin" / "python").exists()


@pytest.mark.slow
def test_failed_installation_is_not_taken_for_complete(clone):
    (clone / "requirements.lock").write_text("./no-such-package\n")
    failed = make(clone, "setup")
    assert failed.returncode != 0
    assert "no-such-package" in failed.stderr
    assert not (clone / ".venv").exists()


def test_unfit_python_is_refused_before_any_work(clone):
    text = (clone / "pyproject.toml").read_text()
    changed = re.sub('requires-python = ".*"', 'requires-python = ">=3.96,<3.99"', text)
    (clone / "pyproject.toml").write_text(changed)
    refused = make(clone, "setup")
    assert refused.returncode != 0
    assert "The course needs Python 3.96, 3.97 or 3.98" in refused.stderr
    assert not (clone / ".venv").exists()


def test_help_is_the_default_and_lists_the_commands(clone):
    listed = make(clone).stdout
    for command in ("run", "test", "lint", "lab", "sync", "execute", "help"):
        assert f"make {command} " in listed


@pytest.mark.slow
def test_the_project_installs_the_command_and_nothing_but_helpers(tmp_path):
    """What `pip install` takes from a clone; its packages and the network are left out."""
    for name in ("pyproject.toml", "README.md", "LICENSE", "LICENSE-TEXT"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("helpers", "tools", "tests/fixtures"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    quiet = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation"]
    command = [sys.executable, "-m", "pip", "wheel", *quiet, "--wheel-dir", "wheels", "."]
    subprocess.run(command, cwd=tmp_path, check=True)
    (wheel,) = (tmp_path / "wheels").iterdir()
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
        (points,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        assert "course = helpers.__main__:main" in archive.read(points).decode()
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "helpers").rglob("*.py")}
    assert set(names) == modules
