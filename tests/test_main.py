"""`python -m helpers run` and `execute`, on small notebooks in a folder of their own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from helpers import claims, without_tensorflow
from helpers.__main__ import main
from helpers.course import notebooks
from helpers.runtime import ROOT

PATIENCE = 300  # seconds, for a machine that is busy with other things
WAIT_FOR = "import pathlib, time\nwhile not pathlib.Path('{}').exists():\n    time.sleep(0.05)"
VERDICT = {"id": "OVF-01", "verdict": "supported", "detail": "measured", "runs": 12}


def write(path: Path, *sources: str) -> Path:
    """A notebook whose first cell holds the parameters and whose other cells hold `sources`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = [
        new_code_cell("RUNS = 2", metadata={"tags": ["parameters"]}),
        *map(new_code_cell, sources),
    ]
    kernelspec = {"name": "nowhere", "language": "python", "display_name": "Nowhere"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernelspec}), path)
    return path


@pytest.fixture
def course(tmp_path, monkeypatch) -> Path:
    """A folder, with a space in its name, as the course's root and the current folder."""
    root = tmp_path / "my course"
    root.mkdir()
    monkeypatch.chdir(root)
    return root


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def has_ended(number: int) -> bool:
    """Whether there is no such process, or nobody has yet asked how it ended."""
    try:
        return psutil.Process(number).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def last_output(path: Path) -> str:
    return notebooks.read(path).cells[-1].outputs[0].text.strip()


COMMANDS_WITHOUT = {
    "help": ["--help"],
    "doctor": ["doctor"],
    "progress": ["progress"],
    "begin": ["begin"],
    "handout": ["handout", "01"],
}


@pytest.mark.parametrize("name", COMMANDS_WITHOUT)
def test_what_needs_neither_starts_without_jupytext_and_papermill(name, tmp_path):
    program = (
        "import sys; sys.modules |= dict.fromkeys(('jupytext', 'papermill')); "
        "from pathlib import Path; from helpers.__main__ import main; "
        f"sys.exit(main({COMMANDS_WITHOUT[name]!r}, Path({str(tmp_path)!r})))"
    )
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_notebooks_that_compute_with_tensorflow_are_left_out_where_it_is_missing(
    course, monkeypatch, capsys
):
    """What stands in for it has Keras: see `without_tensorflow`."""
    told = write(
        course / "told.ipynb",
        "import tensorflow as tf\nfrom tensorflow.keras import layers",
        "listing = 'tf.GradientTape()'\ntf.random.set_seed(1); tf.keras.Model",
    )
    asked = write(course / "asked.ipynb", "import tensorflow as tf", "def f(): tf.constant(1)")
    monkeypatch.setattr(without_tensorflow, "has_tensorflow", lambda: False)
    monkeypatch.setattr(notebooks, "run", lambda path, copy, *given, **how: print("ran", path.name))
    assert main(["run", str(told), str(asked)], course) == 0
    said = capsys.readouterr().out
    missing = (
        "it computes with TensorFlow, which is not installed (pip install -r requirements.txt)"
    )
    assert f"asked.ipynb is left out: {missing}" in said
    assert "ran told.ipynb" in said and "ran asked.ipynb" not in said


def test_finds_lessons_before_audits(course):
    for name in ("audits/01_a", "02_b", "01_a"):
        write(course / "notebooks" / f"{name}.ipynb")
    assert [str(path.relative_to(course)) for path in notebooks.find(course)] == [
        "notebooks/01_a.ipynb", "notebooks/02_b.ipynb", "notebooks/audits/01_a.ipynb",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "missing.ipynb"], "make sync"),
        (["run", "-p", "RUN", "3"], "01_a.ipynb has no parameter RUN; it has RUNS"),
        (["run", "notebooks/text.ipynb"], "text.ipynb ends in .ipynb, but is no notebook inside"),
        (["run", "notebooks/claims.toml"], "is no notebook: name a file that ends in .ipynb"),
        (["run", "--timeout", "0"], "argument --timeout: '0' is no positive number"),
        (["run", "--timeout", "-5"], "'-5' is no positive number"),
        (["run", "--timeout", "soon"], "'soon' is no positive number"),
        (["run", "--timeout", "inf"], "'inf' is no positive number"),
        (["run", "--jobs", "0"], "argument --jobs: '0' is no whole number above 0"),
        (["run", "--jobs", "1.5"], "'1.5' is no whole number above 0"),
        (["execute", "--jobs", "-1"], "'-1' is no whole number above 0"),
        (["execute", "--jobs", "all"], "'all' is no whole number above 0"),
        (["run", "--out", "notebooks/claims.toml"], "claims.toml is a file: name a folder"),
        (["run", "--out", "notebooks/claims.toml/new"], "claims.toml is a file: name a folder"),
        (["run", "/elsewhere.ipynb"], "lies outside"),
        (["lock", "OVF-01", "--evidence", "absent"], "There is no folder absent"),
        (["calibrate", "--evidence", "absent"], "There is no folder absent"),
        (["execute", "missing.ipynb"], "make sync"),
        (["dance"], "invalid choice"),
    ],
)
def test_bad_input_is_named_before_any_work(course, capsys, arguments, message):
    write(course / "notebooks" / "01_a.ipynb")
    Path("notebooks/claims.toml").write_text("[OVF-01]\n")
    if "notebooks/text.ipynb" in arguments:
        Path("notebooks/text.ipynb").write_text("no JSON")
    with pytest.raises(SystemExit) as stop:
        main(arguments, course)
    assert stop.value.code == 2
    said = capsys.readouterr().err
    assert message in said and "delete" not in said
    assert not Path("build").exists()


@pytest.mark.parametrize("out", [".", "notebooks/..", "link"])
def test_a_copy_never_replaces_its_notebook(course, capsys, out):
    first = write(course / "notebooks" / "01_a.ipynb", "open('ran', 'w')")
    second = write(course / "notebooks" / "02_b.ipynb", "open('ran', 'w')")
    Path("link").symlink_to(course)
    before = first.read_bytes(), second.read_bytes()
    with pytest.raises(SystemExit) as stop:
        main(["run", "--out", out], course)
    assert stop.value.code == 2
    assert "The copy of 01_a.ipynb would replace the notebook itself" in capsys.readouterr().err
    assert (first.read_bytes(), second.read_bytes()) == before
    assert not Path("notebooks/ran").exists()


def test_a_copy_never_replaces_another_notebook_that_is_to_be_executed(course, capsys):
    lesson = write(course / "notebooks" / "01_a.ipynb", "open('ran', 'w')")
    other = write(course / "build" / "notebooks" / "01_a.ipynb", "answer = 42")
    before = other.read_bytes()
    with pytest.raises(SystemExit):
        main(["run", str(lesson), str(other)], course)
    assert f"The copy of 01_a.ipynb would replace {other}" in capsys.readouterr().err
    assert other.read_bytes() == before and not Path("notebooks/ran").exists()


def test_a_folder_that_cannot_be_written_into_is_named(course, capsys, monkeypatch):
    write(course / "notebooks" / "01_a.ipynb")
    monkeypatch.setattr(os, "access", lambda path, mode: path != course)
    with pytest.raises(SystemExit) as stop:
        main(["run", "--out", "mine/copies"], course)
    assert stop.value.code == 2
    assert f"you may not write into {course}" in capsys.readouterr().err


def test_no_command_waits_for_what_it_does_not_need():
    code = (
        "import sys, contextlib\n"
        "from helpers.__main__ import main\n"
        "with contextlib.suppress(SystemExit):\n"
        "    main(['grade', '--help'])\n"
        "heavy = {'dask', 'jupytext', 'keras', 'papermill', 'pandas', 'tensorflow'}\n"
        "print(sorted(heavy & {*sys.modules}))\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("\n[]\n")


@pytest.mark.slow
def test_run_executes_all_and_prints_the_verdicts(course, capsys, monkeypatch):
    # A kernelspec of the same name that starts nothing: the notebooks must run in this Python.
    broken = course / "jupyter" / "kernels" / "python3"
    broken.mkdir(parents=True)
    (broken / "kernel.json").write_text(
        json.dumps({"argv": ["false"], "display_name": "broken", "language": "python"})
    )
    monkeypatch.setenv("JUPYTER_PATH", str(course / "jupyter"))
    bundle = {claims.MIME_TYPE: VERDICT}
    show = f"from IPython.display import display; display({bundle}, raw=True)"
    lesson = write(
        course / "notebooks" / "01_a.ipynb",
        show,
        "import os, sys; print(RUNS, sys.executable, os.getcwd())",
    )
    audit = write(course / "notebooks" / "audits" / "01_a.ipynb", "print(RUNS)")
    plain = notebooks.read(audit)
    plain.metadata = {}  # as jupytext writes a notebook that was never executed
    nbformat.write(plain, audit)
    before = lesson.read_bytes()

    assert main(["run", "-p", "RUNS", "3"], course) == 0

    expected = f"3 {sys.executable} {lesson.parent}"
    assert last_output(course / "build" / "notebooks" / "01_a.ipynb") == expected
    assert last_output(course / "build" / "notebooks" / "audits" / "01_a.ipynb") == "3"
    assert lesson.read_bytes() == before
    printed = capsys.readouterr()
    assert "OVF-01  supported" in printed.out
    assert "1 statements\n1 by computation: 1 supported\n0 comparisons ran here" in printed.out
    assert "notebooks/01_a" in printed.out
    assert printed.err == ""  # no bar where there is no terminal


@pytest.mark.slow
def test_several_at_a_time_share_the_cores_and_are_told_in_order(course, capsys, monkeypatch):
    names = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "NPROC")
    for name in names:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")  # the reader's own
    threads = f"import os; print(*[os.environ.get(name) for name in {names}])"
    first = course / "notebooks" / "01_a.ipynb"
    write(first, WAIT_FOR.format("../build/notebooks/02_b.ipynb"), threads)
    write(course / "notebooks" / "02_b.ipynb", threads)

    assert main(["run", "--jobs", "2", "--timeout", str(PATIENCE)], course) == 0

    share = max(1, len(os.sched_getaffinity(0)) // 2)
    copies = course / "build" / "notebooks"
    seen = {last_output(copies / name) for name in ("01_a.ipynb", "02_b.ipynb")}
    assert seen == {f"7 {share} {share} {share}"}
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["notebooks/01_a", "notebooks/02_b"]
    assert main(["run", "--jobs", "1", "notebooks/02_b.ipynb"], course) == 0
    assert last_output(copies / "02_b.ipynb") == "7 None None None"


@pytest.mark.slow
def test_one_at_a_time_is_one_at_a_time(course):
    alone = "import os, time; open('busy', 'x'); time.sleep(0.5); os.remove('busy')"
    for name in ("01_a", "02_b", "03_c"):
        write(course / "notebooks" / f"{name}.ipynb", alone)
    assert main(["run", "--jobs", "1"], course) == 0


@pytest.mark.slow
def test_stopped_notebook_is_reported_and_the_others_finish(course, capsys):
    write(course / "notebooks" / "01_a.ipynb", "print('before')", "1 / 0", "print('after')")
    write(course / "notebooks" / "03_c.ipynb", "import os; os._exit(1)")
    write(course / "notebooks" / "04_d.ipynb", "print('fine')")
    stale = write(course / "build" / "notebooks" / "01_a.ipynb")

    assert main(["run"], course) == 1

    assert not stale.exists()
    left = sorted(path.name for path in stale.parent.iterdir())
    assert left == ["01_a.failed.ipynb", "03_c.failed.ipynb", "04_d.ipynb"]
    assert "before" in (stale.parent / "01_a.failed.ipynb").read_text()
    error = capsys.readouterr().err
    assert "01_a.ipynb stopped in this cell:\n\n1 / 0\n\nZeroDivisionError" in error
    assert "03_c.ipynb stopped in this cell:\n\nimport os; os._exit(1)\n\nDeadKernelError" in error


@pytest.mark.slow
def test_a_cell_that_takes_too_long_stops_its_notebook(course, capsys):
    # It is the only cell: on a busy machine any other might take as long.
    cell, notebook = "import time; time.sleep(600)", course / "notebooks" / "01_a.ipynb"
    notebook.parent.mkdir()
    nbformat.write(new_notebook(cells=[new_code_cell(cell)]), notebook)
    assert main(["run", "--timeout", "1.5"], course) == 1
    assert [path.name for path in Path("build/notebooks").iterdir()] == ["01_a.failed.ipynb"]
    stopped = f"01_a.ipynb stopped in this cell:\n\n{cell}\n\nCellTimeoutError"
    assert stopped in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(("command", "jobs"), [("run", 1), ("run", 3), ("execute", 3)])
def test_what_was_finished_stays_when_a_run_is_interrupted(course, command, jobs):
    folder = course / "notebooks"
    first = write(folder / "01_a.ipynb", "print('fine')", "open('finished', 'w')")
    tells = "import os, time; open('{0}', 'w').write(str(os.getpid())); os.rename('{0}', '{0}.pid')"
    others = [
        write(folder / f"{name}.ipynb", tells.format(name), "time.sleep(600)")
        for name in ("02_b", "03_c")
    ]
    before = [path.read_bytes() for path in others]
    program = (
        "import sys, pathlib, helpers.__main__ as m; "
        "sys.exit(m.main(sys.argv[1:], pathlib.Path.cwd()))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, command, "--jobs", str(jobs)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        # A script's background is born deaf to Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline().startswith("notebooks/01_a")  # it is done
    wait_until(lambda: len(list(folder.glob("*.pid"))) == min(jobs, 2))

    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=PATIENCE)

    assert process.returncode == 130
    assert error == "\nInterrupted. The notebooks that were finished stay written.\n"
    written = first if command == "execute" else course / "build" / "notebooks" / first.name
    assert notebooks.read(written).cells[1].outputs[0].text == "fine\n"
    expected = {"01_a.ipynb"} if command == "run" else {path.name for path in (first, *others)}
    own = {"finished", *(path.name for path in folder.glob("*.pid"))}
    assert {path.name for path in written.parent.iterdir()} - own == expected
    assert [path.read_bytes() for path in others] == before
    for pid in folder.glob("*.pid"):  # the kernels end too, at the latest a moment after
        wait_until(partial(has_ended, int(pid.read_text())))


@pytest.mark.slow
def test_execute_leaves_only_lasting_metadata(course):
    notebook = write(course / "notebooks" / "01_a.ipynb", "print(RUNS)")
    content = notebooks.read(notebook)
    lasting = {"lines_to_next_cell": 2}
    passing = {"execution": {"iopub.execute_input": "2026"}, "collapsed": True}
    content.cells[1].metadata = lasting | passing
    nbformat.write(content, notebook)

    assert main(["execute"], course) == 0

    first = notebook.read_bytes()
    executed = notebooks.read(notebook)
    assert executed.cells[1].outputs[0].text == "2\n"
    assert executed.cells[0].metadata == {"tags": ["parameters"]}
    assert executed.cells[1].metadata == lasting
    assert executed.metadata.kernelspec.name == "python3"
    assert main(["execute"], course) == 0
    assert notebook.read_bytes() == first


@pytest.mark.slow
def test_execute_leaves_what_was_saved_meanwhile(course, capsys):
    saves = "import pathlib; pathlib.Path('01_a.ipynb').write_text('saved by a reader')"
    notebook = write(course / "notebooks" / "01_a.ipynb", saves)
    assert main(["execute"], course) == 1
    assert notebook.read_text() == "saved by a reader"
    assert "the file was saved by somebody else meanwhile" in capsys.readouterr().err


@pytest.mark.slow
def test_execute_leaves_a_stopped_notebook_as_it_was(course):
    notebook = write(course / "notebooks" / "01_a.ipynb", "1 / 0")
    before = notebook.read_bytes()
    assert main(["execute"], course) == 1
    assert notebook.read_bytes() == before
    assert [path.name for path in notebook.parent.iterdir()] == ["01_a.ipynb"]
