"""HTML pages from files: one language a page, texts from the catalogue.

``{{message.id}}`` in a file becomes the message, ``{{name}}`` a value; ``{{lang}}`` is the page's language,
``{{other_tag}}`` and ``{{other_name}}`` are the one to switch to. Every page has the language of ``?lang=`` (any tag of
Chinese or English), else the browser's; Chinese by default.
"""

import html
import re
from pathlib import Path
from typing import Annotated, Any

from litestar import Request, Response
from litestar.enums import MediaType
from litestar.params import Parameter

import web
from foundation import catalogue
from foundation.catalogue import Language, language_of, language_of_tag

WEB = Path(web.__file__).parent
_HEAD = (WEB / "shared" / "head.html").read_text(encoding="utf-8").strip()

OTHER = {Language.CHINESE: ("en", "English"), Language.ENGLISH: ("zh-Hans-CN", "中文")}
"""The other language of a page: its tag, and its name in that language."""

_PLACEHOLDER = re.compile(r"\{\{([\w.]+)\}\}")


Lang = Annotated[
    str | None,
    Parameter(
        query="lang",
        description="`zh-Hans` or `en`, or another tag that begins with `zh` or `en`; else `Accept-Language` decides.",
    ),
]


def page_file(name: str) -> str:
    """A page's file below ``web/``, with what every page has in its head: the style, and how the reader wants it."""
    return (WEB / name).read_text(encoding="utf-8").replace("<!-- head -->", _HEAD)


def language_of_page(request: Request[Any, Any, Any]) -> Language:
    """The language that the reader chose by ``?lang=``, else the browser's."""
    return page_language(request, request.query_params.get("lang"))


def page_language(request: Request[Any, Any, Any], lang: Lang = None) -> Language:
    """The same as a dependency of handlers, whose description then names the parameter."""
    return language_of_tag(lang or "") or language_of(request.headers.get("accept-language"))


def page_headers(language: Language) -> dict[str, str]:
    """The header fields that tell a page's language, and what decided it."""
    return {"content-language": language.tag, "vary": "accept-language"}


def render(template: str, language: Language, **values: str) -> str:
    """Fill the placeholders of a page; messages may use the same values."""
    other_tag, other_name = OTHER[language]
    values |= {"lang": language.tag, "other_tag": other_tag, "other_name": other_name}

    def fill(found: re.Match[str]) -> str:
        name = found[1]
        return html.escape(values[name] if name in values else catalogue.text(name, language, **values))

    return _PLACEHOLDER.sub(fill, template)


def page_response(content: str, language: Language) -> Response[str]:
    """A rendered page."""
    return Response(content, media_type=MediaType.HTML, headers=page_headers(language))
