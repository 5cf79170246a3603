"""The book's pages in Markdown: docs/pages and docs/templates, filled in with the evidence."""

import re

import jinja2
from markupsafe import Markup

from docs.book import course, drawing, evidence, last_green, packages, recomputing, replicates
from docs.book.evidence import Statement
from docs.book.packages import Package
from helpers import claims
from helpers.claims import calibration, tables
from helpers.course import cards
from helpers.exercises import catalogue
from helpers.runtime import ROOT

DOCS = ROOT / "docs"
RECORD = "evidence/README.md"


def pages(statements: dict[str, Statement], beside: list[str]) -> dict[str, str]:
    """All pages by name: those of docs/pages, one for each statement, one for each package.

    `beside` names further pages, which the table of contents shall list.
    """
    environment, lessons, code = templates(), course.lessons(), packages.packages()
    ran_in, greens = last_green.table(last_green.read())
    words = {statement.word for statement in statements.values()}
    known = {
        "lessons": lessons,
        "statements": statements,
        "tally": evidence.tally(statements),
        "words": [word for word in evidence.WORDS if word in words],
        "number": sum(not statement.claim.dropped for statement in statements.values()),
        "locked": sum(statement.is_locked for statement in statements.values()),
        "has_record": RECORD in beside,
        "packages": code,
        "decks": {name: len(cards.of(catalogue.lesson(name))) for name in lessons},
        "environments": ran_in,
        "greens": greens,
        "beside": [name for name in beside if name.startswith("docs/")],
    }
    names = [path.relative_to(DOCS).as_posix() for path in sorted(DOCS.glob("pages/**/*.md"))]
    plain = {
        name.removeprefix("pages/"): environment.get_template(name).render(known) for name in names
    }
    return (
        plain
        | package_pages(code, environment.get_template("templates/package.md"))
        | claim_pages(statements, lessons, environment.get_template("templates/claim.md"))
    )


def package_pages(code: dict[str, Package], template: jinja2.Template) -> dict[str, str]:
    """A chapter for each package, with all its modules."""
    return {
        f"api/{name}.md": template.render(package=package, name=name)
        for name, package in code.items()
    }


def claim_pages(
    statements: dict[str, Statement], lessons: dict[str, course.Lesson], template: jinja2.Template
) -> dict[str, str]:
    """A page for each statement, linked to the one before and the one after."""
    names = [None, *statements, None]
    return {
        f"evidence/{name}.md": template.render(
            statement=statements[name], lessons=lessons, before=before, after=after
        )
        for before, name, after in zip(names, names[1:], names[2:], strict=False)
    }


def templates() -> jinja2.Environment:
    """Where the pages come from, and the words that they may use."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(DOCS),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "slug": evidence.slug,
        "place": evidence.place,
        "markdown": markdown,
        "docstring": docstring,
        "coded": coded,
    }
    environment.globals |= {
        "SYMBOLS": evidence.SYMBOLS,
        "ROLES": evidence.ROLES,
        "WAYS": tables.WAYS,
        "NOT_YET": claims.NOT_YET,
        "told": claims.told,
        "is_read_again": calibration.is_read_again,
        "differences": replicates.differences,
        "arms": replicates.arms,
        "arms_in_words": replicates.arms_in_words,
        "listing": recomputing.listing,
        "course_map": drawing.course_map,
        "package_map": drawing.package_map,
    }
    return environment


def markdown(text: str) -> Markup:
    """`text` as Markdown that says just that, whatever signs it holds."""
    return Markup(re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text))


def coded(text: str) -> Markup:
    """`text` as HTML, in which `code` is code."""
    parts = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else part
        for place, part in enumerate(parts)
    )


def docstring(text: str) -> Markup:
    """The first line of a docstring as Markdown, in which `code` stays code."""
    parts = text.split("`")
    parts[::2] = map(markdown, parts[::2])
    return Markup("`".join(parts))
