"""Documents hold any text: rare characters are shown, and what no font has gets a mark; all are PDF/A."""

from pathlib import Path

import pypdfium2 as pdfium
import pytest
from structlog.testing import capture_logs

from foundation.pdf import MISSING, render, unsettable

TEMPLATE = '#set text(font: sys.inputs.font)\n#json(bytes(sys.inputs.data)).join(" ")'


def text_of(content: bytes) -> str:
    return "".join(page.get_textpage().get_text_range() for page in pdfium.PdfDocument(content))


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "page.typ"
    path.write_text(TEMPLATE, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["朱镕基", "李喆", "王\U0002cb7c", "㐀㐁", "\U00020bb7野家"])
def test_rare_characters_of_names_are_shown(template: Path, name: str) -> None:
    """𬭼 (extension E) is in the table of standard characters; 㐀 is of extension A, 𠮷 of B."""
    with capture_logs() as logs:
        assert name in text_of(render(template, [name]))
    assert not logs


@pytest.mark.parametrize(
    "text",
    [
        "\U00020000\U0002a6a5",  # extension B, not in the standard fonts
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",  # a family, joined
        "\U0001f1e8\U0001f1f3",  # a flag of two letters
        "e\u0301 a\u0323\u0302 \u0e01\u0e47",  # combining marks
        "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",  # right to left
        "\u0f56\u0f7c\u0f51",
        "\ue000\U000f0000\ufffd",
    ],
)
def test_no_text_breaks_a_document(template: Path, text: str) -> None:
    with capture_logs() as logs:
        made = render(template, ["食堂", text, "通报"])
    assert not logs, "it is PDF/A all the same"
    said = text_of(made)
    assert "食堂" in said
    assert "通报" in said
    assert (MISSING in said) == bool(unsettable(text))
