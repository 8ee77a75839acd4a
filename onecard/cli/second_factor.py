"""The command second-factor: a person sets up his own second factor at a running centre."""

import sys
from typing import Any

import rich_click as click

from onecard.cli.administration import read_password
from onecard.cli.commands import main
from onecard.cli.output import LANGUAGE, console, fail, fail_with, say, text
from onecard.cli.services import parse_url, read_settings

ANSWER_WITHIN_S = 30


@main.command("second-factor", help=text("onecard.help.second-factor"))
@click.argument("login")
@click.option("--url", metavar="URL", help=text("onecard.option.centre_url"))
def second_factor(login: str, url: str | None) -> None:
    """Show the QR code for an authenticator application, and confirm it with a first code."""
    url = read_settings().own_url if url is None else parse_url(url, "--url")
    token = _call(url, "/console/sessions", {"login": login, "password": read_password(new=False)})["token"]
    begun = _call(url, "/console/second-factor", {}, token)
    _draw(begun["uri"])
    say("onecard.second_factor.secret", secret=begun["secret"])
    code = click.prompt(text("onecard.prompt.code"))
    confirmed = _call(url, "/console/second-factor/confirmation", {"code": code.strip()}, token)
    say("onecard.second_factor.done", login=login)
    for recovery_code in confirmed["recovery_codes"]:
        console.print(f"  {recovery_code}", markup=False)


def _call(url: str, path: str, message: dict[str, str], token: str | None = None) -> Any:
    import urllib3

    headers = {"accept-language": LANGUAGE.tag} | ({} if token is None else {"authorization": f"Bearer {token}"})
    try:
        answer = urllib3.request(
            "POST", url + path, json=message, headers=headers, retries=False, timeout=ANSWER_WITHIN_S
        )
        told = answer.json()
    except (urllib3.exceptions.HTTPError, ValueError):
        fail("onecard.second_factor.no_answer", url=url)
    if answer.status >= 400:
        fail_with(f"{told.get('title')}: {told.get('detail')}")
    return told


def _draw(uri: str) -> None:
    """A QR code of characters, for a terminal; where the output goes elsewhere, the address that it holds."""
    import qrcode

    if sys.stdout.isatty():
        code = qrcode.QRCode(border=2)
        code.add_data(uri)
        code.print_ascii(invert=True)
    say("onecard.second_factor.uri", uri=uri)
