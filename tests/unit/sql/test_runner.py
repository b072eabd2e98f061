from __future__ import annotations

import hashlib
from importlib.resources import files

from sql.runner import Migration, migrations


def test_migrations_are_in_order_and_each_number_stands_once() -> None:
    found = migrations()
    assert [m.version for m in found] == sorted({m.version for m in found})
    for migration in found:
        content = files("sql").joinpath("migrations", migration.file_name).read_bytes()
        assert migration.sha256 == hashlib.sha256(content).hexdigest()


def test_the_hash_is_of_the_bytes() -> None:
    # FIPS 180-2, B.1: the digest of "abc".
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert Migration(1, "x", b"abc").sha256 == expected
    assert Migration(12, "add_x", b"").file_name == "0012_add_x.sql"
