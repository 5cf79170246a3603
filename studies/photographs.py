"""What is counted of the real photographs for audit 7: `python -m studies.photographs`.

It needs CIFAR-10 in COURSE_DATA_DIR and trains nothing: CIF-01 and CIF-09 are about the shapes and
labels of the data set itself, which a notebook that runs anywhere does not have.
"""

from pathlib import Path

import numpy as np

from helpers import runtime
from helpers.datasets import sources
from studies.augmentation import write
from studies.cifar10 import HELD_OUT, photographs_file

RESULTS = runtime.ROOT / "notebooks" / "results" / "07_photographs.json"


def counted(path: Path) -> dict:
    """Shapes of the images, and how often each label occurs in all, and among those held out."""
    x_train, y_train, x_test, y_test = sources.read_cifar10(path).values()
    labels = np.concatenate([y_train.ravel(), y_test.ravel()])
    return {
        "shapes": [list(x_train.shape), list(x_test.shape)],
        "images of each class": np.bincount(labels).tolist(),
        "labels of the first 5,000": np.bincount(y_train.ravel()[:HELD_OUT]).tolist(),
    }


def main() -> None:
    """Count, and write it down. Raises SystemExit where only the stand-in is at hand."""
    path, _ = photographs_file()
    write(RESULTS, "CIFAR-10", counted(path))


if __name__ == "__main__":
    main()
