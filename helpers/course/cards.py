"""Review cards of a lesson, its verdicts and its terms, as a deck for Anki; genanki writes it."""

import hashlib
from dataclasses import dataclass
from io import BytesIO

from helpers import claims, runtime
from helpers.claims import evidence, protocol
from helpers.course import glossary
from helpers.display import escape
from helpers.exercises.catalogue import Lesson

COURSE = "Why neural networks generalize"
"""The name of the deck that holds those of the lessons."""
FRONT = '{{Question}}<p class="from">{{Lesson}}</p>'
BACK = '{{FrontSide}}<hr id="answer">{{Answer}}'
STYLE = """\
.card { font: 20px/1.4 sans-serif; max-width: 36em; margin: auto; text-align: center; }
.from, .detail { font-size: 14px; opacity: 0.75; }
ul { text-align: left; }
"""


@dataclass(frozen=True)
class Card:
    """A question and its answer, both HTML; by its key a later import knows the card again."""

    key: str
    question: str
    answer: str


def check() -> None:
    """Raise ValueError where genanki is missing: it is an extra, never needed by the lessons."""
    if not runtime.is_installed("genanki"):
        raise ValueError(
            "Review cards are written by genanki, which is not installed here: "
            "`.venv/bin/python -m pip install -r requirements-cards.txt`. "
            "The web book offers them ready-made."
        )


def of(lesson: Lesson) -> list[Card]:
    """The cards of a lesson: the statements that its notebook settles, then the terms it brings."""
    notebook = f"notebooks/{lesson.name}.ipynb"
    found = evidence.read()
    settled = dict.fromkeys(each.verdict.id for each in found if each.notebook == notebook)
    groups = claims.by_claim(each.verdict for each in found)
    statements = [_statement(name, groups[name]) for name in settled if name in groups]
    return statements + [_term(term) for term in glossary.of(lesson)]


def packed(lesson: Lesson, cards: list[Card]) -> bytes:
    """An .apkg file: importing it again renews the cards, and leaves how often each was reviewed.

    Raises ValueError where genanki is missing.
    """
    check()
    import genanki  # pyright: ignore[reportMissingImports]

    fields = [{"name": name} for name in ("Question", "Answer", "Lesson")]
    template = {"name": "Card", "qfmt": FRONT, "afmt": BACK}
    model = genanki.Model(_number("model"), f"{COURSE} (card)", fields, [template], STYLE)
    title = f"{lesson.number} · {lesson.title}"
    deck = genanki.Deck(_number(lesson.name), f"{COURSE}::{title}")
    for card in cards:
        values = [card.question, card.answer, escape(title)]
        deck.add_note(genanki.Note(model, values, guid=genanki.guid_for(COURSE, card.key)))
    stream = BytesIO()
    genanki.Package(deck).write_to_file(stream)
    return stream.getvalue()


def _statement(name: str, verdicts: list[claims.Verdict]) -> Card:
    """What the notes say, and how it came out: one word, then setting by setting."""
    word = claims.settle(verdicts)
    mark = "" if name in protocol.locked() else f" ({claims.NOT_YET})"
    settings = "".join(f"<li>{_setting(verdict)}</li>" for verdict in verdicts)
    return Card(
        name,
        f"<p>Lecture notes say:</p><p>{escape(claims.find(name).statement)}</p>"
        "<p><b>How did it come out?</b></p>",
        f"<p><b>{claims.SYMBOLS.get(word, '')} {word}</b>{mark}</p><ul>{settings}</ul>"
        f'<p class="detail">{name}</p>',
    )


def _setting(verdict: claims.Verdict) -> str:
    """A setting with its sign, its part in the word unless it decides, and what was measured."""
    role = "" if verdict.role == claims.PRIMARY else f" ({verdict.role})"
    head = escape(f"{claims.SYMBOLS[verdict.verdict]} {verdict.setting or 'Measured'}{role}")
    return f'{head}<br><span class="detail">{escape(verdict.detail)}</span>'


def _term(term: glossary.Term) -> Card:
    korean = f'<p class="detail">{escape(term.korean)}</p>' if term.korean else ""
    return Card(
        f"term: {term.name}",
        f"<p><b>{escape(term.name)}</b></p><p>What does it mean?</p>",
        f"<p>{escape(term.meaning)}</p>{korean}",
    )


def _number(name: str) -> int:
    """A number of a model or a deck, the same for ever; Anki wants one between 2^30 and 2^31."""
    return 2**30 + int(hashlib.sha256(f"{COURSE}: {name}".encode()).hexdigest()[:7], 16) % 2**30
