"""Accessibility of a page as it is shown: axe-core, run in the browser beside it."""

from functools import cache

from playwright.sync_api import Page

from tests.node import ROOT

SETTLED = """Promise.allSettled(document.getAnimations()
    .filter(one => one.effect.getComputedTiming().iterations !== Infinity).map(one => one.finished))"""
"""Colours that are on their way are nobody's: a transition comes to its end first."""

STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@cache
def _axe() -> str:
    return (ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """What of the page is not WCAG 2.2 AA: the rule, and where."""
    page.evaluate(SETTLED)
    # By the debugger, since the page's policy lets no other script in.
    page.evaluate(_axe())
    found = page.evaluate("tags => axe.run(document, { runOnly: { type: 'tag', values: tags } })", STANDARD)
    return [
        f"{one['id']}: {node['target']}: {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]
