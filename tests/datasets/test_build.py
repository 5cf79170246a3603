"""What can be proved about data/build.py offline; its option --check proves the rest."""

import importlib.util

import numpy as np

from helpers.datasets import sources


def load_script():
    spec = importlib.util.spec_from_file_location("build", sources.EMBEDDED / "build.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


def test_it_makes_every_embedded_file_and_no_other():
    embedded = {
        path.name for path in sources.EMBEDDED.iterdir() if path.suffix in (".csv", ".tsv", ".npz")
    }
    assert set(load_script().FILES) == embedded


def test_the_same_arrays_give_the_same_bytes():
    with np.load(sources.FASHION) as archive:
        arrays = dict(archive)
    assert load_script().npz(arrays) == sources.FASHION.read_bytes()


def test_replacing_is_one_step_and_leaves_no_traces(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    load_script().replace(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]
