"""``quantrac oncall``: who is on duty, who is next, and what would fail at night."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.naming import named
from commands.views import Column, print_table
from quantrac.domain.oncall import ContactChannel, ContactKind
from quantrac.domain.words import as_text
from quantrac.errors import QuantracError
from quantrac.terminal import say

if TYPE_CHECKING:
    from alerts.oncall.check import Finding
    from quantrac.domain.oncall import OnCall, Person, Rota, Swap
    from sql.oncall_store import OnCallStore

app = typer.Typer(help="Rotas, escalation and how people are reached.", no_args_is_help=True)
channels_app = typer.Typer(help="People's channels: which count, and how one is verified.", no_args_is_help=True)
app.add_typer(channels_app, name="channels")

RotaCode = Annotated[str, typer.Argument(metavar="ROTA", help="Code of the rota.")]


@app.command()
def who(
    at: Annotated[datetime | None, typer.Option(help="At which time, in Vietnam's time; default: now.")] = None,
) -> None:
    """Say who is on duty, until when, and who is next.

    Example: quantrac oncall who
    """
    from alerts.oncall.duty import duty
    from quantrac.domain.stations import VIETNAM

    _, oncall, now = _loaded()
    instant = now if at is None else at.replace(tzinfo=VIETNAM)
    for rota in oncall.rotas:
        found = duty(rota, oncall.overrides, instant)
        following = f"; then {_names(oncall, found.next_people)} from {as_text(found.next_from)}"
        until = "" if found.until is None else f" until {as_text(found.until)}"
        later = "" if found.next_from is None else following
        people = "off hours" if found.off_hours else _names(oncall, found.people)
        say(f"{rota.title} ({rota.code}): {people}{until}{later}")
    if not oncall.rotas:
        say("There is no rota: describe one in a file, then `quantrac oncall import FILE`.")


@app.command()
def check() -> None:
    """Find gaps of the next eight weeks, people out of reach, and circles; exits with 1 when anything is to be mended.

    Example: quantrac oncall check
    """
    from alerts.oncall.check import check as found_by

    _, oncall, now = _loaded()
    findings = found_by(oncall, now)
    wrong = any(f.is_wrong for f in findings)
    if not wrong:
        say("All is well for the next eight weeks.")
    if findings:
        print_table(_FINDING_COLUMNS, findings)
    if wrong:
        raise typer.Exit(1)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="TOML file of people, rotas and policies.")],
    dry: Annotated[bool, typer.Option("--check", help="Only say what is wrong with it.")] = False,
) -> None:
    """Take people, rotas and escalation policies from a file; with a mistake in it the old ones go on.

    Example: quantrac oncall import truc-ban.toml
    """
    from alerts.oncall.document import parse
    from alerts.oncall.writing import documents
    from quantrac.tomltable import read_text

    found = parse(read_text(file), str(file))
    counts = f"{len(found.people)} people, {len(found.rotas)} rotas, {len(found.policies)} policies"
    if dry:
        say(f"{file} is in order: {counts}.")
        return
    store, _, now = _loaded()
    store.replace(documents(found), now)
    say(f"{counts} are in force. New channels count once verified; `quantrac oncall check` says what is missing.")


@app.command()
def export(
    output: Annotated[Path | None, typer.Option(help="Write it to this file instead of printing it.")] = None,
) -> None:
    """Print people, rotas and policies as the TOML file that `import` reads.

    Example: quantrac oncall export --output truc-ban.toml
    """
    from alerts.oncall.writing import export as written

    text = written(_loaded()[1])
    if output is None:
        say(text, document=True)
    else:
        output.write_text(text, "utf-8")


@app.command()
def ics(
    person: Annotated[str, typer.Argument(help="Code of the person.")],
    output: Annotated[Path | None, typer.Option(help="Write it to this file instead of printing it.")] = None,
) -> None:
    """Print a person's duties of the next half year as a calendar (iCalendar).

    Example: quantrac oncall ics an --output an.ics
    """
    from alerts.oncall.ics import feed

    _, oncall, now = _loaded()
    own = _person(oncall, person)
    text, any_duty = feed(oncall, own, now)
    if not any_duty:
        raise QuantracError(f"{own.name} has no duty in the next half year.")
    if output is None:
        say(text, document=True)
    else:
        output.write_bytes(text.encode())


@app.command()
def override(
    rota: RotaCode,
    start: Annotated[datetime, typer.Argument(help="When it begins, in Vietnam's time.")],
    end: Annotated[datetime, typer.Argument(help="When it ends.")],
    *,
    by: Annotated[str, typer.Option("--by", help="Who changes it.", callback=named)],
    remove: Annotated[str | None, typer.Option(help="Who is not on duty.")] = None,
    add: Annotated[str | None, typer.Option(help="Who is on duty, in place of --remove or beside the others.")] = None,
) -> None:
    """Change who is on duty for a time.

    Example: quantrac oncall override truc-ban 2026-12-01T07:00 2026-12-02T07:00 --remove an --add binh --by an
    """
    from quantrac.domain.oncall import Override
    from quantrac.domain.stations import VIETNAM

    store, oncall, now = _loaded()
    _rota(oncall, rota)
    people = [_person(oncall, code) for code in (remove, add) if code is not None]
    starts_at, ends_at = start.replace(tzinfo=VIETNAM), end.replace(tzinfo=VIETNAM)
    if not people or starts_at >= ends_at or ends_at <= now:
        raise QuantracError("Give --remove or --add, and a time that ends after its beginning and after now.")
    number = store.add_override(Override(rota, starts_at, ends_at, remove, add), by, now)
    say(f"Override {number} is in force.")


@app.command()
def swap(
    rota: RotaCode,
    person: Annotated[str, typer.Argument(help="Who gives the time away.")],
    colleague: Annotated[str, typer.Argument(help="Who is asked to take it.")],
    start: Annotated[datetime, typer.Argument(help="When it begins, in Vietnam's time.")],
    end: Annotated[datetime, typer.Argument(help="When it ends.")],
) -> None:
    """Ask a colleague to take over; it counts when the colleague has accepted.

    Example: quantrac oncall swap truc-ban an binh 2026-12-01T07:00 2026-12-02T07:00
    """
    from alerts.oncall.swaps import SwapAnswer, propose
    from quantrac.domain.oncall import Swap
    from quantrac.domain.stations import VIETNAM

    store, oncall, now = _loaded()
    asked = Swap(0, rota, person, colleague, start.replace(tzinfo=VIETNAM), end.replace(tzinfo=VIETNAM))
    answer = propose(asked, oncall, _rota(oncall, rota), now).answer
    if answer is not SwapAnswer.DONE:
        raise QuantracError(f"The swap cannot be asked for: {answer.value}.")
    say(f"Swap {store.propose_swap(asked, now)} waits for {_person(oncall, colleague).name}.")


@app.command("answer")
def answer_swap(
    swap_id: Annotated[int, typer.Argument(metavar="SWAP", help="Number of the swap.")],
    state: Annotated[str, typer.Argument(help="accepted, declined or withdrawn.")],
    by: Annotated[str, typer.Option("--by", help="Code of who answers.")],
) -> None:
    """Accept, decline or withdraw a swap.

    Example: quantrac oncall answer 3 accepted --by binh
    """
    from alerts.oncall.swaps import SwapAnswer, answer
    from quantrac.domain.oncall import SwapState

    if state not in {"accepted", "declined", "withdrawn"}:
        raise QuantracError(f"{state!r} is no answer: give accepted, declined or withdrawn.")
    store, _, now = _loaded()
    given: list[SwapAnswer] = []

    def decide(before: Swap) -> Swap:
        outcome = answer(before, by, SwapState(state), now)
        given.append(outcome.answer)
        return outcome.swap

    if store.change_swap(swap_id, decide, now) is None:
        raise QuantracError(f"There is no swap {swap_id}.")
    if given != [SwapAnswer.DONE]:
        raise QuantracError(f"Swap {swap_id} is not changed: {given[0].value}.")
    say(f"Swap {swap_id} is {state}.")


@channels_app.command("list")
def list_channels() -> None:
    """List everybody's channels: which count, which wait for their code, and which fail.

    Example: quantrac oncall channels list
    """
    _, oncall, _ = _loaded()
    found = [channel for person in oncall.people for channel in person.channels]
    print_table(_CHANNEL_COLUMNS, found) if found else say("Nobody has a channel: `quantrac oncall import FILE`.")


@channels_app.command()
def verify(
    person: Annotated[str, typer.Argument(help="Code of the person.")],
    address: Annotated[str, typer.Argument(help="Address or name of the channel, or its number.")],
    code: Annotated[str | None, typer.Option(help="The code that came; without it one is sent.")] = None,
) -> None:
    """Send a code to a channel, or return it: a channel counts once it is verified.

    Example: quantrac oncall channels verify an an@so.vn --code 123456
    """
    from alerts.incidents.verification import return_code, send_code
    from alerts.oncall.channels import CodeAnswer

    store, oncall, now = _loaded()
    channel = next((c for c in _person(oncall, person).channels if address in {c.address, str(c.id)}), None)
    if channel is None:
        raise QuantracError(f"{person} has no channel {address}: `quantrac oncall channels list` shows them.")
    if code is None:
        send_code(store, channel, now)
        say(f"A code was sent to {_shown(channel)}.")
        return
    answer = return_code(store, channel.id, code, now)
    if answer is not CodeAnswer.VERIFIED:
        raise QuantracError(f"The channel is not verified: {answer.value}. Without --code a new code is sent.")
    say(f"{_shown(channel)} is verified.")


@app.command()
def vapid(
    output: Annotated[Path, typer.Argument(metavar="FILE", help="Where the private key goes, mode 600.")],
) -> None:
    """Make the key of Web Push; browsers that subscribe know it, so an existing file is never replaced.

    Example: quantrac oncall vapid /etc/quantrac/vapid.pem
    """
    from alerts.vapid import new_key

    say(f"Public key, for browsers: {new_key(output)}")
    say(f"Name the file by QUANTRAC_VAPID_KEY_FILE: {output}")


def _loaded() -> tuple[OnCallStore, OnCall, datetime]:
    from alerts.oncall.document import of_rows
    from commands.context import load_context
    from sql.oncall_store import OnCallStore

    context = load_context()
    store, now = OnCallStore(context.database().desk), context.clock.now()
    return store, of_rows(store.load(now)), now


def _person(oncall: OnCall, code: str) -> Person:
    found = oncall.person(code)
    if found is None:
        known = ", ".join(p.code for p in oncall.people) or "nobody"
        raise QuantracError(f"Nobody has the code {code!r}; known are {known}.")
    return found


def _rota(oncall: OnCall, code: str) -> Rota:
    found = oncall.rota(code)
    if found is None:
        known = ", ".join(r.code for r in oncall.rotas) or "none"
        raise QuantracError(f"There is no rota {code!r}; known are {known}.")
    return found


def _names(oncall: OnCall, codes: tuple[str, ...]) -> str:
    people = ((code, oncall.person(code)) for code in codes)
    return ", ".join(code if p is None else p.name for code, p in people) or "NOBODY"


_FINDING_COLUMNS: tuple[Column[Finding], ...] = (
    Column("trouble", lambda f: f.trouble.value),
    Column("with", lambda f: f.subject),
    Column("from", lambda f: f.starts_at),
    Column("to", lambda f: f.ends_at),
    Column("each day", lambda f: "" if f.hours is None else f"{f.hours[0]:%H:%M} to {f.hours[1]:%H:%M}"),
)


def _shown(channel: ContactChannel) -> str:
    """Return an address as it is shown; a browser's subscription is long, and whoever reads it could use it."""
    if channel.kind is not ContactKind.WEB_PUSH:
        return channel.address
    return str(json.loads(channel.address)["endpoint"]).split("/")[2]


def _state(channel: ContactChannel) -> str:
    if channel.verified_at is None:
        return "waits for its code"
    return "counts" if channel.failing_since is None else f"fails since {as_text(channel.failing_since)}"


_CHANNEL_COLUMNS: tuple[Column[ContactChannel], ...] = (
    Column("id", lambda c: c.id, "right"),
    Column("person", lambda c: c.person),
    Column("kind", lambda c: c.kind.value),
    Column("address", _shown),
    Column("after min", lambda c: f"{c.delay / timedelta(minutes=1):g}", "right"),
    Column("state", _state),
)
