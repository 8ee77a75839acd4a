"""Problems: what a caller did wrong or must wait for, as RFC 9457 problem details.

Each package lists its own kinds in its ``errors.py``; this module has the form and the kinds that all packages share.
Titles, advice and details are messages of the catalogue. A refused payment is an answer and never one of these.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from foundation import catalogue
from foundation.catalogue import Language, Phrase, Phrases


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One stable kind of problem: its HTTP status and its slug in ``type``.

    The catalogue has what to tell people: ``problem.<slug>.title`` and ``problem.<slug>.advice``.
    """

    status: int
    slug: str

    def title(self, language: Language) -> str:
        """What happened."""
        return catalogue.text(f"problem.{self.slug}.title", language)

    def advice(self, language: Language) -> str:
        """What to do about it."""
        return catalogue.text(f"problem.{self.slug}.advice", language)


class Problem(Exception):
    """A problem to be shown to the caller.

    ``code``: the id of the message that says what was wrong this time; none when the title says it all. ``params``
    fill its placeholders (``Phrase`` and ``Phrases`` in the reader's language) and never hold a secret.
    ``retry_after_s`` becomes the ``Retry-After`` header. ``extension``: further members of the document.
    """

    extension: Mapping[str, str] = MappingProxyType({})

    def __init__(self, kind: ProblemKind, code: str = "", *, retry_after_s: int | None = None, **params: Any) -> None:
        super().__init__(f"{kind.slug}: {code}" if code else kind.slug)
        self.kind = kind
        self.code = code
        self.params = {name: value if isinstance(value, int) else str(value) for name, value in params.items()}
        self._phrases = {name: value for name, value in params.items() if isinstance(value, (Phrase, Phrases))}
        self.retry_after_s = retry_after_s

    def __reduce__(self) -> Any:
        # Problems cross from other processes; an exception would be made anew from its words alone.
        return _problem_again, (type(self), self.args, self.__dict__)

    def __str__(self) -> str:
        return f"{self.kind.slug}: {self.detail(Language.ENGLISH)}"

    def detail(self, language: Language) -> str:
        """What was wrong this time, for people; the kind's title when there is nothing more to say."""
        if not self.code:
            return self.kind.title(language)
        return catalogue.text(self.code, language, **self.params | self._phrases)

    def document(self, language: Language) -> dict[str, object]:
        """The RFC 9457 members in one language, with ``advice``, ``code`` and ``params`` as extension members."""
        return {
            "type": f"/problems/{self.kind.slug}",
            "title": self.kind.title(language),
            "status": self.kind.status,
            "detail": self.detail(language),
            "advice": self.kind.advice(language),
            "code": self.code or f"problem.{self.kind.slug}.title",
            "params": self.params,
            **self.extension,
        }

    def signed_document(self) -> dict[str, object]:
        """The members in both languages: for answers that are signed, and kept by who gets them."""
        chinese, english = self.document(Language.CHINESE), self.document(Language.ENGLISH)
        joined = {name: f"{chinese[name]} / {english[name]}" for name in ("title", "detail")}
        both = {
            f"{name}_{suffix}": document[name]
            for name in ("title", "detail", "advice")
            for suffix, document in (("zh", chinese), ("en", english))
        }
        return {
            "type": english["type"],
            "title": joined["title"],
            "status": english["status"],
            "detail": joined["detail"],
            **both,
            "code": english["code"],
            "params": english["params"],
        }


def _problem_again(kind: type[Problem], args: tuple[Any, ...], members: dict[str, Any]) -> Problem:
    problem = kind.__new__(kind, *args)
    problem.__dict__.update(members)
    return problem


MALFORMED = ProblemKind(400, "malformed")
INVALID = ProblemKind(400, "invalid")
INCOMPLETE = ProblemKind(400, "incomplete")
TOO_LARGE = ProblemKind(413, "too-large")
TOO_SLOW = ProblemKind(408, "too-slow")
NOT_SIGNED_IN = ProblemKind(401, "not-signed-in")
WRONG_PASSWORD = ProblemKind(401, "wrong-password")
NOT_ALLOWED = ProblemKind(403, "not-allowed")
NOT_FOUND = ProblemKind(404, "not-found")
CONFLICT = ProblemKind(409, "conflict")
TOO_MANY_TRIES = ProblemKind(429, "too-many-tries")
TOO_MANY_REQUESTS = ProblemKind(429, "too-many-requests")
UNAVAILABLE = ProblemKind(503, "unavailable")
INTERNAL = ProblemKind(500, "internal")
SECOND_PERSON = ProblemKind(403, "second-person-needed")
