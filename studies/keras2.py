"""The listings of audit 4 with Keras 2: `TF_USE_LEGACY_KERAS=1 python -m studies.keras2`; those of
audit 7 with `... 7`.

It needs `tf-keras`, as Keras 2 is called today, of the version of TensorFlow (`pip install
tf-keras==2.21.0`), which the course's set-up does not have. The cells of the audit that judge its
listings are run as they stand, only that `keras` is Keras 2 in them, and `tensorflow.keras` too.
The audit reads from the results file whether each held and what was seen; a test sees to it that
its cells are still those that were run.
"""

import argparse
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

from helpers import cells, runtime
from studies.augmentation import write

AUDITS = {"4": "04_regularization", "7": "07_cifar10_deep_net"}
JUDGE = "judge_listing"
"""What the audit calls the function that judges a listing."""
COMMAND = "TF_USE_LEGACY_KERAS=1 python -m studies.keras2"


def notebook_of(audit: str) -> Path:
    """The notebook of an audit."""
    return runtime.ROOT / "notebooks" / "audits" / f"{AUDITS[audit]}.ipynb"


def results_of(audit: str) -> Path:
    """Where it is written down what came out."""
    return runtime.ROOT / "notebooks" / "results" / f"0{audit}_keras2.json"


def sources(audit: str) -> Iterator[str]:
    """The code cells of the audit that judge listings, and those that make what these use.

    That which defines how a listing is judged is left out: this study writes down instead.
    """
    notebook = json.loads(notebook_of(audit).read_text(encoding="utf-8"))
    found = ["".join(each["source"]) for each in notebook["cells"] if each["cell_type"] == "code"]
    found = [
        each for each in found if f"def {JUDGE}(" not in each and "runtime.start()" not in each
    ]
    judging = [each for each in found if re.search(rf"\b{JUDGE}\(", each)]
    yield from cells.with_dependencies(judging, found, unchanged="verdicts")


def digest(audit: str) -> str:
    """A hash of the cells: with others, what is in the results file says nothing."""
    return hashlib.sha256("\n\n".join(sources(audit)).encode()).hexdigest()


def main() -> None:
    """Run the cells with Keras 2, and write down what is judged."""
    import tensorflow
    import tf_keras

    parser = argparse.ArgumentParser(prog="python -m studies.keras2", description=__doc__)
    parser.add_argument("audit", choices=AUDITS, nargs="?", default="4")
    audit = parser.parse_args().audit
    if tensorflow.keras.Sequential is not tf_keras.Sequential:
        raise SystemExit("tensorflow.keras is Keras 3 here: set TF_USE_LEGACY_KERAS=1.")
    versions, cells_run = f"tf-keras {tf_keras.__version__}", digest(audit)

    def note(claim_id: str, held: bool, detail: str, **_) -> None:
        row = {"versions": versions, "cells": cells_run, "held": bool(held), "detail": detail}
        write(results_of(audit), claim_id, row)
        print(claim_id, row, flush=True)

    names = {"course": runtime.ROOT, "__name__": "keras2"}
    for source in sources(audit):
        exec(compile(source, notebook_of(audit).name, "exec"), names)
        names |= {"keras": tf_keras, JUDGE: note}


if __name__ == "__main__":
    main()
