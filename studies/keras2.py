"""The listings of audit 4 with Keras 2: `TF_USE_LEGACY_KERAS=1 python -m studies.keras2`.

It needs `tf-keras`, as Keras 2 is called today, of the version of TensorFlow (`pip install
tf-keras==2.21.0`), which the course's set-up does not have. The cells of the audit that judge its
listings are run as they stand, only that `keras` is Keras 2 in them, and `tensorflow.keras` too.
The audit reads from the results file whether each held, and what was seen.
"""

import json
import re
from collections.abc import Iterator

from helpers import cells, runtime
from studies.augmentation import write

NOTEBOOK = runtime.ROOT / "notebooks" / "audits" / "04_regularization.ipynb"
RESULTS = runtime.ROOT / "notebooks" / "results" / "04_keras2.json"
JUDGE = "judge_listing"
"""What the audit calls the function that judges a listing."""


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


def main() -> None:
    """Run the cells with Keras 2, and write down what is judged."""
    import tensorflow
    import tf_keras

    if tensorflow.keras.Sequential is not tf_keras.Sequential:
        raise SystemExit("tensorflow.keras is Keras 3 here: set TF_USE_LEGACY_KERAS=1.")
    versions = f"tf-keras {tf_keras.__version__}"

    def note(claim_id: str, held: bool, detail: str, **_) -> None:
        row = {"versions": versions, "held": bool(held), "detail": detail}
        write(RESULTS, claim_id, row)
        print(claim_id, row, flush=True)

    names = {"course": runtime.ROOT, "__name__": "keras2"}
    for source in sources():
        exec(compile(source, NOTEBOOK.name, "exec"), names)
        names |= {"keras": tf_keras, JUDGE: note}


if __name__ == "__main__":
    main()
