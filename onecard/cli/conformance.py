"""Commands for makers of terminals: fake-centre, conformance, conformance-kit."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import rich_click as click

from foundation.catalogue import Explained
from onecard.cli.commands import USAGE_ERROR, main
from onecard.cli.output import LANGUAGE, console, fail, fail_with, say, text

if TYPE_CHECKING:
    from conformance.fake.centre import Seen
    from conformance.fake.desk import Desk
    from conformance.faults import Faults

FAKE_PORT = 8100


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
