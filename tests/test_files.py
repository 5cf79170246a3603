"""Files that are written whole or not at all."""

import hashlib
import pathlib
import threading

import pytest

from helpers import files


def raise_disk_full(*_):
    raise OSError("disk full")


def test_a_text_is_written_in_a_folder_that_is_made(tmp_path):
    path = tmp_path / "new" / "table.csv"
    files.write_text(path, "α,1\r\nβ,2\n")
    assert path.read_bytes() == "α,1\r\nβ,2\n".encode()
    assert list(path.parent.iterdir()) == [path]


def test_a_text_that_cannot_be_put_in_place_changes_nothing(tmp_path, monkeypatch):
    path = tmp_path / "table.csv"
    files.write_text(path, "old")
    monkeypatch.setattr(pathlib.Path, "replace", raise_disk_full)
    with pytest.raises(OSError, match="disk full"):
        files.write_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_raises_changes_nothing(tmp_path):
    path = tmp_path / "table.csv"
    files.write_text(path, "old")
    with pytest.raises(KeyboardInterrupt), files.whole(path) as stream:
        stream.write(b"half of it")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_is_seen_before_the_block_ends(tmp_path):
    path = tmp_path / "table.csv"
    with files.whole(path) as stream:
        stream.write(b"all of it")
        assert not path.exists()
    assert path.read_bytes() == b"all of it"


def test_others_may_read_what_is_written_if_they_may_read_other_new_files(tmp_path):
    (tmp_path / "plain").touch()
    files.write_text(tmp_path / "whole", "text")
    assert (tmp_path / "whole").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_two_may_write_one_file_at_once(tmp_path):
    path, texts = tmp_path / "table.csv", ["a" * 100_000, "b" * 100_000]
    writers = [
        threading.Thread(target=lambda text=text: [files.write_text(path, text) for _ in range(50)])
        for text in texts
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert path.read_text() in texts
    assert list(tmp_path.iterdir()) == [path]


def test_the_checksum_is_that_of_the_bytes(tmp_path):
    (tmp_path / "file").write_bytes(b"content")
    assert files.sha256(tmp_path / "file") == hashlib.sha256(b"content").hexdigest()
