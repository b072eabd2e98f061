"""Sealed files: the same facts give the same bytes, and whatever is changed, added, cut or blown up is named."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from alerts.evidence.contents import members
from alerts.evidence.keys import fingerprint, load_key, new_key, public_text
from alerts.evidence.seal import MANIFEST, SIGNATURE, seal, verify
from alerts.evidence.summary import summary
from quantrac.domain.evidence import EvidenceFacts, KeptFile, RawBytes
from quantrac.errors import SettingsError

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PUBLIC = public_text(KEY.public_key())
START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
EVIL = '=HYPERLINK("x")\r\n<script>alert(1)</script>\x1b[2J\u202egnp'
MINUTE = timedelta(minutes=1)


def reading(number: int, value: float | None) -> dict[str, object]:
    return {
        "station": "S1", "parameter": "COD", "observed_at": START + 5 * number * MINUTE,
        "received_at": START + 5 * number * MINUTE, "value": value, "status": "00", "flag": 1, "late": False,
        "reasons": None, "score": None, "score_reason": None, "raw_partition": 0, "raw_offset": number,
    }  # fmt: skip


FACTS = EvidenceFacts(
    incident={"id": 17, "state": "closed", "stations": ["S1"], "since": START, "opened_at": START + 30 * MINUTE,
              "paged_at": START, "holder": "an", "resolved_at": None, "cause": "pollution", "cause_text": EVIL,
              "severity": "high"},
    stations=[{"code": "S1", "name_vi": f"Trạm {EVIL}"}],
    alerts=[{"id": 3, "station": "S1", "parameter": "COD", "rule": "limit", "severity": "high", "since": START,
             "resolved_at": None, "explanation_vi": EVIL, "explanation_en": "over"}],
    history=[{"id": 1, "at": START, "actor": "an", "what": "comment", "reason": "done", "detail": EVIL}],
    readings=[reading(n, v) for n, v in enumerate((50.0, 120.0, -3.5, None, 80.0))],
    limits=[{"station": "S1", "parameter": "COD", "minimum": None, "maximum": 90.0, "unit": "mg/L", "source": "QCVN"}],
    notifications=[{"id": 1, "recipient": "an@so.vn", "text": f"an@so.vn https://p/ack/{'a' * 52}", "person": "an"}],
    files=[KeptFile(4, "../../Ảnh cống.JPG", b"\xff\xd8photo")],
    raw=[RawBytes(0, n, START, "application/json", "t/S1/raw", f'{{"COD": {n}}}'.encode()) for n in range(5)],
)  # fmt: skip


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    path = tmp_path / "su-co.zip"
    path.write_bytes(seal(members(FACTS), {"incident": 17, "made_at": "2026-11-23"}, KEY))
    return path


def test_it_is_whole_and_the_same_facts_give_the_same_bytes(sealed: Path) -> None:
    verdict = verify(sealed, PUBLIC)
    assert (verdict.problem, verdict.public_key) == (None, PUBLIC)
    assert verdict.manifest is not None
    assert {m["name"] for m in verdict.manifest["members"]} >= {"summary.html", "raw.jsonl", "files/4-nh-c-ng.jpg"}
    again = seal(members(FACTS), {"incident": 17, "made_at": "2026-11-23"}, KEY)
    assert again == sealed.read_bytes()


def test_another_program_verifies_it_as_the_read_me_says(sealed: Path) -> None:
    with zipfile.ZipFile(sealed) as archive:
        manifest, signature = archive.read(MANIFEST), base64.b64decode(archive.read(SIGNATURE))
        KEY.public_key().verify(signature, manifest)
        for member in json.loads(manifest)["members"]:
            assert hashlib.sha256(archive.read(member["name"])).hexdigest() == member["sha256"]


def rewritten(path: Path, change: Callable[[dict[str, bytes]], object]) -> Path:
    """Write a sealed file anew with other members, as somebody without the key would."""
    with zipfile.ZipFile(path) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    change(found)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in found.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return path


def swap(found: dict[str, bytes]) -> None:
    found["rules.json"], found["limits.json"] = found["limits.json"], found["rules.json"]


def resealed(found: dict[str, bytes]) -> None:
    """Another's key over changed contents."""
    manifest = json.loads(found[MANIFEST])
    mine = Ed25519PrivateKey.from_private_bytes(b"m" * 32)
    manifest["public_key"] = public_text(mine.public_key())
    found[MANIFEST] = json.dumps(manifest).encode()
    found[SIGNATURE] = base64.b64encode(mine.sign(found[MANIFEST]))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda f: f.update({"readings.csv": f["readings.csv"].replace(b"120", b"080")}), "readings.csv is not what"),
        (lambda f: f.update({"readings.csv": f["readings.csv"] + b"\n"}), "readings.csv has"),
        (swap, "limits.json"),
        (lambda f: f.pop("audit.json"), "audit.json is missing"),
        (lambda f: f.update({"more.txt": b"x"}), "more.txt was added"),
        (lambda f: f.update({MANIFEST: f[MANIFEST].replace(b": 17", b": 18")}), "not what was signed"),
        (lambda f: f.update({SIGNATURE: base64.b64encode(b"x" * 64)}), "not what was signed"),
        (lambda f: f.update({SIGNATURE: b"\xff"}), "not what was signed"),
        (lambda f: f.pop(SIGNATURE), "no signed manifest"),
        (lambda f: f.update({MANIFEST: b"[" * 100_000}), "not one of the format"),
        (lambda f: f.update({MANIFEST: b'{"members": [1]}'}), "not one of the format"),
        (lambda f: f.update({"../evil": b"x"}), "the name '../evil'"),
        (lambda f: f.update({"/etc/passwd": b"x"}), "the name '/etc/passwd'"),
        (lambda f: f.update({"a/b/c": b"x"}), "the name 'a/b/c'"),
        (lambda f: f.update({"Ảnh": b"x"}), "the name 'Ảnh'"),
        (lambda f: f.update({f"m{n}": b"" for n in range(300)}), "more than 200"),
        (resealed, "another key"),
    ],
)  # fmt: skip
def test_what_was_changed_is_named(sealed: Path, change: Callable[[dict[str, bytes]], object], problem: str) -> None:
    found = verify(rewritten(sealed, change), PUBLIC).problem
    assert found is not None
    assert problem in found


def test_without_the_published_key_another_seal_shows_by_its_key_alone(sealed: Path) -> None:
    verdict = verify(rewritten(sealed, resealed))
    assert verdict.problem is None
    assert verdict.public_key != PUBLIC


@pytest.mark.parametrize("at", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_file_that_was_cut_off_is_refused(sealed: Path, at: float) -> None:
    content = sealed.read_bytes()
    sealed.write_bytes(content[: int(len(content) * at)])
    assert verify(sealed, PUBLIC).problem is not None


def contents_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_bit_that_flips_anywhere_is_found_or_changes_nothing(sealed: Path) -> None:
    # Stamps of a ZIP's entries and the bits that fill up the last octet of each say nothing.
    content, right = sealed.read_bytes(), contents_of(sealed)
    for at in range(0, len(content), 61):
        changed = bytearray(content)
        changed[at] ^= 0x10
        sealed.write_bytes(changed)
        if verify(sealed, PUBLIC).problem is None:
            assert contents_of(sealed) == right


@pytest.mark.parametrize(
    "content",
    [b"", b"PK", b"PK\x03\x04", b"%PDF-1.7", b"PK\x03\x04" + b"\0" * 100 + b"PK\x05\x06" + b"\xff" * 18],
    ids=range(5),
)
def test_what_is_no_zip_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    assert verify(path, PUBLIC).problem is not None
    assert verify(tmp_path / "missing.zip").problem is not None
    assert verify(tmp_path).problem is not None


def test_content_before_between_and_behind_is_refused(sealed: Path) -> None:
    content = sealed.read_bytes()
    for changed in (b"MZ evil" + content, content + b"behind", content.replace(b"PK\x01\x02", b"gapPK\x01\x02", 1)):
        sealed.write_bytes(changed)
        assert verify(sealed, PUBLIC).problem is not None


def test_a_bomb_is_refused_unread(sealed: Path) -> None:
    # One gigabyte of zeros, a megabyte packed: what it says of itself is already too much.
    with zipfile.ZipFile(sealed, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("z.bin", "w") as member:
        for _ in range(600):
            member.write(b"\0" * 1_000_000)
    assert "unpacked it would have" in str(verify(sealed, PUBLIC).problem)
    # one that lies about its size
    content = bytearray(sealed.read_bytes())
    at = content.rfind(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", 10)
    sealed.write_bytes(content)
    assert verify(sealed, PUBLIC).problem is not None


def test_a_name_that_stands_twice_is_refused(sealed: Path) -> None:
    with zipfile.ZipFile(sealed, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("readings.csv", b"other")
    assert "readings.csv stands in it twice" in str(verify(sealed, PUBLIC).problem)


def test_readings_that_do_not_fit_their_bytes_are_found_although_all_is_signed(tmp_path: Path) -> None:
    path, found = tmp_path / "x.zip", members(FACTS)
    found["raw.jsonl"] = members(replace(FACTS, raw=FACTS.raw[:2]))["raw.jsonl"]
    path.write_bytes(seal(found, {"incident": 17}, KEY))
    assert "readings.csv, line 4: raw.jsonl has other bytes at partition 0, offset 2" in str(verify(path).problem)
    found["raw.jsonl"] = found["raw.jsonl"].replace(b'"payload": "ey', b'"payload": "fy', 1)
    path.write_bytes(seal(found, {"incident": 17}, KEY))
    assert "raw.jsonl, line 1" in str(verify(path).problem)


def test_no_address_no_link_no_markup_no_formula_comes_out() -> None:
    found = members(FACTS)
    everything = b"".join(found.values()).decode("utf-8", "replace")
    assert "an@so.vn" not in everything
    assert "a" * 52 not in everything
    page = found["summary.html"].decode()
    assert "<script" not in page
    assert not set("\x1b\u202e") & set(page)
    assert "http" not in page.replace("http-equiv", "")  # nothing is fetched
    assert "-3.5" in found["readings.csv"].decode()  # a number is no formula
    table = members(replace(FACTS, revisions=[{"station": EVIL}]))["revisions.csv"].decode("utf-8-sig")
    assert table.splitlines()[1].startswith("\"'=HYPER")


def test_odd_facts_have_a_page_too() -> None:
    assert "Không có giá trị" in summary(replace(FACTS, readings=[reading(0, None)]))
    assert "<svg" in summary(replace(FACTS, readings=[reading(0, 0.0)], limits=[]))
    assert summary(EvidenceFacts(incident={"id": 1, "stations": []}))


def test_the_key_is_made_once_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "evidence.pem"
    public = new_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert public_text(load_key(path).public_key()) == public
    assert len(fingerprint(public)) == 19
    with pytest.raises(SettingsError, match="never replaced"):
        new_key(path)
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        load_key(path)
    assert verify(path, "not a key").problem is not None


def test_a_manifest_may_not_name_a_member_twice(tmp_path: Path) -> None:
    found = {"a.txt": b"x"}
    content = io.BytesIO(seal(found, {}, KEY))
    path = tmp_path / "x.zip"
    path.write_bytes(content.getvalue())

    def twice(kept: dict[str, bytes]) -> None:
        manifest = json.loads(kept[MANIFEST])
        manifest["members"] *= 2
        kept[MANIFEST] = json.dumps(manifest).encode()

    assert "not one of the format" in str(verify(rewritten(path, twice), PUBLIC).problem)
