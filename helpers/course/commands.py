"""What the course's commands do; `helpers.__main__` reads their arguments.

Each function takes the arguments and the course's folder, and returns the exit status. Imports
stand inside the functions, so that no command waits for packages that only another one needs.
"""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from helpers import runtime

if TYPE_CHECKING:
    from collections.abc import Iterable

    from helpers.claims.evidence import Record
    from helpers.claims.parts import Measured, Part
    from helpers.course.cluster import Outcome


def run(options: Namespace, root: Path) -> int:
    """Execute copies of the notebooks under `options.out`; print the table of their verdicts."""
    from helpers import claims
    from helpers.course import notebooks, progress, sharing

    chosen, parameters = _executable(options, root), _parameters(options)
    copies = {path: options.out / _inside(path, root) for path in chosen}
    for path, copy in copies.items():
        notebooks.check_parameters(path, parameters)
        notebooks.check_copy(path, copy, chosen)
    _check_folder(options.out)
    jobs = _jobs(options, chosen, str(parameters.get("PROFILE", runtime.profile())))
    shared = {"timeout": options.timeout, "environment": sharing.threads(jobs)}

    def action(path: Path, watch: notebooks.Watch) -> None:
        notebooks.run(path, copies[path], parameters, watch=watch, **shared)

    stopped = progress.together(chosen, action, jobs=jobs)
    executed = [copy for copy in copies.values() if copy.exists()]
    verdicts = [verdict for copy in executed for verdict in claims.live(copy)]
    if verdicts:
        print(f"\n{progress.verdict_table(verdicts)}")
    return progress.report(stopped)


def execute(options: Namespace, root: Path) -> int:
    """Execute the notebooks where they lie, so that they can be committed with their outputs."""
    from helpers.course import notebooks, progress, sharing

    chosen = _executable(options, root)
    jobs = _jobs(options, chosen, runtime.profile())
    shared = {"timeout": options.timeout, "environment": sharing.threads(jobs)}

    def action(path: Path, watch: notebooks.Watch) -> None:
        notebooks.execute(path, watch=watch, **shared)

    return progress.report(progress.together(chosen, action, jobs=jobs))


def evidence(options: Namespace, root: Path) -> int:
    """Execute notebooks x seeds x backends on a cluster; record what they found in `options.out`.

    Parts that are recorded there, or were finished before an interruption, are not executed again.
    """
    from helpers.claims import pages, parts

    planned = _planned(options, root)
    if options.changed or options.only:
        planned = _changed(options, root, planned)
    for folder in (options.out, options.parts):
        _check_folder(folder)
    pages.check(options.out)
    known = {record.part for record in _recorded(options.out)}
    known |= {done.part.name for done in parts.stored(options.parts, planned)}
    wanted = [part for part in planned if part.name not in known]
    print(f"{len(planned)} parts, {len(planned) - len(wanted)} of them measured before", flush=True)
    failed = _measure(options, wanted) if wanted else []
    _record(options, root, parts.stored(options.parts, planned))
    print(f"\n{pages.write(options.out)}")
    for outcome in failed:
        begun = f"{outcome.part}, begun {outcome.attempts} times, gave nothing"
        print(f"\n{begun}:\n\n{outcome.failure}", file=sys.stderr)
    return 1 if failed else 0


def calibrate(options: Namespace, root: Path) -> int:
    """Print how often the protocol is wrong: simulated, planted into the evidence, replicated."""
    from helpers.claims import pages

    _check_record(options.evidence)
    print(pages.calibration(options.evidence))
    return 0


def lock(options: Namespace, root: Path) -> int:
    """Lock statements as they stand, before they are measured; note what changed and why."""
    from helpers.claims import protocol
    from helpers.course import notebooks

    _check_statements(options.statements)
    _check_record(options.evidence)
    for name in options.statements:
        given = {"why": options.because, "seen": not options.unseen, "folder": options.evidence}
        entry = protocol.add(name, notebooks.find(root), **given)
        print(entry or f"{name} stands as it was locked.")
    return 0


def grade(options: Namespace, root: Path) -> int:
    """Grade a folder of learners' notebooks; write a row a learner, a column an exercise."""
    from helpers.exercises import grading

    limits = {"seconds": options.seconds, "gigabytes": options.memory, "jobs": options.jobs}
    return grading.grade(options.submissions, options.out, lesson=options.lesson, **limits)


def begin(options: Namespace, root: Path) -> int:
    """Write the reader's own copies of the notebooks, where there are none yet; say what is new."""
    from helpers.course import copies

    for path in copies.begin(root):
        print(f"New in your folder: {path.relative_to(root)}")
    return 0


def progress(options: Namespace, root: Path) -> int:
    """Say what is solved and how often predictions were right, lesson by lesson."""
    from helpers.exercises import overview, progress

    print(overview.in_a_terminal(progress.STORE.read()))
    return 0


def handout(options: Namespace, root: Path) -> int:
    """Write a lesson's notebook into `options.out`: as learners get it, or as nbgrader wants it."""
    from helpers.course import assignments, copies
    from helpers.exercises import catalogue

    name = catalogue.lesson(options.lesson).name
    notebook = root / "notebooks" / f"{name}.ipynb"
    _check_folder(options.out)
    if options.nbgrader:
        written = assignments.write(notebook, options.out)
    else:
        written = [options.out / notebook.name]
        copies.hand_out(notebook, written[0])
    for path in written:
        print(path)
    return 0


def cards(options: Namespace, root: Path) -> int:
    """Write a file for Anki with the review cards of each lesson into `options.out`."""
    from helpers import files
    from helpers.course import cards
    from helpers.exercises import catalogue

    cards.check()
    chosen = [catalogue.lesson(name) for name in options.lessons]
    decks = {lesson: cards.of(lesson) for lesson in chosen or catalogue.lessons().values()}
    if empty := [lesson.name for lesson in chosen if not decks[lesson]]:
        raise ValueError(f"There is nothing to review in {', '.join(empty)}: name another lesson.")
    _check_folder(options.out)
    for lesson, deck in decks.items():
        if deck:
            path = options.out / f"{lesson.name}.apkg"
            with files.whole(path) as stream:
                stream.write(cards.packed(lesson, deck))
            print(f"{path}: {len(deck)} cards")
    return 0


def doctor(options: Namespace, root: Path) -> int:
    """Say what the course finds on this machine, and what it is good for."""
    from helpers.course import doctor

    print(doctor.report())
    return 0


def publish(options: Namespace, root: Path) -> int:
    """Write the repository's address into the notebooks and the README; say what changed."""
    from helpers.course import publishing

    for path in publishing.publish(publishing.Address(options.repo, options.ref), root):
        print(path.relative_to(root))
    print(f"Published as {options.repo} at {options.ref}.")
    print(f"Now commit, `git tag {options.ref}`, and push both.")
    return 0


def _planned(options: Namespace, root: Path) -> list[Part]:
    from helpers.claims import evidence, parts
    from helpers.course import notebooks

    asked = {"RUNS": evidence.RUNS, **_parameters(options)}
    parameters = {"PROFILE": options.profile or runtime.profile(), **asked}
    sources = {}
    for path in _chosen(options, root):
        name = _inside(path, root).as_posix()
        notebooks.check_parameters(path, {*parameters, "SEED"})
        sources[name] = notebooks.fingerprint(path)
    backends = options.backend or parts.BACKENDS[:1]
    return parts.plan(sources, seeds=options.seeds, backends=backends, parameters=parameters)


def _changed(options: Namespace, root: Path, planned: list[Part]) -> list[Part]:
    """Of each part the statements asked for, or whose record is missing or of other cells."""
    from helpers.claims import evidence, protocol

    known = _recorded(options.out)
    _check_statements(options.only or ())
    if options.only:
        asked = [protocol.named(options.only, root / part.notebook) for part in planned]
    else:
        asked = [evidence.changed(part, known, root) for part in planned]
    found = [replace(part, only=tuple(only)) for part, only in zip(planned, asked, strict=True)]
    for part in found:
        print(f"{part}: {', '.join(part.only) or 'nothing has changed'}", flush=True)
    return [part for part in found if part.only]


def _recorded(folder: Path) -> list[Record]:
    """What is recorded in `folder`, with the first seed and with others."""
    from helpers.claims import evidence

    names = (evidence.SETTINGS, evidence.REPLICATION)
    return [record for name in names for record in evidence.read(folder, name)]


def _check_statements(names: Iterable[str]) -> None:
    """Raise ValueError for a statement that claims.toml does not have."""
    from helpers import claims

    if unknown := [name for name in names if name not in claims.read()]:
        raise ValueError(f"claims.toml has no {', '.join(unknown)}.")


def _record(options: Namespace, root: Path, measured: list[Measured]) -> None:
    """Write what was measured into the evidence: the first seed's in full, of others the words."""
    from helpers.claims import evidence
    from helpers.course import notebooks

    current = [_inside(path, root).as_posix() for path in notebooks.find(root)]
    whole = [each for each in measured if not each.part.only]
    groups = [whole, *([each] for each in measured if each.part.only)]
    for name, first in ((evidence.SETTINGS, True), (evidence.REPLICATION, False)):
        known = evidence.read(options.out, name)
        for group in groups:
            found = evidence.records(group, root)
            new = [record for record in found if evidence.is_first(record) == first]
            only = group[0].part.only if group else ()
            known = evidence.updated(known, new, current, only, root)
        evidence.write(known, options.out, name)


def _measure(options: Namespace, wanted: list[Part]) -> list[Outcome]:
    """Store what the parts give as it comes, under a progress bar; those that gave nothing."""
    from tqdm import tqdm

    from helpers.claims import parts
    from helpers.course import cluster

    failed = []
    place = cluster.at(options.scheduler) if options.scheduler else cluster.local(options.workers)
    shared = {"out": options.parts, "timeout": options.timeout}
    with place as client, tqdm(total=len(wanted), unit="part", disable=None) as bar:
        cluster.check(client, wanted)
        print(f"Dashboard: {cluster.dashboard(client)}", flush=True)
        for outcome in cluster.measure(client, wanted, **shared):
            if outcome.measured:
                parts.store(options.parts, outcome.measured)
            else:
                failed.append(outcome)
            bar.update()
            with bar.external_write_mode():
                print(outcome, flush=True)
    return failed


def _chosen(options: Namespace, root: Path) -> list[Path]:
    """The notebooks that were named, each once, or all of the course."""
    from helpers.course import notebooks

    named = dict.fromkeys(path.resolve() for path in options.notebooks)
    return list(named) or notebooks.find(root)


def _executable(options: Namespace, root: Path) -> list[Path]:
    """The notebooks that were chosen, without those that compute with a TensorFlow that is not
    there.
    """
    from helpers import without_tensorflow
    from helpers.course import notebooks

    chosen = _chosen(options, root)
    if without_tensorflow.has_tensorflow():
        return chosen
    left_out = [path for path in chosen if notebooks.computes_with_tensorflow(path)]
    for path in left_out:
        missing = f"it computes with TensorFlow, which is not installed ({without_tensorflow.CURE})"
        print(f"{_inside(path, root)} is left out: {missing}")
    return [path for path in chosen if path not in left_out]


def _jobs(options: Namespace, chosen: list[Path], profile: str) -> int:
    """How many of the notebooks to execute at a time: as was asked, or as the machine allows."""
    from helpers.course import sharing

    return max(1, min(options.jobs or sharing.jobs(profile), len(chosen)))


def _parameters(options: Namespace) -> dict[str, object]:
    return {name: _value(text) for name, text in options.parameter}


def _value(text: str) -> object:
    """A parameter as typed on the command line: JSON if it is, otherwise the word itself."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _inside(path: Path, root: Path) -> Path:
    if not path.is_relative_to(root):
        raise ValueError(f"{path} lies outside of the course's folder {root}: copy it there.")
    return path.relative_to(root)


def _check_record(folder: Path) -> None:
    """Raise FileNotFoundError for a folder of the record that is not there: a slip of the keyboard
    would begin another one.
    """
    if not folder.is_dir():
        raise FileNotFoundError(
            f"There is no folder {folder}: --evidence names that of the record."
        )


def _check_folder(out: Path) -> None:
    """Raise ValueError if `out` cannot become a folder that files can be written into."""
    there = next(path for path in (out.resolve(), *out.resolve().parents) if path.exists())
    if not there.is_dir():
        raise ValueError(f"--out is {out}, but {there} is a file: name a folder.")
    if not os.access(there, os.W_OK | os.X_OK):
        raise ValueError(f"--out is {out}, but you may not write into {there}: name another.")
