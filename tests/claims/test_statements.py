"""The claims file: the shape of every item, the lesson that owns it, and how many there are."""

import re
import tomllib
from collections import Counter

import pytest

from helpers.runtime import ROOT

CLAIMS_FILE = ROOT / "notebooks" / "claims.toml"

COUNTS = {
    "OVF": 37,
    "CVB": 14,
    "OPT": 36,
    "REG": 53,
    "BNI": 28,
    "CNN": 11,
    "CIF": 21,
    "LRS": 17,
    "QA": 9,
    "NEW": 4,
}
LESSONS = {
    "OVF": "01_overfitting",
    "CVB": "02_resampling",
    "OPT": "03_gradient_descent",
    "REG": "04_regularization",
    "BNI": "05_initialization",
    "CNN": "06_convolution",
    "CIF": "07_cifar10_deep_net",
    "LRS": "08_learning_rate_schedules",
}
# Questions and late finds belong to the lesson that has their subject.
OWNERS = {
    "QA-01": "01_overfitting",
    "QA-02": "01_overfitting",
    "QA-03": "05_initialization",
    "QA-04": "05_initialization",
    "QA-05": "03_gradient_descent",
    "QA-06": "05_initialization",
    "QA-07": "05_initialization",
    "QA-08": "05_initialization",
    "QA-09": "01_overfitting",
    "NEW-01": "05_initialization",
    "NEW-02": "07_cifar10_deep_net",
    "NEW-03": "01_overfitting",
    "NEW-04": "05_initialization",
}
KINDS = {"comparison", "computation", "convention", "listing", "opinion"}
CLAIMED = {"higher", "lower", "equal", "no worse"}
EXPECTED = {"supported", "refuted", "mixed", "open"}
REQUIRED = {"lesson", "kind", "statement", "found", "expected", "because"}
PROTOCOL = {"reading", "scope", "primary", "criterion"}
COMPARISON = {"claimed", "measure", "margin", "margin_reason"}
OPTIONAL = {"sources", "corrected", "further", "boundary", "note"}
LINES_OF_NOTES = {"000": 170, "001": 184, "002": 150, "003": 83, "004": 414}

NOTE_AND_LINES = re.compile(r"(\d{3}):(\d+)(?:-(\d+))?")
AUTHORS_AND_YEAR = re.compile(r"[A-Z].*[a-zA-Z.,] (18|19|20)\d\d(,? .+)?")
PROJECTS = ("Keras 2, ", "PyTorch documentation", "Kaggle ", "ageron/handson-ml2", "github.com/")
ONE_SENTENCE = re.compile(r"[A-Z](?:(?![.?!] |  ).)*[^.]\.")
ABBREVIATIONS = re.compile(r"\b(BN|CE|CNN|CV|ES|GD|LS|MLP|NAG|NN|RNN|SGD|acc|bs|lr|sd|val)\b")


@pytest.fixture(scope="module")
def text():
    return CLAIMS_FILE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def items(text):
    return tomllib.loads(text)  # an id that occurs twice is an error here


def offenders(items, is_right):
    return {item_id: item for item_id, item in items.items() if not is_right(item)}


def lies_in_a_note(place):
    match = NOTE_AND_LINES.fullmatch(place)
    if match is None or match[1] not in LINES_OF_NOTES:
        return False
    first, last = int(match[2]), int(match[3] or match[2])
    is_range = match[3] is not None
    return 1 <= first <= last <= LINES_OF_NOTES[match[1]] and is_range == (first < last)


def test_every_topic_has_all_its_items_in_order(items):
    assert list(items) == [
        f"{topic}-{number:02d}" for topic, count in COUNTS.items() for number in range(1, count + 1)
    ]


def test_every_topic_has_a_heading(text):
    assert re.findall(r"^# ([A-Z]+): ", text, flags=re.MULTILINE) == list(COUNTS)


def test_only_words_of_the_notes_are_not_ascii(items):
    assert not offenders(items, lambda item: (item["statement"] + item["because"]).isascii())


def fields_fit(item):
    if "dropped" in item:
        return REQUIRED <= set(item) <= REQUIRED | {"dropped", "sources"}
    needed = REQUIRED | PROTOCOL | (COMPARISON if item["kind"] == "comparison" else set())
    return needed <= set(item) <= needed | OPTIONAL


def test_every_item_has_the_fields_of_its_kind(items):
    assert not offenders(items, fields_fit)
    assert not offenders(items, lambda item: all(value != "" for value in item.values()))


def test_every_comparison_says_what_would_support_it(items):
    compared = {name: item for name, item in items.items() if "claimed" in item}
    assert not offenders(compared, lambda item: item["claimed"] in CLAIMED and item["margin"] >= 0)
    near = {
        name: item for name, item in compared.items() if item["claimed"] in ("equal", "no worse")
    }
    assert not offenders(near, lambda item: item["margin"] > 0)  # nothing is equal to a hair


def test_kinds_and_expectations_are_of_the_vocabulary(items):
    assert not offenders(items, lambda item: item["kind"] in KINDS and item["expected"] in EXPECTED)


def test_every_item_belongs_to_its_lesson(items):
    owners = {item_id: OWNERS.get(item_id) or LESSONS[item_id.split("-")[0]] for item_id in items}
    assert {item_id: item["lesson"] for item_id, item in items.items()} == owners


@pytest.mark.parametrize("field", ["statement", "because"])
def test_prose_is_one_short_sentence(items, field):
    assert not offenders(
        items, lambda item: len(item[field]) <= 250 and ONE_SENTENCE.fullmatch(item[field])
    )
    assert not offenders(items, lambda item: not ABBREVIATIONS.search(item[field]))


@pytest.mark.parametrize("field", ["statement", "because"])
def test_no_sentence_occurs_twice(items, field):
    counts = Counter(item[field].casefold() for item in items.values())
    assert [sentence for sentence, count in counts.items() if count > 1] == []


def test_every_item_says_where_it_was_found(items):
    assert not offenders(
        items, lambda item: item["found"] and len(set(item["found"])) == len(item["found"])
    )
    in_notes = {item_id: item for item_id, item in items.items() if not item_id.startswith("NEW")}
    assert not offenders(in_notes, lambda item: all(map(lies_in_a_note, item["found"])))


def test_sources_name_authors_and_year(items):
    sources = {item_id: item["sources"] for item_id, item in items.items() if "sources" in item}
    assert not offenders(
        sources,
        lambda names: (
            names
            and all(AUTHORS_AND_YEAR.fullmatch(name) or name.startswith(PROJECTS) for name in names)
        ),
    )
