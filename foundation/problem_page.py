"""A problem as a page, for people whose browser asked for one: in the reader's language, and below in the other."""

from foundation import catalogue
from foundation.catalogue import Language
from foundation.pages import page_file, render
from foundation.problems import Problem

TEMPLATE = page_file("problem/page.html")


def problem_page(problem: Problem, language: Language) -> str:
    """What happened, what to do, and the way to the first page."""
    [other] = set(Language) - {language}
    others = {f"other_{name}": said for name, said in _told(problem, other).items()}
    return render(TEMPLATE, language, **_told(problem, language), **others)


def _told(problem: Problem, language: Language) -> dict[str, str]:
    title, detail = problem.kind.title(language), problem.detail(language)
    return {
        "title": title,
        "detail": "" if detail == title else detail,
        "advice": problem.kind.advice(language),
        "first_page": catalogue.text("problem.to_first_page", language),
    }
