"""The file that describes the providers of single sign-on: one that is wrong is refused in words."""

from pathlib import Path

import pytest

from foundation.catalogue import Language
from registry.sign_on.providers import CENTRE, OpenIdSettings, WrongFile, read_file

RIGHT = """\
[[provider]]
kind = "openid_connect"
name = "city"
title_zh = "市级"
title_en = "City"
client_id = "c"
client_secret = "s"
issuer = "https://id.example"
tenants = { "https://id.example" = [0, 7] }
"""


WORK_APP = """\
[[provider]]
kind = "work_app"
name = "app"
title_zh = "应用"
title_en = "App"
client_id = "c"
client_secret = "s"
app_key = "k"
app_secret = "s"
login_url = "https://app.example"
api_url = "https://app.example"
contacts_tenant = "100"
organizations = ["GO_1"]
tenants = { "100" = [0, 7] }
"""


def test_a_tenant_vouches_for_its_agencies_alone(tmp_path: Path) -> None:
    file = tmp_path / "providers.toml"
    file.write_text(RIGHT)
    [provider] = read_file(file)
    assert isinstance(provider, OpenIdSettings)
    tried = [(tenant, agency) for tenant in ("https://id.example", "other") for agency in (None, CENTRE, 7, 8)]
    vouched = {one for one in tried if provider.vouches_for(*one)}
    assert vouched == {("https://id.example", agency) for agency in (None, CENTRE, 7)}


@pytest.mark.parametrize(
    "content",
    [
        "not TOML =", "", '[[provider]]\nkind = "smoke"', RIGHT + RIGHT, RIGHT.replace("https:", "ftp:"),
        RIGHT.replace('"city"', '"City hall"'), RIGHT + "surprise = 1\n", RIGHT.replace("[0, 7]", '"7"'),
        RIGHT.replace('client_secret = "s"\n', ""), WORK_APP.replace('_tenant = "100"', '_tenant = "101"'),
        WORK_APP.replace('contacts_tenant = "100"\n', ""),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_by_its_name(tmp_path: Path, content: str) -> None:
    file = tmp_path / "providers.toml"
    file.write_text(content)
    with pytest.raises(WrongFile) as refused:
        read_file(file)
    for language in Language:
        assert "providers.toml" in refused.value.text(language)


def test_a_work_app_without_contact_lists_needs_no_tenant_for_them(tmp_path: Path) -> None:
    file = tmp_path / "providers.toml"
    file.write_text(WORK_APP.replace('contacts_tenant = "100"\norganizations = ["GO_1"]\n', ""))
    assert len(read_file(file)) == 1
