"""The TypeScript client in the real browser: it computes as elsewhere, and its keys and its journal survive."""

import contextlib
import json
import os
import re
import secrets
import signal
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route

from tests.builders import Network
from tests.cable import Cable, State
from tests.conftest import CHROMIUM, CHROMIUM_ARGUMENTS
from tests.node import CLIENT, ROOT, node

PAGE = (ROOT / "docs" / "terminal-protocol.md").read_text(encoding="utf-8")
VECTORS = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[-1])


@pytest.fixture(scope="module")
def stripped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client's modules as a browser runs them: without their types, and else as they are."""
    folder = tmp_path_factory.mktemp("client")
    command = [node(), "--disable-warning=ExperimentalWarning", str(CLIENT / "tests" / "strip.ts"), str(folder)]
    subprocess.run(command, check=True, timeout=120)
    return folder


def open_page(context: BrowserContext, url: str, stripped: Path) -> Page:
    """A page of the centre's, beside which the modules lie as if it served them."""

    def module(route: Route) -> None:
        name = route.request.url.partition("/shared/terminal/")[2]
        route.fulfill(body=(stripped / name).read_text(encoding="utf-8"), content_type="text/javascript")

    context.route("**/shared/terminal/**", module)
    page = context.new_page()
    page.goto(f"{url}/check-receipt")
    return page


def run(page: Page, function: str, *given: Any) -> Any:
    """Call a function of the page's module, as a script of the page does."""
    return page.evaluate(
        "async ([name, given]) => (await import('/shared/terminal/tests/page.ts'))[name](...given)",
        [function, list(given)],
    )


@pytest.fixture
def page(browser: Browser, network: Network, stripped: Path) -> Iterator[Page]:
    context = browser.new_context()
    yield open_page(context, network.url, stripped)
    context.close()


def slip(network: Network) -> dict[str, Any]:
    made = network.slip()
    return {name: getattr(made, name) for name in made.__struct_fields__}


def code_of(network: Network) -> str:
    return network.phone(network.official()).show_short_code()


def test_the_vectors_pass_in_the_browser(page: Page) -> None:
    done = run(page, "checkVectors", VECTORS)
    assert done["failed"] == []
    assert done["passed"] >= 60


def test_the_journal_in_the_browser_keeps_the_rules_of_a_journal(page: Page) -> None:
    assert run(page, "brokenRules", "rules") == []


def test_keys_stay_in_the_browser_and_survive_a_reload(network: Network, page: Page) -> None:
    run(page, "enrol", "till", slip(network))
    official = network.official()
    message = {"agency_id": official.agency_id, "holder_ids": [official.holder_id]}
    for algorithm in ("ed25519", "ecdsa-p256-sha256"):
        [made] = network.centre.call("POST", "/console/phone-activations", message)["activations"]
        run(page, "activate", algorithm, made["activation_id"], made["code"], algorithm)
    page.reload()
    assert run(page, "keysOf", "till") == {"keys": 1, "extractable": 0, "refused": 1}
    for algorithm in ("ed25519", "ecdsa-p256-sha256"):
        assert run(page, "keysOf", algorithm) == {"keys": 2, "extractable": 0, "refused": 2}
        for code in run(page, "codes", algorithm, network.canteen_id("yinzhou")):
            assert run(page, "charge", "till", code)["answer"]["outcome"] == "approved"
    done = run(page, "shift", "till", code_of(network))
    assert done["closed"] == done["again"]
    assert (done["closed"]["agree"], done["closed"]["requests"], done["differences"]) == (True, 2, [])


def kill_browser(profile: Path) -> None:
    """kill -9 of the browser that has this profile."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            is_whole = f"--user-data-dir={profile}".encode() in words
            if is_whole and not any(word.startswith(b"--type=") for word in words):
                os.kill(int(process.name), signal.SIGKILL)


def test_a_browser_killed_between_sending_and_answer_gets_the_receipt(
    browser: Browser, network: Network, stripped: Path, scratch: Path
) -> None:
    profile, official, cable = scratch / f"profile-{secrets.token_hex(4)}", network.official(), Cable(network.url)
    launch = partial(
        browser.browser_type.launch_persistent_context,
        profile,
        executable_path=CHROMIUM,
        args=CHROMIUM_ARGUMENTS,
    )
    page = open_page(launch(), cable.url, stripped)
    run(page, "enrol", "till", slip(network))
    cable.set(State.HOLDS_ANSWERS)
    code = network.phone(official).show_short_code()
    page.evaluate(
        "code => void import('/shared/terminal/tests/page.ts').then((client) => client.charge('till', code))", code
    )
    cable.wait_for_an_answer()
    kill_browser(profile)
    cable.set(State.WHOLE)
    assert network.purses(official) == (9_000, 0)
    context = launch()
    [entry] = run(open_page(context, cable.url, stripped), "settle", "till")
    context.close()
    cable.close()
    assert (entry["outcome"], json.loads(entry["answer"])["receipt"]["amount_fen"]) == ("approved", 1_000)
    assert network.purses(official) == (9_000, 0)
