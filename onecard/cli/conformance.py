"""Commands for makers of terminals: fake-centre, conformance, conformance-kit."""

import asyncio
import os
import stat
import sys
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click
from msgspec import json

from foundation.calendar import ZONE
from foundation.catalogue import Explained
from onecard.cli.commands import USAGE_ERROR, main
from onecard.cli.output import LANGUAGE, console, fail, fail_with, progress_bars, say, show_check, text
from onecard.cli.services import fail_for

if TYPE_CHECKING:
    from conformance.bench import Result
    from conformance.certificate import Subject
    from conformance.fake.desk import Desk
    from conformance.fake.messages import Seen
    from conformance.faults import Faults
    from conformance.proxy import Proxy
    from conformance.suite import Profile

FAKE_PORT = 8100
PROFILES = ("all", "till", "phone", "scale")
QUIET_S = 10.0
"""A terminal that is silent so long may wait for its maker: he is told what is still to come."""


def _faults(wanted: tuple[str, ...], late_s: float, skew_s: int) -> "Faults":
    """The switches as they were given; a wrong one ends the command."""
    from conformance.faults import Faults

    faults = Faults(late_s, skew_s)
    for one in wanted:
        try:
            faults.read(one)
        except Explained as error:
            fail_with(error.text(LANGUAGE), code=USAGE_ERROR)
    return faults


fault_option = click.option(
    "--fault", "wanted", multiple=True, metavar="NAME[@PATH][=WHEN]", help=text("onecard.option.fault")
)
late_option = click.option("--late-s", default=14.0, type=float, help=text("onecard.option.fault_late_s"))
skew_option = click.option("--skew-s", default=3_600, type=int, help=text("onecard.option.fault_skew_s"))


@main.command("fake-centre", help=text("onecard.help.fake-centre"))
@click.option("--port", default=FAKE_PORT, type=click.IntRange(0, 65_535), help=text("onecard.option.fake_port"))
@fault_option
@late_option
@skew_option
def fake_centre(port: int, wanted: tuple[str, ...], late_s: float, skew_s: int) -> None:
    """Run the fake centre until Ctrl-C."""
    from conformance.fake.desk import Desk

    desk = Desk(_faults(wanted, late_s, skew_s), _tell)

    async def serve() -> None:
        try:
            found = await desk.start(port)
        except OSError:
            fail("conformance.desk.port_in_use", port=port)
        _welcome(desk, f"http://127.0.0.1:{found}")
        await asyncio.Event().wait()

    with suppress(KeyboardInterrupt):
        asyncio.run(serve())


def _welcome(desk: "Desk", url: str) -> None:
    slip, scale = desk.slip_shown(desk.slip), desk.slip_shown(desk.scale_slip)
    say("conformance.desk.serves", url=url)
    say(
        "conformance.desk.slip",
        enrolment_id=slip.enrolment_id,
        code=slip.code,
        centre_key=slip.centre_key,
        centre_public_key=slip.centre_public_key,
    )
    say("conformance.desk.scale_slip", enrolment_id=scale.enrolment_id, code=scale.code)
    for card in (desk.home_card, desk.visitor_card):
        file = card.card.file
        say(
            "conformance.desk.card",
            credential_id=file.credential_id,
            holder_id=file.holder_id,
            agency_id=file.agency_id,
            url=url,
        )
    say("conformance.desk.code", url=url)
    say("conformance.desk.activation", activation_id=desk.activation.activation_id, code=desk.activation.code)
    say("conformance.desk.begin", url=url)
    if desk.faults.switches:
        say("conformance.desk.faults", faults=", ".join(desk.faults.switches))
    say("conformance.desk.how_to_stop")
    console.print()


def _tell(seen: "Seen") -> None:
    said = {name: getattr(seen, name) for name in ("at", "method", "path", "number", "status", "result")}
    said["checked"] = " ".join(seen.checked)
    if seen.faults:
        say("conformance.desk.line_with_faults", **said, faults=" ".join(seen.faults))
    else:
        say("conformance.desk.line", **said)
    if seen.reason:
        say("conformance.desk.reason", reason=seen.reason)
    if seen.base:
        say("conformance.desk.base")
        for line in seen.base.splitlines():
            say("conformance.desk.base_line", line=line)


@main.command("conformance-kit", help=text("onecard.help.conformance-kit"))
@click.argument("url")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--login", default="centre", help=text("onecard.option.kit_login"))
@click.option("--approver", default="approver", help=text("onecard.option.kit_approver"))
def conformance_kit(url: str, file: Path, login: str, approver: str) -> None:
    """Make what a run needs at the console of our own centre, as two people."""
    from conformance.kit import make_kit

    people = [(who, _password_of(who)) for who in (login, approver)]
    try:
        kit = make_kit(url, people[0], people[1])
    except Explained as error:
        fail_with(error.text(LANGUAGE))
    _write(file, json.format(json.encode(kit), indent=2), mode=0o600)
    say("conformance.kit.written", file=file)


def _password_of(login: str) -> str:
    """Asked for, or the next line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    answer: str = click.prompt(text("onecard.prompt.password_of", login=login), hide_input=True)
    return answer


def _write(file: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Write a file. A narrower ``mode`` holds also for one that was there."""
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as out:
            if mode != 0o666 and stat.S_ISREG(os.fstat(out.fileno()).st_mode):
                os.fchmod(out.fileno(), mode)
            out.write(content)
    except OSError as error:
        fail_for(error, file)


@main.command(help=text("onecard.help.conformance"))
@click.argument("url", required=False)
@click.option("--profile", type=click.Choice(PROFILES), default="all", help=text("onecard.option.conformance_profile"))
@click.option("--kit", type=click.Path(path_type=Path), help=text("onecard.option.conformance_kit"))
@click.option(
    "--listen", metavar="PORT", type=click.IntRange(0, 65_535), help=text("onecard.option.conformance_listen")
)
@click.option("--seconds", type=click.IntRange(min=1), help=text("onecard.option.conformance_seconds"))
@late_option
@click.option("--software", default="", help=text("onecard.option.conformance_software"))
@click.option("--report", type=click.Path(path_type=Path), help=text("onecard.option.conformance_report"))
@click.option("--certificate", type=click.Path(path_type=Path), help=text("onecard.option.conformance_certificate"))
@click.option(
    "--key",
    "key_file",
    type=click.Path(path_type=Path),
    default=Path("conformance.key"),
    help=text("onecard.option.conformance_key"),
)
@click.option("--verbose", is_flag=True, help=text("onecard.option.conformance_verbose"))
@click.option("--check", type=click.Path(path_type=Path), help=text("onecard.option.conformance_check"))
@click.option("--signer", metavar="HEX", help=text("onecard.option.conformance_signer"))
def conformance(
    url: str | None,
    profile: str,
    kit: Path | None,
    listen: int | None,
    seconds: int | None,
    late_s: float,
    software: str,
    report: Path | None,
    certificate: Path | None,
    key_file: Path,
    verbose: bool,
    check: Path | None,
    signer: str | None,
) -> None:
    """Test a centre, test a terminal as a proxy, or check a certificate."""
    from conformance.suite import Profile

    if check is not None:
        _check(check, signer)
        return
    if url is None:
        fail("onecard.usage.missing", code=USAGE_ERROR, name="URL")
    about = Profile(profile)
    if listen is None:
        results = _play(url, about, kit, verbose=verbose)
        subject: Subject = "centre"
    else:
        results, device = _watch(url, about, listen, seconds, late_s)
        subject, software = "terminal", software or device
        for result in results:
            _show(result, verbose=verbose)
    counts = {one: sum(result.result == one for result in results) for one in ("passed", "failed", "not_run")}
    say("conformance.summary", **counts)
    if report is not None:
        found = {"address": url, "profile": profile, "subject": subject, "software": software, **counts}
        _write(report, json.format(json.encode(found | {"cases": results}), indent=2))
        say("conformance.report.written", file=report)
    if certificate is not None:
        _certify(certificate, key_file, results, profile=about, subject=subject, software=software, address=url)
    if counts["failed"] or not counts["passed"]:
        sys.exit(1)


def _play(url: str, profile: "Profile", kit_file: Path | None, *, verbose: bool) -> "list[Result]":
    """Play the cases against a centre, a line each, and a bar."""
    from conformance.kit import fetch_kit, read_kit
    from conformance.suite import run

    try:
        kit = fetch_kit(url) if kit_file is None else read_kit(kit_file)
    except OSError as error:
        assert kit_file is not None
        fail_for(error, kit_file)
    except Explained as error:
        fail_with(error.text(LANGUAGE))
    if kit is None:
        fail("conformance.kit.needed", url=url)
    results = []
    with progress_bars() as show:
        for result in run(url, kit, profile, lambda done, of, _: show("conformance", done, of)):
            results.append(result)
            _show(result, verbose=verbose)
        show("conformance", len(results), len(results))
    return results


def _show(result: "Result", *, verbose: bool) -> None:
    """One case: its group and id, and what did not come as expected."""
    lines: list[str] = []
    if result.result == "not_run":
        lines.append(text("conformance.line.not_run", note=result.note))
    for step in result.steps:
        if verbose or not step.holds:
            lines.append(text("conformance.line.sent", sent=step.sent))
            if not step.holds or step.expected != step.came:
                lines.append(text("conformance.line.expected", section=result.section, expected=step.expected))
                lines.append(text("conformance.line.came", came=step.came))
    if result.result == "failed" and result.note:
        lines.append(text("conformance.line.came", came=result.note))
    name = f"{text(f'conformance.group.{result.group}')}  {result.case_id}"
    figure = text("conformance.line.steps", section=result.section, steps=len(result.steps))
    holds = None if result.result == "not_run" else result.result == "passed"
    show_check(name, figure, holds=holds, examples=lines)


def _watch(url: str, profile: "Profile", port: int, seconds: int | None, late_s: float) -> "tuple[list[Result], str]":
    """Stand between a terminal and a centre until every fault of the plan was tried, or Ctrl-C."""
    from conformance.judge import Observed
    from conformance.proxy import PLANS, Proxy

    if profile not in PLANS:
        fail("conformance.proxy.needs_profile", code=USAGE_ERROR)

    def tell(one: Observed) -> None:
        said = {"method": one.method, "path": one.path, "number": one.number, "status": one.status}
        say("conformance.proxy.line", **said, fault=one.fault or "-")

    try:
        proxy = Proxy(url, profile, late_s=late_s, tell=tell)
    except Explained as error:
        fail_with(error.text(LANGUAGE))

    async def serve() -> None:
        try:
            found = await proxy.start(port)
        except OSError:
            fail("conformance.desk.port_in_use", port=port)
        count = len(PLANS[profile][1])
        say("conformance.proxy.how", url=f"http://127.0.0.1:{found}", count=count)
        say("conformance.proxy.how_to_stop")
        until = None if seconds is None else time.monotonic() + seconds
        told: list[str] = []
        try:
            while until is None or time.monotonic() < until:
                if proxy.is_complete:
                    break
                if proxy.is_done or proxy.quiet_s > QUIET_S:
                    told = _tell_missing(proxy, told)
                await asyncio.sleep(0.2)
        finally:
            _tell_missing(proxy, told)
            # In the loop that serves: outside it nothing can be ended.
            await proxy.finish()

    with suppress(KeyboardInterrupt):
        asyncio.run(serve())
    return proxy.results(), proxy.device


def _tell_missing(proxy: "Proxy", told: list[str]) -> list[str]:
    """Say what is still to come, unless it was said already; returns what was said."""
    missing = proxy.missing
    if missing and missing != told:
        say("conformance.proxy.missing")
        for line in missing:
            say("conformance.proxy.missing_line", line=line)
    return missing


def _certify(
    file: Path,
    key_file: Path,
    results: "list[Result]",
    *,
    profile: "Profile",
    subject: "Subject",
    software: str,
    address: str,
) -> None:
    from conformance.certificate import certify, signing_key

    try:
        key = signing_key(key_file)
    except OSError as error:
        fail_for(error, key_file)
    except Explained as error:
        fail_with(error.text(LANGUAGE))
    made = certify(results, key, profile=profile, subject=subject, software=software, address=address)
    _write(file, json.format(json.encode(made), indent=2))
    say("conformance.certificate.written", file=file)
    say("conformance.certificate.signer", signer=made.signer)


def _check(file: Path, signer: str | None) -> None:
    """Say what a certificate says; exit 1 unless it is genuine and complete."""
    from conformance.certificate import doubts, read_certificate

    try:
        found = read_certificate(file)
    except OSError as error:
        fail_for(error, file)
    except Explained as error:
        fail_with(error.text(LANGUAGE))
    if not found.is_genuine() or (signer is not None and signer.lower() != found.signer):
        fail("conformance.certificate.not_genuine", signer=_plain(signer or found.signer))
    said = {
        "subject": text(f"conformance.subject.{found.subject}"),
        "software": _plain(found.software),
        "profile": found.profile,
        "passed": len(found.passed),
        "made_at": datetime.fromtimestamp(found.made_at, ZONE).strftime("%Y-%m-%d %H:%M"),
    }
    wrong = doubts(found, signer, time.time())
    if wrong:
        say("conformance.certificate.incomplete", **said)
    else:
        say("conformance.certificate.complete", **said, edition=found.edition)
    for doubt in wrong:
        say("conformance.certificate.doubt", doubt=doubt.text(LANGUAGE))
    say("conformance.certificate.signer", signer=found.signer)
    if wrong:
        sys.exit(1)


def _plain(said: str) -> str:
    """A text from elsewhere without what a screen would obey: control characters, turns of direction."""
    return "".join(one if one.isprintable() else "\ufffd" for one in said)
