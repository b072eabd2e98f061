"""The drop folder's pure parts, and its walk through trees that somebody made to hurt."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.dropfolder import content
from ingest.dropfolder.known import Fingerprint, KnownFile, KnownFiles
from ingest.dropfolder.names import DEFAULT_PATTERNS, Named, Names, compiled, is_wanted, printable
from ingest.dropfolder.pending import CUT_PATIENCE_S, Pending, Waiting
from ingest.dropfolder.reading import Read, Reader
from ingest.dropfolder.refused_file import note, rejected
from ingest.dropfolder.rounds import Round
from ingest.dropfolder.walker import Kind, Sight, Walker
from quantrac import topics
from quantrac.domain.deadletters import Rejected, RejectReason
from quantrac.domain.stations import Registry, Sensor, Station, StationKind

NOW = datetime(2026, 11, 23, 3, 5, tzinfo=UTC)
LINES = b"COD\t58.0\tmg/L\t20261123100500\t00\r\npH\t7.21\t\t20261123100500\t00\r\n"


@pytest.mark.parametrize("pattern", ["{station}", "{station}_{stamp}", "{time}{time}"])
def test_patterns_that_say_nothing(pattern: str) -> None:
    with pytest.raises(ValueError, match="must have"):
        compiled([pattern])


@given(st.binary(max_size=60))
def test_any_name_is_named_or_refused(path: bytes) -> None:
    names = Names(compiled(DEFAULT_PATTERNS), Registry(()))
    found = names.named(path + b".txt", NOW)
    assert isinstance(found, Named | Rejected)
    assert printable(path).isprintable()
    if isinstance(found, Rejected):
        assert found.detail.isprintable()


def station(code: str, *old: str) -> Station:
    kind, sensors = StationKind.EFFLUENT, (Sensor("COD", "mg/L"),)
    return Station(code, NOW.date(), "", "", kind, "", 105.0, 10.0, sensors, old_codes=old)


NAMES = Names(
    compiled(DEFAULT_PATTERNS), Registry((station("DT_A_NUO", "TG_A"), station("DT_B_NUO"), station("X_B_NUO")))
)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("DT_A_NUO_20261123100500.txt", "DT_A_NUO"),
        ("TG_A_20261123100500.txt", "DT_A_NUO"),
        ("A_NUO_20261123100500.txt", "DT_A_NUO"),
        ("B_NUO_20261123100500.txt", "B_NUO"),  # ends two codes: nobody's
        ("XX_DT_A_NUO_20261123100500.txt", "XX_DT_A_NUO"),
        ("DT_A_NUO/2026/11/23/20261123100500.txt", "DT_A_NUO"),
        ("TG_A/files/A_NUO_20261123100500.txt", "DT_A_NUO"),
        ("DT_A_NUO/DT_B_NUO/20261123100500.txt", "DT_A_NUO"),  # a folder that the station made
        ("DT_A_NUO/DT_B_NUO/DT_B_NUO_20261123100500.txt", RejectReason.WRONG_STATION),
        ("DT_A_NUO/DT_B_NUO_20261123100500.csv", RejectReason.WRONG_STATION),
        ("new/2026/20261123100500.txt", "new"),
        ("20261123100500.txt", RejectReason.UNKNOWN_STATION),
        ("tr ạm/20261123100500.txt", RejectReason.UNKNOWN_STATION),
        ("DT_A_NUO/today.txt", RejectReason.BAD_FILE_NAME),
        ("DT_A_NUO/DT_A_NUO_2026112310.txt", RejectReason.BAD_FILE_NAME),
    ],
)
def test_whose_file_it_is(path: str, expected: str | RejectReason) -> None:
    found = NAMES.named(path.encode(), NOW)
    assert (found.reason if isinstance(found, Rejected) else found.station) == expected


@pytest.mark.parametrize("cut", range(1, len(LINES)))
def test_where_a_station_files_end_is_seen(cut: int) -> None:
    #  COD⇥58.0⇥mg/L⇥20261123100500⇥00 CR LF pH⇥7.21⇥⇥20261123100500⇥00 CR LF
    #  whole                        ^^^^^^^^                        ^^^^^^^^
    first = LINES.index(b"\r\n")
    whole = {first, first + 1, first + 2, len(LINES) - 2, len(LINES) - 1}
    assert content.ends_whole(LINES[:cut], topics.CONTENT_TT10) is (cut in whole)
    assert not content.is_complete(LINES[:cut], topics.CONTENT_TT10, 2)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_half_file_in_two_byte_letters_is_no_whole_one(encoding: str) -> None:
    text = LINES.decode().encode(encoding)
    assert content.ends_whole(text, topics.CONTENT_TT10)
    assert not any(content.ends_whole(text[:-cut], topics.CONTENT_TT10) for cut in range(6, 40))


@pytest.mark.parametrize("ending", [b"\r", b"\t\r\n", b";\r\n"])
def test_a_file_with_other_line_ends_is_whole(ending: bytes) -> None:
    assert content.ends_whole(LINES.replace(b"\r\n", ending), topics.CONTENT_TT10)


def test_a_file_with_a_line_for_each_sensor_is_complete() -> None:
    assert content.is_complete(LINES, topics.CONTENT_TT10, 2)
    assert not content.is_complete(LINES, topics.CONTENT_TT10, 3)


@given(st.lists(st.binary(max_size=40).map(lambda b: b.replace(b"\n", b"")), max_size=30), st.integers(1, 60))
def test_records_together_are_the_file(lines: list[bytes], size: int) -> None:
    whole = b"\n".join(lines)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(content, "CHUNK_BYTES", size)
        found = list(content.records(whole, topics.CONTENT_TT10))
    assert b"".join(part for _, part in found) == whole
    assert all(whole[offset:].startswith(part) for offset, part in found)


@given(st.text(max_size=50), st.sampled_from(RejectReason), st.text(max_size=50))
def test_a_note_is_read_back(file: str, reason: RejectReason, detail: str) -> None:
    plain = file.encode("utf-8", "replace").decode()
    found = rejected(note(plain, reason, detail.encode("utf-8", "replace").decode()))
    assert found.reason is reason
    assert found.detail.isprintable()


@given(st.binary(max_size=50))
def test_a_note_that_is_none(payload: bytes) -> None:
    assert rejected(payload).reason in RejectReason


def sight(size: int = 1, path: bytes = b"a") -> Sight:
    return Sight(path, Kind.FRESH, Fingerprint(size, 0, 0))


def test_a_file_that_grows_waits_anew() -> None:
    #  s       0    1    2    3    4    5    6
    #  seen    1         2                        (size)
    #  due     x              .         x         settle 3 s
    pending = Pending(3.0, 10, 10)
    pending.see(sight(1), "S", 0.0)
    (waiting,) = pending.due(0.0)
    pending.postpone(waiting, 0.0)
    pending.see(sight(2), "S", 2.0)
    assert not list(pending.due(4.0))
    (waiting,) = pending.due(5.0)
    assert pending.is_settled(waiting, 5.0)
    assert not pending.is_settled(waiting, 4.9)
    pending.drop(b"a")
    assert len(pending) == 0


def test_no_more_files_wait_than_there_is_room_for_and_a_quiet_station_always_finds_some() -> None:
    pending = Pending(3.0, 200, 150)
    flood = [pending.see(sight(path=b"A/%04d" % k), "A", 0.0) for k in range(300)]
    assert flood == [True] * 150 + [False] * 150
    assert [pending.see(sight(path=b"B/%d" % k), "B", 0.0) for k in range(60)] == [True] * 50 + [False] * 10
    assert pending.see(sight(path=b"C/1"), "C", 0.0)
    assert [pending.see(sight(path=b"%d/1" % k), str(k), 0.0) for k in range(300)].count(True) == 400 - 201
    assert len(pending) == 400
    pending.drop(b"A/0000")
    assert len(pending) == 399


def test_stations_take_turns_also_when_a_turn_is_cut_short() -> None:
    #  A  0 1 2 3 ... 99     a flood
    #  B  1                  comes while A is read
    pending = Pending(3.0, 1000, 1000)
    for k in range(100):
        pending.see(sight(path=b"A/%03d" % k), "A", 0.0)
    order: list[bytes] = []

    def read(most: int) -> None:
        for waiting in itertools.islice(pending.due(1.0), most):
            order.append(waiting.sight.path)
            pending.drop(waiting.sight.path)

    read(20)
    pending.see(sight(path=b"B/1"), "B", 1.0)
    read(10)
    read(1000)
    assert order.index(b"B/1") <= 30
    assert [p for p in order if p.startswith(b"A")] == sorted(p for p in order if p.startswith(b"A"))
    assert len(order) == 101


def test_a_walk_goes_on_where_there_is_room(tmp_path: Path) -> None:
    """The folder A is full of files and takes no more than five at a time; those of B and C are seen meanwhile."""
    for name in ("A/1/2", "B", "C/1"):
        (tmp_path / name).mkdir(parents=True)
    for k in range(40):
        (tmp_path / "A" / "1" / "2" / f"A_{20261123100500 + k}.txt").write_bytes(b"")
    for name in ("B/B_20261123100500.txt", "C/1/C_20261123100500.txt", "D_20261123100500.txt"):
        (tmp_path / name).write_bytes(b"")
    with KnownFiles(tmp_path / "k") as known:
        walk = Round(Walker(os.fsencode(os.path.realpath(tmp_path)), known))
        seen: list[bytes] = []
        room = 5

        def see(one: Sight) -> bool:
            nonlocal room
            if one.path.startswith(b"A"):
                if not room:
                    return False
                room -= 1
            seen.append(one.path)
            return True

        assert not walk.go_on(see, lambda: False)
        assert walk.waits
        assert sum(p.startswith(b"A") for p in seen) == 5
        assert len(seen) == 8
        for _ in range(7):
            room = 5
            ended = walk.go_on(see, lambda: False)
        assert ended
        assert len(seen) == len(set(seen)) == 43


def test_what_is_known_outlives_the_process(tmp_path: Path) -> None:
    file = KnownFile(b"S/\xff.txt", Fingerprint(1, 2, 3), b"h" * 32, "S", 100)
    with KnownFiles(tmp_path / "k") as known:
        assert known.lookup(file.path) is None
        known.remember([file])
    with KnownFiles(tmp_path / "k") as known:
        assert known.lookup(file.path) == (file.fingerprint, 100, False)
        assert known.has_content(b"other", "S", b"h" * 32)
        assert not known.has_content(b"other", "T", b"h" * 32)
        assert not known.has_content(file.path, "S", b"i" * 32)
        known.mark_moved([file.path])
        assert known.forget_moved(100) == 0
        assert known.forget_moved(101) == 1
        assert known.count() == 0


names_of_files = st.binary(min_size=1, max_size=20).filter(
    lambda n: b"/" not in n and b"\0" not in n and n not in {b".", b".."}
)
tree = st.lists(
    st.tuples(
        st.lists(names_of_files, max_size=4),
        st.one_of(names_of_files, names_of_files.map(lambda n: n + b"_20261123100500.txt")),
        st.sampled_from(["file", "link", "loop", "fifo", "folder"]),
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=60)
@given(tree)
def test_any_tree_is_walked_to_its_end_and_no_link_is_followed(entries: list[tuple[list[bytes], bytes, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = os.fsencode(os.path.realpath(folder)) + b"/root"
        os.mkdir(root)
        made: set[bytes] = set()
        for folders, name, kind in entries:
            parent = b"/".join([root, *folders])
            path = parent + b"/" + name
            try:
                os.makedirs(parent, exist_ok=True)
                if kind == "file":
                    with open(path, "xb"):
                        made.add(os.path.relpath(path, root))
                elif kind == "folder":
                    os.mkdir(path)
                elif kind == "fifo":
                    os.mkfifo(path)
                else:
                    os.symlink({"link": b"/etc", "loop": b".."}[kind], path)
            except OSError:
                continue
        with KnownFiles(Path(folder) / "k") as known:
            walker = Walker(root, known)
            seen = [s for s in walker.walk() if s is not None]
            fresh = {s.path for s in seen if s.kind is Kind.FRESH}
            hidden = {p for p in made if any(part.startswith(b".") for part in p.split(b"/"))}
            assert fresh == {p for p in made - hidden if is_wanted(os.path.basename(p))}
            for one in seen:
                assert {s.path for s in walker.look([one.path], os.fsdecode)} <= {s.path for s in seen}
                if one.kind is Kind.FRESH:
                    assert content.read(root, one.path, one.fingerprint) == b""
                else:
                    with pytest.raises((OSError, content.ChangedError)):
                        content.read(root, one.path, one.fingerprint)


def test_below_a_link_nothing_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "S_20261123100500.txt").write_bytes(LINES)
    root = tmp_path / "root"
    root.mkdir()
    (root / "S").symlink_to(tmp_path / "outside")
    with KnownFiles(tmp_path / "k") as known:
        walker = Walker(os.fsencode(root), known)
        assert [s.path for s in walker.walk() if s] == [b"S"]
        assert walker.folder_links == 1
        assert list(walker.look([b"S/S_20261123100500.txt"], os.fsdecode)) == []
        found = os.lstat(root / "S" / "S_20261123100500.txt")
        fingerprint = Fingerprint(found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        with pytest.raises(content.ChangedError):
            content.read(os.fsencode(root), b"S/S_20261123100500.txt", fingerprint)


def test_a_link_to_a_folder_is_met_in_each_walk_also_when_it_is_known(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/usr")
    (tmp_path / "file").symlink_to("/etc/hostname")
    with KnownFiles(tmp_path.with_suffix(".k")) as known:
        walker = Walker(os.fsencode(tmp_path), known)
        sights = [s for s in walker.walk() if s]
        assert walker.folder_links == 1
        known.remember([KnownFile(s.path, s.fingerprint, None, "", 0) for s in sights])
        assert [s for s in walker.walk() if s] == []
        assert walker.folder_links == 1
        (tmp_path / "link").unlink()
        assert [s for s in walker.walk() if s] == []
        assert walker.folder_links == 0


@pytest.mark.parametrize("year", [1910, 1970, 2038, 2200, 2300, 2440])
def test_a_file_server_whose_clock_is_years_off_is_read_once_and_again_when_it_writes(
    tmp_path: Path, year: int
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    path = root / "S_20261123100500.txt"
    path.write_bytes(LINES)
    moment = round((year - 1970) * 365.25 * 86_400) * 10**9
    os.utime(path, ns=(moment, moment))
    with KnownFiles(tmp_path / "k") as known:
        walker = Walker(os.fsencode(root), known)
        (seen,) = [s for s in walker.walk() if s]
        assert content.read(os.fsencode(root), seen.path, seen.fingerprint) == LINES
        known.remember([KnownFile(seen.path, seen.fingerprint, b"h" * 32, "S", 0)])
        assert [s for s in walker.walk() if s] == []
        path.write_bytes(LINES.upper())
        os.utime(path, ns=(moment, moment))
        assert [s.path for s in walker.walk() if s] == [seen.path]


@contextmanager
def as_nobody() -> Iterator[None]:
    """Let files of others be unreadable also where the tests run as root."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_a_file_that_may_not_be_read_is_told_once_and_read_as_soon_as_it_may(tmp_path: Path) -> None:
    root = Path(tempfile.mkdtemp(prefix="quantrac-root-"))  # not below a folder that is closed to nobody
    root.chmod(0o755)
    path = root / "S_20261123100500.txt"
    path.write_bytes(LINES)
    path.chmod(0o000)
    pending = Pending(3.0, 10, 10)
    with KnownFiles(tmp_path / "k") as known:
        walker = Walker(os.fsencode(os.path.realpath(root)), known)
        reader = Reader(walker.root, known, Names(compiled(DEFAULT_PATTERNS), Registry(())), 1_000_000)

        def read(waited_s: float) -> object:
            (seen,) = [s for s in walker.walk() if s]
            with as_nobody():
                return reader.read(Waiting(seen, "", 0.0, 0.0), pending, NOW, waited_s)

        assert read(10.0) is None, "an upload under way may set its mode at its end"
        told = read(CUT_PATIENCE_S)
        assert isinstance(told, Read)
        assert told.refused is RejectReason.UNREADABLE_FILE
        assert "mode to 640" in rejected(told.content).detail
        known.remember([told.file])
        with pytest.raises(PermissionError):  # tried again with each walk, and told no more
            read(CUT_PATIENCE_S)
        path.chmod(0o644)
        found = read(10.0)
        assert isinstance(found, Read)
        assert (found.content, found.refused) == (LINES, None)
        known.remember([found.file])
        assert [s for s in walker.walk() if s] == []
    path.unlink()
    root.rmdir()


def test_a_file_that_grows_beyond_all_measure_is_told_once_it_stands_still(tmp_path: Path) -> None:
    sight = Sight(b"DT_A_NUO/DT_A_NUO_20261123100500.txt", Kind.FRESH, Fingerprint(2_000_000, 0, 0))
    with KnownFiles(tmp_path / "k") as known:
        reader = Reader(os.fsencode(tmp_path), known, NAMES, 1_000_000)
        assert reader.read(Waiting(sight, "", 0.0, 0.0), Pending(3.0, 10, 10), NOW, 2.9) is None
        told = reader.read(Waiting(sight, "", 0.0, 0.0), Pending(3.0, 10, 10), NOW, 3.0)
    assert isinstance(told, Read)
    assert told.refused is RejectReason.TOO_LARGE
