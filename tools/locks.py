"""Write what pyproject.toml's versions come to: `make lock` writes requirements*.txt,
requirements.lock and locks/.

    python -m tools.locks              # versions stay, unless pyproject.toml asks for others
    python -m tools.locks --upgrade    # the newest of whatever pyproject.toml leaves open

It needs uv, which is in the environment `lint`. Each lock holds the hash of every file of every
package and names no registry; it serves all Pythons and platforms, `oldest` Python 3.12 on Linux.
"""

import argparse
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COURSE = "requirements.lock"
GROUPS = ("docs", "browser", "jax", "gpu", "teaching", "lint", "oldest")
"""The groups that have a lock of their own; `test` is in requirements.lock."""

WRITTEN = "Written by `make lock` from pyproject.toml"
HEADS = {
    "requirements.txt": f"{WRITTEN}: what `make run` and `make test` need, pinned.",
    "requirements-jax.txt": (
        f"{WRITTEN}: the course with JAX, which trains many runs at once, instead of TensorFlow or"
        " beside it.\n# `pip install -r requirements-jax.txt`, then KERAS_BACKEND=jax; with an"
        " NVIDIA GPU take jax[cuda13].\n# PyTorch, Keras's third backend, is not supported."
    ),
    "requirements-cards.txt": (
        f"{WRITTEN}. An extra, never needed: review cards for Anki.\n"
        "# `pip install -r requirements-cards.txt`, then `python -m helpers cards`."
    ),
    "requirements-oldest.txt": (
        f"{WRITTEN}: the oldest versions that are tested (`make versions`), on Python 3.12.\n"
        "# On Colab what is newer is left alone."
    ),
}


def settings(root: Path = ROOT) -> dict:
    """pyproject.toml."""
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


def group(name: str, groups: dict, *, inner: bool = True) -> Iterator[str]:
    """The requirements of a dependency group, those of the groups that it includes among them if
    `inner`.
    """
    for entry in groups[name]:
        if isinstance(entry, str):
            yield entry
        elif inner:
            yield from group(entry["include-group"], groups)


def name_of(requirement: str) -> str:
    """The package that a requirement pins."""
    return requirement.split("==")[0]


def requirements(root: Path = ROOT) -> dict[str, str]:
    """The texts of requirements.txt and of the files beside it, by their names."""
    project = settings(root)
    groups = project["dependency-groups"]
    course = project["project"]["dependencies"]
    wanted = {
        "requirements.txt": [*course, *group("test", groups)],
        "requirements-jax.txt": [
            *(one for one in course if name_of(one) != "tensorflow"),
            *group("jax", groups),
        ],
        "requirements-cards.txt": group("cards", groups),
        "requirements-oldest.txt": group("oldest", groups),
    }
    return {
        file: "\n".join([f"# {HEADS[file]}", *sorted(lines, key=name_of), ""])
        for file, lines in wanted.items()
    }


def oldest(root: Path = ROOT) -> str:
    """What the environment of the oldest versions has: all of requirements.txt, with those versions
    where there are.
    """
    texts = requirements(root)
    lines = (texts["requirements.txt"] + texts["requirements-oldest.txt"]).splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    return "\n".join(f"{name}=={version}" for name, version in sorted(pins.items()))


def sources(name: str) -> tuple[list[str], str | None]:
    """What uv is told to compile into the lock `name`, and what it reads from its standard
    input.
    """
    if name == "oldest":
        return ["--python-version", "3.12", "--python-platform", "linux", "-"], oldest()
    lowest = ["--universal", "--python-version", "3.11"]
    if name == "test":
        return [*lowest, "pyproject.toml", "--group", "test"], None
    project = [] if name == "lint" else ["pyproject.toml"]  # lint stands alone
    return [*lowest, *project, "--group", name, "--constraint", COURSE], None


def lock(name: str, file: str, upgrade: bool) -> None:
    """Compile one lock. Raises CalledProcessError where versions exclude each other or no registry
    answers.
    """
    arguments, text = sources(name)
    uv = Path(sys.executable).with_name("uv")
    how = ["--quiet", "--generate-hashes", "--no-emit-index-url"]
    said = ["--custom-compile-command", "make lock", "--output-file", file]
    command = [uv, "pip", "compile", *how, *said, *["--upgrade"] * upgrade, *arguments]
    subprocess.run(command, cwd=ROOT, input=text, text=True, check=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write all files; the exit status is uv's where it fails."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.locks", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    upgrade = parser.parse_args(arguments).upgrade
    for file, text in requirements().items():
        (ROOT / file).write_text(text, encoding="utf-8")
    (ROOT / "locks").mkdir(exist_ok=True)
    try:
        lock("test", COURSE, upgrade)
        for name in GROUPS:
            lock(name, f"locks/{name}.lock", upgrade)
    except subprocess.CalledProcessError as failure:
        sys.exit(failure.returncode)


if __name__ == "__main__":
    main()
