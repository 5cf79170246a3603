"""Review cards: what they hold, and that Anki knows them again. `make test-teaching` has Anki."""

import html
import json
import sqlite3
import time
import zipfile
from pathlib import Path

import pytest

from helpers import claims
from helpers.__main__ import main
from helpers.claims import evidence
from helpers.course import cards, glossary
from helpers.exercises import catalogue
from helpers.runtime import ROOT

LESSONS = list(catalogue.lessons().values())
OVERFITTING = catalogue.lesson("01")


def keys(lesson: catalogue.Lesson) -> list[str]:
    return [card.key for card in cards.of(lesson)]


def test_every_statement_that_a_lesson_settles_has_a_card_with_its_word():
    found = evidence.read()
    groups = claims.by_claim(record.verdict for record in found)
    for lesson in LESSONS:
        own = {r.verdict.id for r in found if r.notebook == f"notebooks/{lesson.name}.ipynb"}
        made = {card.key: card for card in cards.of(lesson) if card.key in groups}
        assert made.keys() == own & groups.keys()
        for name, card in made.items():
            assert claims.find(name).statement in html.unescape(card.question)
            assert f" {claims.settle(groups[name])}</b>" in card.answer


def test_a_statement_that_is_not_locked_says_so(monkeypatch):
    monkeypatch.setattr(cards.protocol, "locked", dict)
    assert claims.NOT_YET in cards.of(OVERFITTING)[0].answer


def test_no_card_is_in_two_lessons():
    every = [key for lesson in LESSONS for key in keys(lesson)]
    assert len(set(every)) == len(every)


@pytest.mark.parametrize(
    ("term", "lesson"),
    [
        ("capacity", "01"),  # in bold
        ("early stopping", "01"),  # in prose
        ("refuted, ✗", "01"),  # a word of the verdicts
        ("cross-validation", "02"),
        ("batch normalization", "05b"),  # mentioned before, explained in bold there
        ("stride", "06"),
    ],
)
def test_a_term_belongs_to_the_lesson_that_explains_it(term, lesson):
    assert f"term: {term}" in keys(catalogue.lesson(lesson))


def test_the_glossary_is_read_whole():
    terms = glossary.read()
    text = glossary.GLOSSARY.read_text(encoding="utf-8")
    assert len(terms) == text.count("\n  ")  # each entry has one line that is indented
    assert all(term.meaning.endswith(".") for term in terms)
    dropout = next(term for term in terms if term.name == "dropout")
    assert dropout.korean == "드롭아웃" and dropout.meaning.startswith("Switching off")


def test_without_genanki_the_command_says_what_to_install(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(cards.runtime, "is_installed", lambda name: False)
    with pytest.raises(SystemExit) as stop:
        main(["cards", "01", "--out", str(tmp_path / "out")])
    assert stop.value.code == 2
    assert "-r requirements-cards.txt" in capsys.readouterr().err
    assert (ROOT / "requirements-cards.txt").is_file()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("lesson", "message"), [("17", "There is no lesson '17'"), ("00", "nothing to review in 00_")]
)
def test_a_lesson_without_cards_is_named(tmp_path, capsys, monkeypatch, lesson, message):
    monkeypatch.setattr(cards.runtime, "is_installed", lambda name: True)
    with pytest.raises(SystemExit):
        main(["cards", "01", lesson, "--out", str(tmp_path / "out")])
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


# With genanki -------------------------------------------------------------------------------------


@pytest.fixture
def written(tmp_path) -> Path:
    """The cards of lesson 1 as a file for Anki."""
    pytest.importorskip("genanki")
    assert main(["cards", "01", "--out", str(tmp_path)]) == 0
    return tmp_path / "01_overfitting.apkg"


def collection(package: Path, folder: Path) -> tuple[dict, dict, dict[str, tuple]]:
    """Note types, decks, and notes by their fields, as Anki 2 lays them out."""
    with zipfile.ZipFile(package) as archive:
        archive.extract("collection.anki2", folder)
    with sqlite3.connect(folder / "collection.anki2") as database:
        models, decks = database.execute("select models, decks from col").fetchone()
        notes = database.execute("select flds, guid, mid from notes").fetchall()
        assert database.execute("select count(*) from cards").fetchone() == (len(notes),)
    return json.loads(models), json.loads(decks), {fields: rest for fields, *rest in notes}


def test_the_file_holds_what_the_cards_say(written, tmp_path):
    models, decks, notes = collection(written, tmp_path)
    made = cards.of(OVERFITTING)
    expected = {"\x1f".join((c.question, c.answer, "1 · Overfitting")) for c in made}
    assert notes.keys() == expected
    assert "Why neural networks generalize::1 · Overfitting" in {d["name"] for d in decks.values()}
    assert {mid for _, mid in notes.values()} <= {int(mid) for mid in models}


def test_a_card_stays_itself_when_its_text_changes(tmp_path):
    """Numbers as they are in files that people have: other ones would double every card."""
    pytest.importorskip("genanki")
    package = tmp_path / "a.apkg"
    package.write_bytes(cards.packed(OVERFITTING, [cards.Card("OVF-04", "Q", "A")]))
    models, decks, notes = collection(package, tmp_path)
    assert notes == {"Q\x1fA\x1f1 · Overfitting": ["I~F8>#|4+5", 1273838276]}
    assert set(models) == {"1273838276"}
    assert set(decks) == {"1", "1073847510"}  # the first is Anki's own


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_anki_imports_the_cards_once_and_renews_them(tmp_path):
    pytest.importorskip("genanki")
    anki = pytest.importorskip("anki.collection")
    first, second = tmp_path / "first.apkg", tmp_path / "second.apkg"
    made = cards.of(OVERFITTING)
    first.write_bytes(cards.packed(OVERFITTING, made))
    changed = [cards.Card(card.key, card.question, "Something else.") for card in made]
    time.sleep(1.1)  # Anki tells what is newer by the second
    second.write_bytes(cards.packed(OVERFITTING, [*changed, cards.Card("new", "Q", "A")]))
    own = anki.Collection(str(tmp_path / "own.anki2"))
    try:
        for package, count in ((first, len(made)), (first, len(made)), (second, len(made) + 1)):
            own.import_anki_package(anki.ImportAnkiPackageRequest(package_path=str(package)))
            assert own.note_count() == own.card_count() == count
        answers = [own.get_note(note)["Answer"] for note in own.find_notes("")]
        assert sorted(answers) == ["A"] + ["Something else."] * len(made)
        assert len(own.find_notes('"deck:Why neural networks generalize::1 · Overfitting"'))
    finally:
        own.close()
