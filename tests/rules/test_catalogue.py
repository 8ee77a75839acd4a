"""The message catalogue: both languages complete, the terms and the typography of each, and every id used."""

import ast
import itertools
import re
import string
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polib
import pytest

from foundation.catalogue import LOCALES, Explained, Language, language_of_environment

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "foundation", "registry", "settlement", "dining", "terminals", "clearing", "waste", "travellers",
    "verification", "demo",
    "conformance", "onecard",
)  # fmt: skip
NAMES = sorted({path.stem for path in LOCALES.glob("*/*.po")})
TERMS: list[dict[str, Any]] = tomllib.loads((LOCALES / "terms.toml").read_text(encoding="utf-8"))["term"]

HAN = r"\u3400-\u9fff"
LATIN_IN_CHINESE = {
    # formats, protocols and algorithms
    "API", "BOM", "CBOR", "COSE", "CSV", "CWT", "HTTP", "JPEG", "JSON", "PDF", "PNG", "RFC", "UTF", "UUID", "XLSX",
    "XML", "ZIP", "ISO", "Base64", "SHA", "PEM", "RSA", "TOML", "GBK", "MIME", "HMAC", "AES", "CMAC", "UID", "Ed25519",
    "pain", "camt", "true", "false", "Authorization", "Bearer", "Signature", "keyid",
    # units
    "MiB", "CO2e", "CNAPS",
    # programs and measures of the command line
    "onecard", "make", "setup", "bin", "venv", "demo", "root", "apt", "get", "install", "util", "linux", "setpriv",
    "initdb", "migrate", "run", "verify", "audit", "check", "history", "public", "key", "help", "psql", "pgbench",
    "PostgreSQL", "Redis", "Ctrl", "WAPE", "MASE", "fonts", "noto", "cjk", "acks", "jsonl", "schema", "health",
    "metrics", "ONECARD", "DATABASE", "URL", "REDIS", "PORT", "Citus", "citus", "SELECT", "HOST",
}  # fmt: skip
"""Names that have no Chinese form."""

LITERALS = re.compile(r"“[^”]*”|[A-Za-z0-9]+(?:[_-][A-Za-z0-9]+)+|CO2e|Base64|base64url|Ed25519")
"""What callers write as it stands: quotations, identifiers and header fields, encodings."""


def none_of(wrong: list[str]) -> None:
    """Fail with all offenders, a line each."""
    assert not wrong, "\n".join(["", *sorted(wrong)])


def entries(name: str, language: Language) -> dict[str, str]:
    return {entry.msgid: entry.msgstr for entry in polib.pofile(str(language.folder / f"{name}.po"))}


def all_entries(language: Language) -> Iterator[tuple[str, str, str]]:
    """File, id, text of every message."""
    for name in NAMES:
        for message_id, text in entries(name, language).items():
            yield f"{language}/{name}.po", message_id, text


def without_placeholders(text: str) -> str:
    return re.sub(r"\{[^{}]*\}", "", text)


def placeholders(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def offenders(language: Language, is_wrong: Callable[[str], object]) -> list[str]:
    return [f"{file}: {message_id}: {text}" for file, message_id, text in all_entries(language) if is_wrong(text)]


def test_every_message_is_in_both_languages() -> None:
    missing = [
        f"{name}.po: {message_id}"
        for name in NAMES
        for message_id in entries(name, Language.CHINESE).keys() ^ entries(name, Language.ENGLISH).keys()
    ]
    none_of(missing)


def test_an_id_stands_once_and_in_order() -> None:
    wrong = []
    for language in Language:
        seen: dict[str, str] = {}
        for name in NAMES:
            ids = [entry.msgid for entry in polib.pofile(str(language.folder / f"{name}.po"))]
            pairs = itertools.pairwise(ids)
            wrong += [f"{language}/{name}.po: {after} is not in order" for before, after in pairs if before >= after]
            wrong += [f"{language}/{name}.po: {one} also in {seen[one]}.po" for one in ids if one in seen]
            seen |= dict.fromkeys(ids, name)
    none_of(wrong)


def test_no_message_is_empty() -> None:
    none_of([one for language in Language for one in offenders(language, lambda text: not text.strip())])


def test_placeholders_are_the_same_in_both_languages() -> None:
    wrong = []
    for name in NAMES:
        chinese, english = entries(name, Language.CHINESE), entries(name, Language.ENGLISH)
        wrong += [
            f"{name}.po: {message_id}: {chinese[message_id]} | {english[message_id]}"
            for message_id in chinese.keys() & english.keys()
            if placeholders(chinese[message_id]) != placeholders(english[message_id])
        ]
    none_of(wrong)


def test_placeholders_are_plain_names() -> None:
    def has_another_form(text: str) -> bool:
        return any(spec or conversion for _, name, spec, conversion in string.Formatter().parse(text) if name)

    none_of([one for language in Language for one in offenders(language, has_another_form)])


def test_english_has_no_han() -> None:
    none_of(offenders(Language.ENGLISH, lambda text: re.search(f"[{HAN}\u3000-\u303f\uff00-\uffef]", text)))


def test_chinese_has_no_stray_english() -> None:
    def stray(text: str) -> list[str]:
        words = re.findall(r"[A-Za-z]{3,}", LITERALS.sub("", without_placeholders(text)))
        return [word for word in words if word not in LATIN_IN_CHINESE]

    found = [
        f"{file}: {message_id}: {' '.join(stray(text))}"
        for file, message_id, text in all_entries(Language.CHINESE)
        if stray(text)
    ]
    none_of(found)


def test_chinese_punctuation_is_full_width() -> None:
    # A placeholder stands for a word: punctuation beside it is punctuation beside Han.
    beside = re.compile(rf"[{HAN}}}][,;:?!()]|[,;:?!()][{HAN}{{]")
    allowed = re.compile(r"\}:\{port\}|\[\{\}\]")
    none_of(offenders(Language.CHINESE, lambda text: beside.search(allowed.sub("", LITERALS.sub("A", text)))))


def test_chinese_uses_the_terms() -> None:
    wrong = []
    for term in TERMS:
        for word in term.get("not_zh", []):
            for file, message_id, text in all_entries(Language.CHINESE):
                rest = text
                for longer in term.get("unless", []):
                    rest = rest.replace(longer, "")
                if word in rest:
                    wrong.append(f"{file}: {message_id}: {word}; the term is {term['zh']}")
    none_of(wrong)


def test_every_term_is_given_in_both_languages() -> None:
    assert [term for term in TERMS if not term.get("zh") or not term.get("en")] == []
    assert len({term["zh"] for term in TERMS}) == len(TERMS) >= 40


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, Language.ENGLISH),
        ({"LANG": "C.UTF-8"}, Language.ENGLISH),
        ({"LANG": "zh_CN.UTF-8"}, Language.CHINESE),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_GB.UTF-8"}, Language.ENGLISH),
        ({"LANG": "en_GB.UTF-8", "ONECARD_LANG": "zh-Hans"}, Language.CHINESE),
        ({"LANG": "zh_CN.UTF-8", "ONECARD_LANG": "en"}, Language.ENGLISH),
    ],
)
def test_the_command_line_follows_the_environment(environment: dict[str, str], language: Language) -> None:
    assert language_of_environment(environment) is language


# The source: which ids it names, and whether it tells people sentences that are no messages.

TELLS_BY_ID = {"Problem": 1, "form": 0}
COMMAND_LINE_TELLS_BY_ID = {"say": 0, "fail": 0, "text": 0, "table": None}
"""Functions that take the id of a message, and the place of that argument (None: all of them)."""
ID = re.compile(r"[a-z_]+(\.[\w-]+)+\Z")


def sources() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


def explained() -> set[str]:
    """Names of the exceptions that are told to people by id."""
    kinds = [Explained]
    for kind in kinds:
        kinds += kind.__subclasses__()
    return {kind.__name__ for kind in kinds}


def told(file: str, tree: ast.Module) -> Iterator[ast.expr]:
    """Arguments that ought to be ids of messages."""
    by_id: dict[str, int | None] = {**TELLS_BY_ID, **dict.fromkeys(explained(), 0)}
    if file.startswith("onecard/cli/"):
        by_id |= COMMAND_LINE_TELLS_BY_ID
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        name = (
            function.id
            if isinstance(function, ast.Name)
            else function.attr
            if isinstance(function, ast.Attribute)
            else ""
        )
        if isinstance(function, ast.Attribute) and name == "text" and getattr(function.value, "id", "") == "catalogue":
            yield from node.args[:1]
        elif isinstance(function, ast.Name) and name in by_id:
            place = by_id[name]
            arguments = [argument for argument in node.args if not isinstance(argument, ast.Starred)]
            yield from arguments if place is None else arguments[place : place + 1]


def test_what_is_told_to_people_is_a_message() -> None:
    known = {message_id for _, message_id, _ in all_entries(Language.CHINESE)}
    wrong = []
    for file, tree in sources():
        for argument in told(file, tree):
            where = f"{file}:{argument.lineno}"
            if isinstance(argument, ast.JoinedStr) and _pattern(argument) is None:
                wrong.append(f"{where}: a sentence: {ast.unparse(argument)}")
            elif isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                message_id = (
                    f"form.{argument.value}" if argument.value and "." not in argument.value else argument.value
                )
                if " " in argument.value:
                    wrong.append(f"{where}: a sentence: {argument.value}")
                elif argument.value and message_id not in known and argument.value not in known:
                    wrong.append(f"{where}: no message {argument.value}")
    none_of(wrong)


def _pattern(node: ast.JoinedStr) -> re.Pattern[str] | None:
    """What an f-string can come to, if it begins like an id."""
    parts = [re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"[\w.-]+" for part in node.values]
    first = node.values[0]
    if not isinstance(first, ast.Constant) or not re.match(r"[a-z_]+\.", str(first.value)) or " " in "".join(parts):
        return None
    return re.compile("".join(parts) + r"\Z")


def test_every_message_is_used() -> None:
    literal: set[str] = set()
    patterns: list[re.Pattern[str]] = []
    for _, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                literal.add(node.value)
            elif isinstance(node, ast.JoinedStr) and (pattern := _pattern(node)):
                patterns.append(pattern)
            elif (
                isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "form" and node.args
            ):
                literal.add(f"form.{getattr(node.args[0], 'value', '')}")
    pages = "\n".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "web").rglob("*")
        if path.suffix in (".html", ".js", ".typ", ".ts", ".tsx") and "node_modules" not in path.parts
    )
    unused = [
        f"{file}: {message_id}"
        for file, message_id, _ in all_entries(Language.CHINESE)
        if message_id not in literal and message_id not in pages and not any(p.match(message_id) for p in patterns)
    ]
    none_of(unused)
