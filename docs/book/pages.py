"""The book's pages in Markdown: docs/pages and docs/templates, filled in with the evidence."""

import re

import jinja2
from markupsafe import Markup

from docs.book import course, drawing, evidence
from docs.book.evidence import Statement
from helpers.runtime import ROOT

DOCS = ROOT / "docs"


def pages(statements: dict[str, Statement], beside: list[str]) -> dict[str, str]:
    """All pages by name: those of docs/pages, one for each statement, one for each floor of the helpers.

    `beside` names further pages, which the table of contents shall list.
    """
    environment, lessons, floors = templates(), course.lessons(), course.floors()
    known = {
        "lessons": lessons,
        "levels": course.levels(lessons),
        "statements": statements,
        "tally": evidence.tally(statements),
        "surprises": [
            (statements[name], evidence.pick(statements, name, setting))
            for name, setting in course.surprises()
        ],
        "floors": floors,
        "beside": beside,
    }
    names = [path.relative_to(DOCS).as_posix() for path in sorted(DOCS.glob("pages/**/*.md"))]
    plain = {
        name.removeprefix("pages/"): environment.get_template(name).render(known) for name in names
    }
    floor = environment.get_template("templates/floor.md")
    helpers = {
        f"api/floor-{number}.md": floor.render(number=number, rooms=rooms)
        for number, rooms in enumerate(floors, 1)
    }
    return (
        plain
        | helpers
        | claim_pages(statements, lessons, environment.get_template("templates/claim.md"))
    )


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
    environment.filters |= {"slug": evidence.slug, "place": evidence.place, "markdown": markdown}
    environment.globals |= {
        "SYMBOLS": evidence.SYMBOLS,
        "interval": drawing.interval,
        "course_map": drawing.course_map,
        "modules": course.modules,
    }
    return environment


def markdown(text: str) -> Markup:
    """`text` as Markdown that says just that, whatever signs it holds."""
    return Markup(re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text))
