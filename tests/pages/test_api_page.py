"""The API description in a browser, and a client generated from it."""

import importlib
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import urllib3
from playwright.sync_api import Browser, expect

from demo.city import PASSWORD
from scripts import openapi
from tests.builders import Network, seen_user
from tests.conftest import POLICY
from tests.running_system import System

CONFIGURATION = Path(__file__).parents[1] / "data" / "python-client.json"


def test_the_viewer_shows_and_sends_from_our_own_files(system: System, browser: Browser) -> None:
    page = browser.new_page(locale="en-GB")
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if POLICY in said.text else None)
    page.on("request", lambda asked: complaints.append(asked.url) if not asked.url.startswith(system.url) else None)
    page.goto(f"{system.url}/schema")
    expect(page.get_by_text("Cross-agency canteen payment network")).to_be_visible(timeout=60_000)
    page.locator("#operations-tag-system").click()
    page.locator("#operations-system-get_health_live").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table td.response-col_status").nth(1)).to_have_text("200", timeout=60_000)
    assert [one for one in complaints if not one.startswith("data:")] == []


@pytest.mark.one_worker
def test_the_description_is_for_who_is_signed_in_when_others_listen(own: System) -> None:
    own.environment["ONECARD_PUBLIC_URL"] = "https://card.example.gov.cn"
    own.start()
    paths = ("/schema", "/schema/openapi.json", "/schema/openapi.yaml", "/schema/viewer/swagger-ui.css")
    assert [urllib3.request("GET", own.url + path).status for path in paths] == [401] * 4
    session = urllib3.request(
        "POST", f"{own.url}/console/sessions", json={"login": "centre", "password": PASSWORD}
    ).json()
    bearer = {"authorization": f"Bearer {session['token']}"}
    assert [urllib3.request("GET", own.url + path, headers=bearer).status for path in paths] == [200] * 4
    assert urllib3.request("GET", f"{own.url}/schema/viewer/absolute-path.js", headers=bearer).status == 404


@pytest.fixture(scope="module")
def client_package(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The package that integrators generate."""
    folder = tmp_path_factory.mktemp("generated")
    generator = Path(sys.executable).with_name("openapi-python-client")
    done = subprocess.run(
        [generator, "generate", "--path", openapi.TARGET, "--meta", "none", "--config", CONFIGURATION,
         "--output-path", folder / "onecard_client"],
        capture_output=True, text=True, timeout=300, check=False,
        env={"PATH": f"{generator.parent}:/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    # Whatever it cannot express it leaves out, with a warning.
    assert "arning" not in done.stdout + done.stderr, done.stdout
    sys.path.insert(0, str(folder))
    yield importlib.import_module("onecard_client")
    sys.path.remove(str(folder))


def test_a_generated_client_signs_in_and_lists(system: System, client_package: Any) -> None:
    def of(module: str) -> Any:
        return importlib.import_module(f"onecard_client.{module}")

    sign_in = of("models").SignIn(login="centre", password=PASSWORD)
    session = of("api.console.post_console_sessions").sync(
        client=client_package.Client(base_url=system.url), body=sign_in
    )
    client = client_package.AuthenticatedClient(base_url=system.url, token=session.token)
    found, after = [], None
    while True:
        asked = {"client": client, "limit": 2} | ({} if after is None else {"after": after})
        page = of("api.registry.list_canteens").sync(**asked)
        found += page.items
        if (after := page.next_) is None:
            break
    assert {canteen.book for canteen in found} == {3301, 3302}
    assert len({canteen.canteen_id for canteen in found}) == len(found) > 2
    wrong = of("api.registry.list_canteens").sync(client=client, sort="colour")
    assert (wrong.status, wrong.code) == (400, "list.sort")
    assert of("api.registry.list_canteens").sync(client=client_package.Client(base_url=system.url)).status == 401


def test_a_generated_client_gets_a_token_and_sends_a_file(
    system: System, network: Network, client_package: Any
) -> None:
    def of(module: str) -> Any:
        return importlib.import_module(f"onecard_client.{module}")

    agency_id = network.agency_id("yinzhou")
    wanted = {"login": "generated", "agency_id": agency_id, "scopes": ["register_official", "see_officials"]}
    made = network.centre.call("POST", "/console/machines", wanted)
    seen = seen_user(network.system, made["user_id"])
    network.approver.call("POST", f"/console/users/{made['user_id']}/confirmation", seen)
    form = of("models").TokenForm(grant_type="client_credentials", client_id="generated", client_secret=made["secret"])
    given = of("api.console.post_console_tokens").sync(client=client_package.Client(base_url=system.url), body=form)
    client = client_package.AuthenticatedClient(base_url=system.url, token=given.access_token)
    roster = of("types").File(io.BytesIO(b"staff_number\nG001\n"))
    sent = of("api.registry.post_registry_rosters").sync(client=client, agency_id=agency_id, body=roster)
    assert (sent.agency_id, sent.state) == (agency_id, "received")
