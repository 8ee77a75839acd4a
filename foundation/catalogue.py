"""The message catalogue: every sentence that people read, by id and language, from gettext PO files.

Source language is simplified Chinese (``zh_Hans``), translated into English (``en``). Ids are stable
(``problem.busy.title``); placeholders are ``{name}`` and nothing else, the same in ICU and ``str.format``. What is
stored (audit entries, case steps) keeps ids and parameters, never a sentence.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

import polib

from foundation.accepted import preferences

LOCALES = Path(__file__).parent / "locales"


class Language(StrEnum):
    """The languages of the catalogue; ``?lang=`` takes every tag that begins with one (``zh``, ``en-GB``)."""

    CHINESE = "zh-Hans"
    ENGLISH = "en"

    @classmethod
    def _missing_(cls, value: object) -> "Language | None":
        return language_of_tag(str(value))

    @property
    def tag(self) -> str:
        """The language tag for ``lang`` and ``Content-Language``."""
        return "zh-Hans-CN" if self is Language.CHINESE else "en"

    @property
    def folder(self) -> Path:
        """Where its PO files are; gettext writes the script with an underscore."""
        return LOCALES / self.value.replace("-", "_")


class UnknownMessage(KeyError):
    """An id that the catalogue does not have: a mistake of ours."""


@lru_cache(maxsize=len(Language))
def messages(language: Language) -> Mapping[str, str]:
    """All messages of a language by id."""
    found: dict[str, str] = {}
    for path in sorted(language.folder.glob("*.po")):
        found |= {entry.msgid: entry.msgstr for entry in polib.pofile(str(path), check_for_duplicates=True)}
    return found


def has(message_id: str) -> bool:
    """Whether the catalogue has this id."""
    return message_id in messages(Language.CHINESE)


def text(message_id: str, language: Language, /, **params: Any) -> str:
    """The message in a language, its placeholders filled. Raises UnknownMessage."""
    try:
        template = messages(language)[message_id]
    except KeyError:
        raise UnknownMessage(message_id) from None
    said = {
        name: value.text(language) if isinstance(value, (Phrase, Phrases)) else value for name, value in params.items()
    }
    return template.format_map(said) if said else template


@dataclass(frozen=True, slots=True)
class Phrase:
    """A parameter of a message that is itself said in the reader's language.

    ``plain`` stands for it in data; the message ``message_id`` says it to people.
    """

    plain: str
    message_id: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.plain

    def text(self, language: Language) -> str:
        """The phrase in a language."""
        return text(self.message_id, language, **self.params)


@dataclass(frozen=True, slots=True)
class Phrases:
    """A parameter that lists phrases, separated as the reader's language does."""

    parts: tuple[Phrase, ...]

    def __str__(self) -> str:
        return "; ".join(part.plain for part in self.parts)

    def text(self, language: Language) -> str:
        """The list in a language."""
        return ("；" if language is Language.CHINESE else "; ").join(part.text(language) for part in self.parts)


class Explained(Exception):
    """An error that is told to people: the id of a message, and what fills its placeholders."""

    def __init__(self, code: str, /, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params

    def __str__(self) -> str:
        return self.text(Language.ENGLISH)

    def text(self, language: Language) -> str:
        """The error in a language."""
        return text(self.code, language, **self.params)


def language_of_environment(environment: Mapping[str, str]) -> Language:
    """The language of a command line: ``ONECARD_LANG`` (zh-Hans or en), else ``LC_ALL`` or ``LANG``; else English."""
    chosen = environment.get("ONECARD_LANG") or environment.get("LC_ALL") or environment.get("LANG") or ""
    return Language.CHINESE if chosen.lower().startswith("zh") else Language.ENGLISH


def language_of_tag(tag: str) -> Language | None:
    """The language of a tag such as ``zh``, ``zh-CN`` or ``en-GB``; None if the catalogue has none for it."""
    return _BY_PREFIX.get(tag.strip().lower().partition("-")[0])


def language_of(accept_language: str | None) -> Language:
    """The language that an ``Accept-Language`` header prefers (RFC 9110 section 12.5.4); Chinese by default."""
    best, best_quality = Language.CHINESE, 0.0
    for tag, quality in preferences(accept_language):
        language = language_of_tag(tag)
        if language is not None and quality > best_quality:
            best, best_quality = language, quality
    return best


_BY_PREFIX = {"zh": Language.CHINESE, "en": Language.ENGLISH}
