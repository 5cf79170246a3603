"""What axe-core finds wrong with a page for people who see little, or use no mouse."""

from axe_playwright_python.sync_playwright import Axe

AXE = {"runOnly": ["wcag2a", "wcag2aa", "best-practice"], "preload": False}


def serious(page, part):
    """The serious and critical issues that axe-core finds in a part of the page."""
    found = Axe().run(page, context=part, options=AXE).response["violations"]
    return [
        (issue["id"], [node["html"][:200] for node in issue["nodes"][:3]])
        for issue in found
        if issue["impact"] in ("serious", "critical")
    ]
