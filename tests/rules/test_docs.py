"""The documents are true: commands, files and links that they name exist."""

import re
import tomllib
from pathlib import Path

import click
import pytest

from onecard.cli import main
from onecard.settings import Settings

ROOT = Path(__file__).parents[2]
LANGUAGE_OF_THE_COMMAND_LINE = "ONECARD_LANG"
"""Read before the settings, because their mistakes are told in it."""

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", text_of(page)):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_exist(page: Path) -> None:
    targets = set(re.findall(r"^([\w-]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    for command in re.findall(r"`(?:\.venv/bin/)?onecard ([a-z-]+)\b(?! v\d)", text_of(page)):
        assert command in main.commands, command
    for target in re.findall(r"^make ([\w-]+)$", text_of(page), re.MULTILINE):
        assert target in targets, target


def test_architecture_names_files_that_are_there() -> None:
    packages = (
        "onecard|conformance|loadtest|demo|verification|travellers|terminals|clearing|waste|settlement|registry"
        "|foundation|tests"
    )
    named = rf"`((?:{packages})/[\w/.-]+\.\w+)`"
    for name in re.findall(named, text_of(ROOT / "ARCHITECTURE.md")):
        assert (ROOT / name).is_file(), name


def test_the_guide_lists_settings_that_are_there() -> None:
    names = {f"ONECARD_{name.upper()}" for name in Settings.model_fields}
    guide = text_of(ROOT / "docs" / "operations.md")
    assert set(re.findall(r"`(ONECARD_[A-Z_]+)`", guide)) <= names | {LANGUAGE_OF_THE_COMMAND_LINE}


def test_the_first_day_is_the_one_that_is_played() -> None:
    guide = text_of(ROOT / "docs" / "administration.md")
    chapter = guide[guide.index("## The first day") : guide.index("## Who joins")]
    files = ("system/test_from_nothing.py", "system/test_joining.py", "running_system.py")
    played = "".join(text_of(ROOT / "tests" / file) for file in files)
    words = {
        word
        for line in re.findall(r"onecard ([a-z][^`\n#]*)", chapter)
        for word in re.findall(r"(?:^| )(--[a-z-]+|[a-z][a-z-]+)(?= |$)", line)
    } - {"run", "or", "serve", "and", "onecard", "jobs", "the", "first", "day"}
    assert words > {"init", "second-factor", "close-day", "--dry-run", "verify"}
    assert not {word for word in words if f'"{word}"' not in played}
    paths = {path.split("?")[0] for path in re.findall(r"`(?:POST|GET) (/[^\s`]*)", chapter)}
    calls = re.sub(r"\{[^}]*\}", "NUMBER", played)
    assert len(paths) > 10
    assert not {path for path in paths if not re.search(rf"{re.escape(path)}(?![a-z/-])", calls)}


def test_every_decision_has_a_date_and_a_status_and_stands_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(
        r"^\| \[\d+\]\(([^)]+)\) \| (.+) \| (\S+) \| (.+) \|$", text_of(folder / "README.md"), re.MULTILINE
    )
    recorded = []
    for page in sorted(folder.glob("0*.md")):
        head = re.match(r"# (\d+)\. (.+)\n\n\*(\d{4}-\d\d-\d\d) · (accepted|replaced by \d+)\*\n", text_of(page))
        assert head, page.name
        assert int(head[1]) == int(page.name[:4]), page.name
        recorded.append((page.name, *head.groups()[1:]))
    assert listed == recorded


def test_the_version_stands_in_the_changelog() -> None:
    version = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]["version"]
    released = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$", text_of(ROOT / "CHANGELOG.md"), re.MULTILINE)
    assert released[0] == version
    assert f"image: onecard:{version}" in text_of(ROOT / "docker-compose.yml")


def test_options_of_the_readme_exist() -> None:
    commands = [*main.commands.values()]
    commands += [one for group in commands if isinstance(group, click.Group) for one in group.commands.values()]
    options = {option for command in commands for given in command.params for option in given.opts}
    assert set(re.findall(r"`(--[a-z-]+)", text_of(ROOT / "README.md"))) <= options | {"--json"}
