"""``quantrac evidence``: everything that is known of an incident in one sealed file, and the proof that it is whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from quantrac.errors import QuantracError, SettingsError
from quantrac.terminal import say

if TYPE_CHECKING:
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
    from commands.context import load_context

    path = output or Path(f"su-co-{incident_id}.zip")
    if path.exists():
        raise QuantracError(f"{path} is there already; give another name by --output.")
    context = load_context()
    content, found, public = sealed(context, incident_id, by=by, raw=raw)
    path.write_bytes(content)
    records = len({(r["raw_partition"], r["raw_offset"]) for r in found.readings})
    held = f"{len(found.readings)} readings, {len(found.raw)} of {records} original records"
    say(f"{path}: {len(content)} bytes, {held}.")
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


def sealed(context: Context, incident_id: int, *, by: str, raw: bool) -> tuple[bytes, EvidenceFacts, str]:
    """Return the sealed file of an incident, what stands in it, and the public key; that it was made is audited.

    Raises
    ------
    QuantracError
        There is no such incident, no key, or Kafka does not give the original bytes.
    """
    from dataclasses import replace

    from alerts.evidence.contents import members
    from alerts.evidence.keys import load_key, public_text
    from alerts.evidence.seal import seal
    from sql.audit_store import append
    from sql.evidence_store import facts

    if context.settings.evidence_key_file is None:
        raise SettingsError("QUANTRAC_EVIDENCE_KEY_FILE is not set: `quantrac evidence key FILE` makes a key.")
    private = load_key(context.settings.evidence_key_file)
    desk, now = context.database().desk, context.clock.now()
    found = facts(desk, incident_id, now)
    if found is None:
        raise QuantracError(f"There is no incident {incident_id}: `quantrac incidents list --all` shows the numbers.")
    if raw:
        found = replace(found, raw=_raw(context, found))
    about = {
        "incident": incident_id,
        "made_at": now.isoformat(timespec="seconds"),
        "made_by": by,
        "raw_log": list(found.raw_log),
        "raw_records": len(found.raw),
        "readings": len(found.readings),
    }
    content = seal(members(found), about, private)
    digest = _sha256(content)
    append(desk, "evidence made", f"incident {incident_id}", {"officer": by, "sha256": digest})
    return content, found, public_text(private.public_key())


def _raw(context: Context, found: EvidenceFacts) -> list[RawBytes]:
    from quantrac.topics import RAW
    from streams.raw_of_readings import raw_of
    from streams.raw_reader import RawReader

    with RawReader(context.kafka(), RAW) as reader:
        return raw_of(reader, ((r["raw_partition"], r["raw_offset"]) for r in found.readings))


def _sha256(content: bytes) -> str:
    import hashlib

    return hashlib.sha256(content).hexdigest()
