"""``quantrac accounts``: who may log in to the page. A password is asked for, never given on the command line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from commands.views import Column, print_table
from quantrac.domain.accounts import LOGIN, Account, Role
from quantrac.errors import QuantracError
from quantrac.terminal import say

if TYPE_CHECKING:
    from sql.account_store import AccountLine, AccountTransaction

app = typer.Typer(help="Keep the accounts of the centre's page.", no_args_is_help=True)

Login = Annotated[str, typer.Argument(help="Small letters without accents, digits, . _ @ -")]


@app.command()
def add(
    login: Login,
    *,
    name: Annotated[str, typer.Option(help="Name of the person.")],
    role: Annotated[Role, typer.Option(help=", ".join(Role))] = Role.OFFICER,
    station: Annotated[list[str] | None, typer.Option(help="Only this station; may be repeated.")] = None,
    person: Annotated[str | None, typer.Option(help="Code among the people on call.")] = None,
    without_password: Annotated[
        bool, typer.Option("--without-password", help="Comes by single sign-on or by a link.")
    ] = False,
) -> None:
    """Add an account; its password is asked for, or read from standard input.

    Example: quantrac accounts add an --name "Nguyễn Văn An" --role officer --person an
    """
    from web.accounts.proof import hashed

    if not LOGIN.fullmatch(login):
        raise QuantracError(f"{login!r} is no login: small letters without accents, digits, and . _ @ - between them.")
    if role is Role.OPERATOR and not station:
        raise QuantracError("An operator of a plant has stations of its own: give --station CODE.")
    account = Account(login, name, role, tuple(station or ()), person)
    password_hash = None if without_password else hashed(_password(login))
    with _transaction() as tx:
        if not tx.add(account, password_hash):
            raise QuantracError(f"There is an account {login!r} already: `quantrac accounts list` shows it.")
        tx.note("account added", login, detail="at the command line")
    say(f"Account {login} ({role.value}) is added.")


@app.command("list")
def list_() -> None:
    """List the accounts.

    Example: quantrac accounts list
    """
    with _transaction() as tx:
        lines = tx.listed()
    if lines:
        print_table(_COLUMNS, lines)
    else:
        say("There is no account: `quantrac accounts add` makes one.")


@app.command()
def disable(login: Login) -> None:
    """Disable an account and end its sessions; nothing of it is deleted.

    Example: quantrac accounts disable an
    """
    from dataclasses import replace

    from quantrac.clock import SystemClock

    with _transaction() as tx:
        found = tx.credentials(login)
        if found is None:
            raise _unknown(login)
        tx.change(replace(found.account, active=False))
        tx.end_all(login, SystemClock().now())
        tx.note("account disable", login, detail="at the command line")
    say(f"Account {login} is disabled, its sessions are ended.")


@app.command()
def password(login: Login) -> None:
    """Give an account a new password, lift its lock and end its sessions; the password is asked for.

    Example: quantrac accounts password an
    """
    from quantrac.clock import SystemClock
    from web.accounts.proof import hashed

    with _transaction() as tx:
        if tx.credentials(login) is None:
            raise _unknown(login)
    password_hash = hashed(_password(login))
    with _transaction() as tx:
        tx.save_password(login, password_hash)
        tx.end_all(login, SystemClock().now())
        tx.note("password changed", login, detail="at the command line")
    say(f"Account {login} has a new password; its sessions are ended.")


@app.command()
def link(
    login: Login,
    hours: Annotated[float, typer.Option(min=0.1, max=168, help="For how long it can be used.")] = 24,
) -> None:
    """Print a link that lets an account in once.

    Example: quantrac accounts link an --hours 2
    """
    from commands.context import load_context
    from web.accounts.links import add_link

    context = load_context()
    with _transaction() as tx:
        token = add_link(tx, login, context.clock.now(), timedelta(hours=hours))
        tx.note("link made", login, detail="at the command line")
    say(f"{context.page_origin}/login/link/{token}")


@contextmanager
def _transaction() -> Iterator[AccountTransaction]:
    from commands.context import load_context
    from sql.account_store import AccountStore
    from sql.web_database import WebDatabase

    database = WebDatabase(load_context().database().web, connections=1)
    database.open()
    try:
        with AccountStore(database).transaction() as tx:
            yield tx
    finally:
        database.close()


def _password(login: str) -> str:
    from web.accounts.proof import password_mistake

    if sys.stdin.isatty():
        given = typer.prompt(f"Password of {login}", hide_input=True, confirmation_prompt=True, err=True)
    else:
        given = sys.stdin.readline().rstrip("\n")
    wrong = password_mistake(given, login)
    if wrong is not None:
        raise QuantracError(f"This password cannot be used: {wrong}.")
    return str(given)


def _unknown(login: str) -> QuantracError:
    return QuantracError(f"There is no account {login!r}: `quantrac accounts list` shows them.")


_COLUMNS: tuple[Column[AccountLine], ...] = (
    Column("login", lambda a: a.account.login),
    Column("name", lambda a: a.account.name),
    Column("role", lambda a: a.account.role.value),
    Column("stations", lambda a: ", ".join(a.account.stations) or "all"),
    Column("on call as", lambda a: a.account.person),
    Column("active", lambda a: "yes" if a.account.active else "no"),
    Column("last in", lambda a: a.seen_at, extra=True),
    Column("password", lambda a: "yes" if a.has_password else None, extra=True),
    Column("telephone", lambda a: "yes" if a.has_totp else None, extra=True),
)
