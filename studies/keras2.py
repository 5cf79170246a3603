"""The listings of audit 4 with Keras 2: `TF_USE_LEGACY_KERAS=1 python -m studies.keras2`.

It needs `tf-keras`, as Keras 2 is called today, of the version of TensorFlow (`pip install
tf-keras==2.21.0`), which the course's set-up does not have. The cells of the audit that judge its
listings are run as they stand, only that `keras` is Keras 2 in them, and `tensorflow.keras` too.
The audit reads from the results file whether each held and what was seen; a test sees to it that
its cells are still those that were run.
"""

import hashlib
import json
import re
from collections.abc import Iterator

from helpers import cells, runtime
from studies.augmentation import write

NOTEBOOK = runtime.ROOT / "notebooks" / "audits" / "04_regularization.ipynb"
RESULTS = runtime.ROOT / "notebooks" / "results" / "04_keras2.json"
JUDGE = "judge_listing"
"""What the audit calls the function that judges a listing."""
COMMAND = "TF_USE_LEGACY_KERAS=1 python -m studies.keras2"


def sources() -> Iterator[str]:
    """The code cells of the audit that judge listings, and those that make what these use.

    That which defines how a listing is judged is left out: this study writes down instead.
    """
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    found = ["".join(each["source"]) for each in notebook["cells"] if each["cell_type"] == "code"]
    found = [
        each for each in found if f"def {JUDGE}(" not in each and "runtime.start()" not in each
    ]
    judging = [each for each in found if re.search(rf"\b{JUDGE}\(", each)]
    yield from cells.with_dependencies(judging, found, unchanged="verdicts")


def digest() -> str:
    """A hash of the cells: with others, what is in the results file says nothing."""
    return hashlib.sha256("\n\n".join(sources()).encode()).hexdigest()


def main() -> None:
    """Run the cells with Keras 2, and write down what is judged."""
    import tensorflow
    import tf_keras

    if tensorflow.keras.Sequential is not tf_keras.Sequential:
        raise SystemExit("tensorflow.keras is Keras 3 here: set TF_USE_LEGACY_KERAS=1.")
    versions, cells_run = f"tf-keras {tf_keras.__version__}", digest()

    def note(claim_id: str, held: bool, detail: str, **_) -> None:
        row = {"versions": versions, "cells": cells_run, "held": bool(held), "detail": detail}
        write(RESULTS, claim_id, row)
        print(claim_id, row, flush=True)

    names = {"course": runtime.ROOT, "__name__": "keras2"}
    for source in sources():
        exec(compile(source, NOTEBOOK.name, "exec"), names)
        names |= {"keras": tf_keras, JUDGE: note}


if __name__ == "__main__":
    main()
