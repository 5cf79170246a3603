"""The committed evidence: it agrees with lock, claims, notebooks and with chance."""

import subprocess
from collections import Counter
from pathlib import Path

import pytest

from helpers.claims import PRIMARY, calibration, evidence, protocol
from helpers.course import notebooks
from helpers.runtime import ROOT
from tests.repository import git_history

LARGEST_BYTES = 5_000_000
RECORDED = evidence.read()
REPLICATED = evidence.read(name=evidence.REPLICATION)


def test_words_are_those_of_values_cells_and_criteria():
    assert evidence.faults(RECORDED) == []


def test_what_is_locked_has_not_changed_unnoticed():
    assert protocol.faults(notebooks.find()) == []


def test_every_record_was_found_by_a_cell_that_is_there():
    paths = {record.notebook for record in RECORDED}
    assert [path for path in paths if not (ROOT / path).is_file()] == []
    cells = {path: {cell.id for cell in notebooks.read(ROOT / path).cells} for path in paths}
    lost = [
        f"{record.verdict.id} [{record.verdict.setting}]: {record.notebook} has no {record.cell}"
        for record in RECORDED
        if record.cell not in cells[record.notebook]
    ]
    assert lost == []


def test_every_locked_statement_is_decided_by_one_setting():
    decide = Counter(r.verdict.id for r in RECORDED if r.verdict.role == PRIMARY)
    assert {name: decide[name] for name in protocol.locked()} == dict.fromkeys(protocol.locked(), 1)


def test_other_seeds_are_measured_on_the_same_data():
    """Such as the stand-in both times: real data of one's own would be another experiment."""
    again = {(r.verdict.id, r.verdict.setting): r.verdict.data for r in REPLICATED}
    pairs = [(r.verdict, again.get((r.verdict.id, r.verdict.setting))) for r in RECORDED]
    assert len(again) > 300
    other = [(own.id, own.data, data) for own, data in pairs if data not in (None, own.data)]
    assert other == []


def test_the_files_are_small_enough_for_git():
    files = [path for path in evidence.FOLDER.iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) < LARGEST_BYTES


def test_no_more_planted_nulls_give_alarms_than_chance_explains():
    planted = calibration.planted_nulls(record.verdict for record in RECORDED)
    assert planted.tests > 0
    assert planted.alarms <= planted.allowed, planted.places


# The lock only grows ------------------------------------------------------------------------------


def test_no_line_of_the_lock_was_ever_taken_back():
    try:
        before = git_history.rewritten(protocol.LOCK)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("git, or the history of this folder, is not here")
    assert before == []


@pytest.fixture
def lock(tmp_path) -> Path:
    """A lock of two lines below a folder of a repository, its second line committed later."""
    file = tmp_path / "evidence" / "protocol.lock"
    file.parent.mkdir()
    git(tmp_path, "init", "-q")
    for text in ("one\n", "one\ntwo\n"):
        file.write_text(text)
        commit(file)
    return file


def git(folder: Path, *command: str) -> str:
    settings = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    command = ("git", *settings, *command)
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    except OSError:
        pytest.skip("there is no git")
    return done.stdout.strip()


def commit(file: Path) -> str:
    """Commit all of the file's folder; the commit."""
    git(file.parent, "add", "-A")
    git(file.parent, "commit", "-q", "-m", "a change")
    return git(file.parent, "rev-parse", "HEAD")


def test_a_lock_that_was_only_added_to_passes(lock):
    assert git_history.rewritten(lock) == []
    lock.write_text("one\ntwo\nthree\n")
    assert git_history.rewritten(lock) == []


@pytest.mark.parametrize(
    "text", ["", "two\n", "one\n", "one\n2\n", "two\none\n", "one\nnew\ntwo\n"]
)
def test_a_lock_from_which_a_line_was_taken_is_noticed(lock, text):
    lock.write_text(text)
    assert git_history.rewritten(lock)
    last = commit(lock)
    assert git_history.rewritten(lock) and last not in git_history.rewritten(lock)


def test_a_lock_that_was_removed_is_noticed_though_it_is_written_anew(lock):
    lock.unlink()
    assert len(git_history.rewritten(lock)) == 2
    commit(lock.with_name("other"))
    assert len(git_history.rewritten(lock)) == 2
    lock.write_text("one\n")
    commit(lock)
    assert len(git_history.rewritten(lock)) == 1
    lock.write_text("one\ntwo\n")
    assert git_history.rewritten(lock) == []
