"""Own copies, Keras's cache and downloads: where data are looked for, and what bad files get."""

import gzip
import importlib.util
import io
import os
import pickle
import re
import shutil
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from helpers import datasets, files, runtime
from helpers.datasets import downloads, sources
from helpers.datasets.downloads import DataError

# Own copies


def save_images(path, count=200, shape=(32, 32, 3), **changes):
    rng = np.random.default_rng(0)
    arrays = {
        f"x_{p}": rng.integers(0, 256, (count, *shape), dtype=np.uint8) for p in ("train", "test")
    }
    arrays |= {f"y_{p}": np.arange(count) % 10 for p in ("train", "test")}
    np.savez(path, **(arrays | changes))
    return arrays


def save_imdb(path, **changes):
    """200 + 20 reviews of three words; ids: 0 padding, 1 start, 2 unknown, 4 + rank of a word."""
    rng = np.random.default_rng(0)
    arrays = {"vocab": np.array(["the", "and"])}
    for p, count in (("train", 200), ("test", 20)):
        ids = np.column_stack([np.ones(count, int), rng.integers(4, 20_004, (count, 3))])
        arrays |= {
            f"{p}_ids": ids.ravel().astype(np.uint16),
            f"{p}_offsets": np.arange(0, 4 * count + 1, 4),
        }
        arrays |= {f"y_{p}": np.arange(count) % 2}
    np.savez(path, **(arrays | changes))
    return arrays


def save_fashion(folder, count=60):
    folder.mkdir(parents=True)
    for file in sources.FASHION_FILES:
        images = "idx3" in file
        head = np.array([2051, count, 28, 28] if images else [2049, count], dtype=">u4").tobytes()
        rng = np.random.default_rng(len(file))
        body = (
            rng.integers(0, 256, count * 784, np.uint8)
            if images
            else (np.arange(count) % 10).astype(np.uint8)
        )
        (folder / f"{file}-ubyte.gz").write_bytes(gzip.compress(head + body.tobytes()))


def test_own_copies_come_first_and_are_named(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path))
    shutil.copy(sources.WINE, tmp_path / "winequality-red.csv")
    images = save_images(tmp_path / "cifar10.npz")
    save_imdb(tmp_path / "imdb.npz")
    save_fashion(tmp_path / "fashion-mnist")
    assert str(datasets.load("wine")) == "red wine quality (local)"
    cifar10 = datasets.load("cifar10")
    assert str(cifar10) == "CIFAR-10 (local)"
    assert [len(cifar10.y_train), len(cifar10.y_valid), len(cifar10.y_test)] == [180, 20, 200]
    assert np.array_equal(cifar10.x_test, images["x_test"]) and cifar10.class_names[3] == "cat"
    assert str(datasets.load("fashion")) == "Fashion-MNIST (local)"
    assert str(datasets.load("reviews")) == "IMDB (local)"
    assert "(local)" in capsys.readouterr().out


def test_the_folder_without_the_file_falls_back_and_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path))
    assert datasets.load("fashion").source == "embedded"


def test_uci_semicolons_are_read_too(monkeypatch, tmp_path):
    header, *lines = sources.WINE.read_text().splitlines()
    quoted = ";".join(f'"{word}"' for word in header.split(","))
    (tmp_path / "winequality-red.csv").write_text(
        "\n".join([quoted, *(line.replace(",", ";") for line in lines)])
    )
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path))
    own, embedded = datasets.load("wine"), sources.read_wine(sources.WINE)
    assert own.source == "local"
    assert np.array_equal(sources.read_wine(tmp_path / "winequality-red.csv")[0], embedded[0])


def test_imdb_ids_become_the_columns_of_their_ranks(tmp_path):
    arrays = save_imdb(tmp_path / "imdb.npz")
    read = sources.read_imdb(tmp_path / "imdb.npz", 10_000)
    ranks = arrays["test_ids"].reshape(20, 4)[:, 1:].astype(int) - 4
    for row, wanted in zip(read["x_test"], ranks, strict=True):
        assert set(np.flatnonzero(row)) == {rank for rank in wanted if rank < 10_000}


@pytest.fixture
def own(monkeypatch, tmp_path):
    """A folder for own copies."""
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path))
    return tmp_path


def assert_refused(name: str, file: str, *words: str) -> None:
    with pytest.raises(DataError) as caught:
        datasets.load(name)
    for word in (file, "good copy", *words):
        assert word in str(caught.value)


def test_a_bad_table_of_wines_is_named_with_the_cure(own):
    text = sources.WINE.read_text()
    for content, word in (
        (text[: len(text) // 2], "damaged"),
        ("\n".join(text.splitlines()[:800]), "799 rows"),
        (text.replace("pH", "acidity"), "acidity"),
        ("", "damaged"),
        ("\x00\xff", "damaged"),
        (text.replace("7.4", "nan", 1), "other numbers"),
        (text.replace("7.4", "inf", 1), "other numbers"),
        (text.replace("7.4", "7.5", 1), "other numbers"),
        (text.replace(",5\n", ",99\n", 1), "other numbers"),
        (re.sub(r"[1-9]", "0", text), "other numbers"),
    ):
        (own / "winequality-red.csv").write_text(content, encoding="latin-1")
        assert_refused("wine", "winequality-red.csv", word)


def test_a_damaged_archive_of_photographs_is_named_with_the_cure(own):
    path = own / "cifar10.npz"
    save_images(path)
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[5_000] ^= 255
    for content in (whole[: len(whole) // 2], flipped, b"no archive", b"", pickle.dumps([1])):
        path.write_bytes(content)
        assert_refused("cifar10", path.name, "damaged")


def test_other_arrays_than_photographs_are_named_with_the_cure(own):
    path = own / "cifar10.npz"
    for changes in (
        {"x_train": np.zeros((200, 32, 32), np.uint8)},
        {"x_test": np.zeros((200, 32, 32, 3))},
        {"y_test": np.zeros(199, int)},
        {"y_train": np.full(200, 10)},
    ):
        save_images(path, **changes)
        assert_refused("cifar10", path.name, "expected uint8")
    np.savez(path, x_train=np.zeros(3))
    with pytest.raises(DataError, match="lacks an array"):
        datasets.load("cifar10")


def test_photographs_that_cannot_be_divided_or_tested_are_named_with_the_cure(own):
    path = own / "cifar10.npz"
    for count in (0, 5):
        save_images(path, count=count)
        assert_refused("cifar10", path.name, "images of all ten")
    arrays = save_images(path)
    save_images(path, x_test=arrays["x_train"], y_test=arrays["y_train"])
    with pytest.raises(DataError, match="the training part and the test part are the same"):
        datasets.load("cifar10")


def rewritten(path, change):
    """The archive again, each of its members changed."""
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, change(content))


def test_an_archive_that_promises_more_than_it_holds_is_refused(own):
    path = own / "cifar10.npz"
    save_images(path)

    def promising(content: bytes) -> bytes:
        return content.replace(b"(200, 32, 32, 3), }", b"(9" + b"9" * 9 + b", 32, 9), }", 1)

    rewritten(path, promising)
    assert_refused("cifar10", path.name, "ends early")


@pytest.mark.parametrize(("place", "value"), [(6, 1), (8, 99)], ids=["encrypted", "compressed"])
def test_an_archive_that_python_cannot_open_is_named_with_the_cure(own, place, value):
    path = own / "cifar10.npz"
    save_images(path)
    content = bytearray(path.read_bytes())
    for mark, shift in ((b"PK\x03\x04", 0), (b"PK\x01\x02", 2)):  # in members and directory
        at = content.find(mark)
        while at >= 0:
            content[at + place + shift] = value
            at = content.find(mark, at + 4)
    path.write_bytes(content)
    assert_refused("cifar10", path.name, "damaged")


def test_reviews_with_offsets_that_do_not_fit_are_named_with_the_cure(own):
    for offsets in (np.arange(5), np.arange(2, 804, 4), np.zeros(0, int)):
        save_imdb(own / "imdb.npz", train_offsets=offsets)
        assert_refused("reviews", "imdb.npz", "offsets")


def test_reviews_of_other_kinds_are_named_with_the_cure(own):
    path = own / "imdb.npz"
    for changes, word in (
        ({"train_ids": np.full(800, "the")}, "rows of whole numbers"),
        ({"y_train": np.full(200, 0.5)}, "rows of whole numbers"),
        ({"y_test": np.ones(20, int)}, "0 and 1"),
    ):
        save_imdb(path, **changes)
        assert_refused("reviews", path.name, word)
    path.unlink()
    path.mkdir()
    assert_refused("reviews", path.name, "Cannot read")


def test_a_link_that_leads_nowhere_is_no_stand_in(own):
    (own / "winequality-red.csv").symlink_to(own / "absent.csv")
    assert_refused("wine", "winequality-red.csv", "leads nowhere")


@pytest.mark.parametrize(("name", "file"), [("cifar10", "cifar10.npz"), ("reviews", "imdb.npz")])
def test_a_pipe_is_not_waited_for(own, name, file):
    os.mkfifo(own / file)
    assert_refused(name, file, "is no file")


def test_a_training_part_that_is_too_small_to_be_divided_is_refused(own):
    few = "is too small to be divided"
    images = save_images(own / "cifar10.npz", 50)  # five of each class, of which a tenth is none
    assert_refused("cifar10", "cifar10.npz", few)
    tests = {"x_test": images["x_train"][::-1], "y_test": images["y_train"][::-1]}
    save_images(own / "cifar10.npz", 50, **tests)  # the training part, in another order
    assert_refused("cifar10", "cifar10.npz", few)
    save_imdb(
        own / "imdb.npz",
        train_offsets=np.array([0, 4, 8]),
        y_train=np.array([0, 1]),
        train_ids=np.arange(8),
    )
    assert_refused("reviews", "imdb.npz", few)


def test_a_folder_of_fashion_that_lacks_something_is_named_with_the_cure(own):
    save_fashion(own / "fashion-mnist")
    labels = own / "fashion-mnist" / "t10k-labels-idx1-ubyte.gz"
    labels.write_bytes(labels.read_bytes()[:-12])
    assert_refused("fashion", labels.name, "damaged")
    labels.unlink()
    assert_refused("fashion", labels.name, "missing")


def test_damaged_embedded_files_name_the_cure(monkeypatch, tmp_path):
    for constant, name in (
        ("WINE", "wine"),
        ("SENTENCES", "reviews"),
        ("FASHION", "fashion"),
        ("FASHION", "cifar10"),
    ):
        original = getattr(sources, constant)
        broken = tmp_path / original.name
        content = original.read_bytes()
        for changed in (content[:-700], content[:-4] + b"3" + content[-3:]):
            broken.write_bytes(changed)
            with monkeypatch.context() as patch:
                patch.setattr(sources, constant, broken)
                with pytest.raises(DataError, match=f"{broken.name}.*(good copy|data/build.py)"):
                    datasets.load(name)


class Bomb:
    def __reduce__(self):
        return os.system, ("echo this must never run",)


def test_objects_in_an_own_copy_are_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path))
    save_images(tmp_path / "cifar10.npz", x_train=np.array([Bomb()], dtype=object))
    with pytest.raises(DataError, match="no .npz of plain arrays"):
        datasets.load("cifar10")


# What Keras has cached


def keras_imdb(path, monkeypatch):
    """A small imdb.npz as Keras's, taken for the public one."""
    rng = np.random.default_rng(0)
    arrays = {}
    for p, count in (("train", 200), ("test", 20)):
        reviews = np.empty(count, dtype=object)
        reviews[:] = [
            rng.integers(1, 20_000, size=rng.integers(3, 9)).tolist() for _ in range(count)
        ]
        arrays |= {f"x_{p}": reviews, f"y_{p}": np.arange(count) % 2}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **arrays)
    monkeypatch.setattr(sources, "IMDB_SHA256", files.sha256(path))
    return arrays


def keras_cifar10(path, monkeypatch):
    """A small cifar-10-python.tar.gz, taken for the public one."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (180, 32, 32, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for batch in range(6):
            data = images[30 * batch :][:30].transpose(0, 3, 1, 2).reshape(30, -1)
            content = pickle.dumps({b"data": data, b"labels": [*range(10)] * 3})
            name = f"data_batch_{batch + 1}" if batch < 5 else "test_batch"
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    monkeypatch.setattr(sources, "CIFAR10_SHA256", files.sha256(path))
    return images


def test_what_keras_has_cached_is_read(monkeypatch):
    cache = runtime.keras_home() / "datasets"
    reviews = keras_imdb(cache / "imdb.npz", monkeypatch)
    images = keras_cifar10(cache / "cifar-10-batches-py-target_archive", monkeypatch)
    save_fashion(cache / "fashion-mnist")
    imdb = datasets.load("reviews")
    assert str(imdb) == "IMDB (local)"
    for row, ranks in zip(imdb.x_test, reviews["x_test"], strict=True):
        assert set(np.flatnonzero(row)) == {rank - 1 for rank in ranks if rank <= 10_000}
    cifar10 = datasets.load("cifar10")
    assert str(cifar10) == "CIFAR-10 (local)"
    assert np.array_equal(cifar10.x_test, images[150:])
    assert str(datasets.load("fashion")) == "Fashion-MNIST (local)"


def test_a_cached_archive_with_another_sha256_is_not_opened(monkeypatch):
    archive = runtime.keras_home() / "datasets" / "cifar-10-batches-py-target_archive"
    keras_cifar10(archive, monkeypatch)
    archive.write_bytes(archive.read_bytes()[:-1])
    with pytest.raises(DataError, match=f"{archive.name} is damaged.*move it away"):
        datasets.load("cifar10")


# The full profile


def test_only_the_full_profile_downloads(monkeypatch, tmp_path):
    source = tmp_path / "source" / "imdb.npz"
    keras_imdb(source, monkeypatch)
    asked = []

    def download(url, path, sha256):
        asked.append((url, sha256))
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, path)

    monkeypatch.setattr(downloads, "download", download)
    assert datasets.load("reviews").source == "embedded"
    assert not asked
    monkeypatch.setenv("COURSE_PROFILE", "full")
    assert str(datasets.load("reviews")) == "IMDB (download)"
    assert asked == [
        (sources.REAL["reviews"].downloads[0][0], sources.REAL["reviews"].downloads[0][2])
    ]
    assert str(datasets.load("reviews")) == "IMDB (local)"  # now Keras, too, would find it
    assert len(asked) == 1


def test_the_full_profile_without_network_names_the_cure(monkeypatch):
    monkeypatch.setenv("COURSE_PROFILE", "full")
    nowhere = sources.Real((), "imdb.npz", (("http://127.0.0.1:9/imdb.npz", "imdb.npz", "0" * 64),))
    monkeypatch.setitem(sources.REAL, "reviews", nowhere)
    with pytest.raises(DataError, match="COURSE_PROFILE=quick"):
        datasets.load("reviews")
    assert datasets.load("wine").source == "embedded"  # small sets never need the network


def test_downloads_are_those_of_keras():
    """Addresses and checksums as in the source of the installed Keras."""
    (folder,) = importlib.util.find_spec("keras").submodule_search_locations
    for name, module in (("cifar10", "cifar10.py"), ("reviews", "imdb.py")):
        ((url, file, sha256),) = sources.REAL[name].downloads
        source = (Path(folder) / "src" / "datasets" / module).read_text(encoding="utf-8")
        address, _, page = url.rpartition("/")
        assert address in source and page in source and sha256 in source
        assert file.removesuffix("_archive") in source
