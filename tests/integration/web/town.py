"""A province with readings, incidents and people on call, made at once: for the tests of the pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg

from alerts.effective_limits import effective_limits
from alerts.incidents.links import Signer
from alerts.incidents.reasons import IncidentPolicy
from alerts.incidents.step import IncidentStep, StepOptions
from alerts.limits import load_limit_sets, packaged_limits
from alerts.oncall.document import parse
from alerts.oncall.writing import documents
from quantrac.clock import SystemClock
from quantrac.domain.alerts import AlertKey, AlertKind, Assessment, Severity, Transition, TransitionKind
from quantrac.domain.limits import Limit
from quantrac.domain.notifications import Channel
from quantrac.domain.stations import VIETNAM, midnight
from quantrac.domain.words import Bilingual
from quantrac.endpoints import DatabaseEndpoint
from quantrac.registry import load_registry, registry_sha256, sample_province
from sql.catalogue import import_limit_sets, import_registry
from sql.incident_store import IncidentStore
from sql.oncall_store import OnCallStore
from sql.worker_store import WorkerStore

SLUG, OTHER, QUIET = "DT_KCNSADEC_NUOSXL", "DT_KCNMTHO_NUOSXL", "DT_KCNSHAU_NUOSXL"
HTML = '<script>document.title="stolen"</script><img src=x onerror=alert(1)>'
PLAN = """
[[person]]
code = "an"
name = "Nguyễn Văn An"
[[person.channel]]
kind = "email"
address = "an@so.vn"

[[person]]
code = "binh"
name = "Trần Thị Bình"
role = "head"
[[person.channel]]
kind = "email"
address = "binh@so.vn"
[[person.channel]]
kind = "sms"
address = "sms-binh"
delay_min = 5

[[rota]]
code = "truc-ban"
title = "Trực ban Trung tâm"
[[rota.layer]]
members = ["an", "binh"]
first_turn = 2026-01-05
hand_over = "07:00"

[[policy]]
code = "nuoc"
severities = ["warning", "high", "critical"]
[[policy.step]]
targets = ["rota:truc-ban"]
"""
READINGS = """
INSERT INTO readings (observed_at, received_at, value, raw_offset, raw_partition, flag, late, station, parameter,
                      status)
SELECT at, at + INTERVAL '20 s',
       round((level * (1 + 0.08 * sin(extract(epoch FROM at) / 7000) + 0.05 * random())
              + CASE WHEN station = %(slug)s AND at > %(since)s AND parameter IN ('COD', 'TSS', 'NH4')
                     THEN level * 1.6 * least(extract(epoch FROM at - %(since)s) / 5400, 1) ELSE 0 END)::numeric, 3),
       row_number() OVER (), 0, CASE WHEN random() < 0.004 THEN 3 ELSE 1 END, false, station, parameter,
       CASE WHEN station = %(other)s AND parameter = 'COD'
                 AND at BETWEEN now() - INTERVAL '30 h' AND now() - INTERVAL '29 h' THEN '01' ELSE '00' END
  FROM generate_series(%(begin)s::timestamptz, %(end)s::timestamptz, INTERVAL '5 min') at
  CROSS JOIN (SELECT station, parameter,
                     coalesce((%(levels)s::jsonb ->> parameter)::float, 10) AS level
                FROM current_sensors WHERE station = ANY (%(stations)s)) sensors
"""
LEVELS = '{"pH": 7.1, "Temp": 29, "COD": 38, "TSS": 24, "NH4": 2.4, "DO": 5, "Flow": 120}'
LATEST = """
INSERT INTO latest_readings (station, parameter, observed_at, received_at, value, flag, status)
SELECT DISTINCT ON (station, parameter) station, parameter, observed_at, received_at, value, flag, status
  FROM readings ORDER BY station, parameter, observed_at DESC
"""
PRESENCE = """
INSERT INTO station_presence (station, online, changed_at, last_received_at, last_observed_at)
SELECT station, true, now(), max(received_at), max(observed_at) FROM readings GROUP BY station
"""


def transition(
    station: str, parameter: str, since: datetime, *, kind: AlertKind = AlertKind.LIMIT,
    severity: Severity = Severity.HIGH, vi: str = "", cls: str | None = None, page: bool = True,
) -> Transition:  # fmt: skip
    said = vi or f"{parameter} 98,8 mg/L vượt giới hạn 60,75 mg/L, gấp 1,63 lần (QCVN 40:2011/BTNMT cột A)"
    reasons = (
        Bilingual("COD, TSS và NH4 cùng tăng", "COD, TSS and NH4 rise together"),
        Bilingual("lưu lượng không đổi", "the flow is unchanged"),
    )
    return Transition(
        AlertKey(station, parameter, kind.value), TransitionKind.OPENED, kind, severity, "held",
        since + timedelta(minutes=10), since, 98.8, Limit(parameter, "mg/L", None, 60.75, "QCVN 40:2011/BTNMT cột A"),
        Bilingual(said, said), page, None if cls is None else Assessment(cls, 0.87, reasons), 1, 98.8,
    )  # fmt: skip


PENDING = """
INSERT INTO pending_judgements (
    station, parameter, "window", window_start, cause, revised_readings, standing_mean, standing_verdict, mean, verdict,
    limit_maximum, usable_count, expected, retrospective, found_at, based_at
) VALUES (%s, 'COD', %s, %s, 'revised', 2, 98.8, 'exceeded', %s, 'within', 60.75, 12, 12, true, now(), now())
RETURNING id
"""
JUDGEMENT = """
INSERT INTO judgements (station, parameter, "window", window_start, mean, verdict, limit_maximum, usable_count,
                        expected, retrospective, judged_at)
VALUES (%s, 'COD', %s, %s, 98.8, 'exceeded', 60.75, 12, 12, false, now()) ON CONFLICT DO NOTHING
"""


def midnights(count: int) -> list[datetime]:
    """Return the beginnings of the last whole days, the newest first."""
    today = midnight(datetime.now(UTC).astimezone(VIETNAM).date())
    return [(today - timedelta(days=n + 1)).astimezone(UTC) for n in range(count)]


class Town:
    """What workers and the step of incidents do to the database of a site."""

    def __init__(self, database: DatabaseEndpoint, signer: Signer | None = None) -> None:
        self.database = database
        self.now = datetime.now(UTC)
        self.worker, self.store = WorkerStore(database.writer), IncidentStore(database.notifier)
        # The incidents of all tests of a module come within minutes of each other, and are no storm.
        policy = IncidentPolicy(storm_pages=1000)
        options = StepOptions(common=((Channel.EMAIL, "truc-ban@so.vn"),), signer=signer, policy=policy)
        self.step = IncidentStep(self.store, options, SystemClock())

    def build(self, days: float = 3) -> None:
        registry = load_registry([sample_province()])
        import_registry(self.database.owner, registry, registry_sha256(registry), effective_limits)
        import_limit_sets(self.database.owner, load_limit_sets([packaged_limits()]), effective_limits)
        OnCallStore(self.database.desk).replace(documents(parse(PLAN, "plan.toml")), self.now)
        since = self.now - timedelta(hours=2)
        with psycopg.connect(self.database.owner) as connection:
            connection.execute("UPDATE contact_channels SET verified_at = now() WHERE address <> 'sms-binh'")
            connection.execute("SELECT set_config('search_path', 'public', false)")
            connection.execute(READINGS.encode(), {
                "slug": SLUG, "other": OTHER, "since": since, "begin": self.now - timedelta(days=days), "end": self.now,
                "stations": [SLUG, OTHER, QUIET], "levels": LEVELS,
            })  # fmt: skip
            connection.execute(LATEST.encode())
            connection.execute(PRESENCE.encode())
        stuck = f"Đầu đo TSS lặp một giá trị {HTML}"
        hour_ago = self.now - timedelta(hours=1)
        self.happens(
            transition(OTHER, "", hour_ago, kind=AlertKind.FAULT, severity=Severity.WARNING, vi=stuck, page=False)
        )

    def slug(self) -> int:
        """Let the slug become an incident, and return its number."""
        since = self.now - timedelta(hours=1, minutes=30)
        later, said = since + timedelta(minutes=5), "TSS cao bất thường"
        self.happens(
            transition(SLUG, "COD", since),
            transition(SLUG, "TSS", later, kind=AlertKind.ANOMALY, cls="pollution", vi=said),
        )
        with psycopg.connect(self.database.owner) as connection:
            found = connection.execute("SELECT max(id) FROM incidents").fetchone()
        assert found is not None
        return int(found[0])

    def over(self, number: int) -> None:
        """Forget an incident of the slug, so that another begins anew: its alerts are over since long."""
        with psycopg.connect(self.database.owner) as connection:
            connection.execute(
                "UPDATE alerts SET resolved_at = now() - INTERVAL '1 day' WHERE resolved_at IS NULL AND id IN "
                "(SELECT alert_id FROM incident_alerts WHERE incident_id = %s)", (number,),
            )  # fmt: skip
            connection.execute(
                "UPDATE incidents SET state = 'closed', cause = coalesce(cause, 'drill'), "
                "closed_at = now() - INTERVAL '1 day' WHERE id = %s", (number,),
            )  # fmt: skip

    def happens(self, *transitions: Transition) -> None:
        with self.worker.transaction() as t:
            for each in transitions:
                t.alerts.apply(each)
        self.step.once()

    def pending(self, start: datetime, window: str = "day", mean: float = 41.2) -> int:
        """Let a finding of the slug's station wait, because readings were sent again; return its number."""
        with psycopg.connect(self.database.owner) as connection:
            connection.execute(JUDGEMENT.encode(), [SLUG, window, start])
            found = connection.execute(PENDING.encode(), [SLUG, window, start, mean]).fetchone()
        assert found is not None
        return int(found[0])

    def revised(self, since: datetime, value: float) -> float:
        """Let the slug's station send the first reading from an instant on again, and return what it was."""
        key = "station = %s AND parameter = 'COD' AND observed_at = %s"
        with psycopg.connect(self.database.owner) as connection:
            at, was = connection.execute(
                "SELECT observed_at, value FROM readings WHERE station = %s AND parameter = 'COD' "
                "AND observed_at >= %s "
                "ORDER BY observed_at LIMIT 1", [SLUG, since]
            ).fetchone() or (since, 0.0)  # fmt: skip
            connection.execute(f"""
                INSERT INTO reading_revisions (station, parameter, observed_at, received_at, value, status, flag,
                       raw_partition, raw_offset, replaced_at, replaced_by_partition, replaced_by_offset)
                SELECT station, parameter, observed_at, received_at, value, status, flag, raw_partition, raw_offset,
                       now(), 3, 4711 FROM readings WHERE {key}""".encode(), [SLUG, at])  # fmt: skip
            connection.execute(
                f"UPDATE readings SET value = %s, raw_partition = 3, raw_offset = 4711 WHERE {key}".encode(),
                [value, SLUG, at],
            )
        return float(was)

    def close(self) -> None:
        self.worker.close()
        self.store.close()
