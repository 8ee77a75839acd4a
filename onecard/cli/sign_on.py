"""Commands of single sign-on: synchronize-directories."""

import asyncio

from onecard.cli.commands import AWAITS_APPROVAL, main
from onecard.cli.output import say, text
from onecard.cli.services import failures_as_one_line, services


@main.command("synchronize-directories", help=text("onecard.help.synchronize-directories"))
def synchronize_directories() -> None:
    """Look who has left the directories of single sign-on, as the job runner does every five minutes."""
    from onecard.demo_start import start_on
    from onecard.jobs import synchronize_directories

    with services() as settings, failures_as_one_line():
        found = asyncio.run(synchronize_directories(start_on(settings).settings))
    if not found:
        say("onecard.directory.none")
    for provider, done in found.items():
        if done is None:
            say("onecard.directory.away", provider=provider)
        elif done.awaits is not None:
            say("onecard.directory.awaits", provider=provider, approval_id=done.awaits)
        else:
            say("onecard.directory.done", provider=provider, left=done.left)
    if None in found.values():
        raise SystemExit(1)
    if any(done and done.awaits for done in found.values()):
        raise SystemExit(AWAITS_APPROVAL)
