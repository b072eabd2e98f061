"""``quantrac evidence``: everything that is known of an incident in one sealed file, and the proof that it is whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from quantrac.errors import QuantracError, SettingsError
from quantrac.terminal import say

if TYPE_CHECKING:
    from alerts.evidence.making import Evidence, RawOf
    from commands.context import Context
    from quantrac.domain.evidence import EvidenceFacts, RawBytes

app = typer.Typer(help="Seal what is known of an incident, and verify such a file.", no_args_is_help=True)


@app.command()
def key(
    file: Annotated[Path, typer.Argument(help="Where the private key goes, mode 600; never replaced.")],
) -> None:
    """Make the key that seals evidence; publish the public half that this prints.

    Example: quantrac evidence key /etc/quantrac/evidence.pem
    """
    from alerts.evidence.keys import fingerprint, new_key

    public = new_key(file)
    say(f"Public key, to be published: {public}")
    say(f"To be compared by telephone: {fingerprint(public)}")
    say(f"Name the file by QUANTRAC_EVIDENCE_KEY_FILE: {file}")


@app.command()
def make(
    incident_id: Annotated[int, typer.Argument(metavar="INCIDENT", help="Number of the incident.")],
    output: Annotated[Path | None, typer.Option(help="The file; default: su-co-NUMBER.zip here.")] = None,
    by: Annotated[str, typer.Option("--by", help="Who makes it; stands in the manifest and the audit.")] = "",
    raw: Annotated[bool, typer.Option("--raw/--no-raw", help="With the original bytes out of Kafka.")] = True,
) -> None:
    """Seal everything that is known of an incident: readings and their bytes, limits, rules, what was told and done.

    Example: quantrac evidence make 17 --output su-co-17.zip --by an
    """
    from alerts.evidence.keys import fingerprint
    from alerts.evidence.making import name_of
    from commands.context import load_context

    path = output or Path(name_of(incident_id))
    if path.exists():
        raise QuantracError(f"{path} is there already; give another name by --output.")
    context = load_context()
    made = sealed(context, incident_id, by=by, raw=raw)
    path.write_bytes(made.content)
    found, public = made.facts, made.public_key
    records = len({(r["raw_partition"], r["raw_offset"]) for r in found.readings})
    held = f"{len(found.readings)} readings, {len(found.raw)} of {records} original records"
    say(f"{path}: {len(made.content)} bytes, {held}.")
    say(f"Sealed with the key {public} ({fingerprint(public)}).")


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="A file of `evidence make`.")],
    public: Annotated[str | None, typer.Option("--key", help="The public key that was published.")] = None,
) -> None:
    """Verify a sealed file, without network or database; exits with 1 and names the first thing that is wrong.

    Example: quantrac evidence verify su-co-17.zip --key "$PUBLISHED_KEY"
    """
    from alerts.evidence.keys import fingerprint
    from alerts.evidence.seal import verify as verified

    verdict = verified(file, public)
    if verdict.problem is not None or verdict.manifest is None:
        raise QuantracError(f"{file} is not whole: {verdict.problem}.")
    about = verdict.manifest
    made = f"incident {about.get('incident')}, {len(about['members'])} members, made {about.get('made_at')}"
    say(f"{file} is whole: {made}.")
    say(f"Sealed with the key {verdict.public_key} ({fingerprint(verdict.public_key)}).")
    if public is None:
        say("Compare this key with the one that the authority has published: --key does it.")


def sealed(context: Context, incident_id: int, *, by: str, raw: bool) -> Evidence:
    """Return the sealed file of an incident; that it was made is audited.

    Raises
    ------
    QuantracError
        There is no such incident, no key, or Kafka does not give the original bytes.
    """
    from alerts.evidence.keys import load_key
    from alerts.evidence.making import MADE
    from alerts.evidence.making import make as made
    from sql.audit_store import append
    from sql.evidence_store import facts

    if context.settings.evidence_key_file is None:
        raise SettingsError("QUANTRAC_EVIDENCE_KEY_FILE is not set: `quantrac evidence key FILE` makes a key.")
    private = load_key(context.settings.evidence_key_file)
    desk, now = context.database().desk, context.clock.now()
    found = facts(desk, incident_id, now)
    if found is None:
        raise QuantracError(f"There is no incident {incident_id}: `quantrac incidents list --all` shows the numbers.")
    evidence = made(found, raw_of(context) if raw else None, private, by, now)
    append(desk, MADE, f"incident {incident_id}", evidence.audit_detail(by))
    return evidence


def raw_of(context: Context) -> RawOf:
    """Return what fetches the original bytes behind readings out of Kafka.

    Raises
    ------
    SettingsError
        No Kafka is configured.
    """
    from quantrac.topics import RAW

    endpoint = context.kafka()

    def fetch(found: EvidenceFacts) -> list[RawBytes]:
        from streams.raw_of_readings import raw_of as records
        from streams.raw_reader import RawReader

        with RawReader(endpoint, RAW) as reader:
            return records(reader, ((r["raw_partition"], r["raw_offset"]) for r in found.readings))

    return fetch


def raw_where_known(context: Context) -> RawOf | None:
    """Return what fetches original bytes; ``None`` where this process is told of no Kafka."""
    try:
        return raw_of(context)
    except SettingsError:
        return None
