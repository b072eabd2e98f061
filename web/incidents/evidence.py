"""Evidence of an incident, made by the page: in the account's name, one file at a time, or refused in words."""

from __future__ import annotations

from alerts.evidence.keys import load_key
from alerts.evidence.making import MADE, Evidence, make
from quantrac.errors import BrokerError, SettingsError
from quantrac.telemetry import get_logger
from sql.audit_store import append_with
from sql.evidence_store import facts_of
from web.visit import Visit, WebError, not_found

_log = get_logger(__name__)


def sealed(visit: Visit, number: int, *, raw: bool) -> Evidence:
    """Return the sealed file of an incident, once the audit has it.

    Raises
    ------
    WebError
        There is no key, no such incident, another file is being made, or Kafka does not answer.
    """
    house = visit.house
    if house.options.evidence_key is None:
        raise WebError(409, "Chưa có khóa niêm phong (QUANTRAC_EVIDENCE_KEY_FILE): hãy lập bằng dòng lệnh.",
                       "There is no key to seal with (QUANTRAC_EVIDENCE_KEY_FILE): use the command line.")  # fmt: skip
    if not house.sealing.acquire(blocking=False):
        raise WebError(429, "Đang lập một hồ sơ khác; hãy thử lại sau một phút.",
                       "Another file is being made; try again in a minute.")  # fmt: skip
    try:
        with house.database.reading("reading the evidence of an incident") as cursor:
            facts = facts_of(cursor, number, visit.now)
        if facts is None:
            raise not_found()
        raw_of = house.options.raw_of if raw else None
        made = make(facts, raw_of, load_key(house.options.evidence_key), visit.account.login, visit.now)
    except SettingsError as exc:
        _log.error("evidence_key", error=str(exc))
        raise WebError(503, "Khóa niêm phong không đọc được; quản trị xem nhật ký của trang.",
                       "The key cannot be read; an administrator finds why in the page's log.") from exc  # fmt: skip
    except BrokerError as exc:
        _log.warning("evidence_without_kafka", error=str(exc))
        raise WebError(503, "Kafka chưa trả lời nên chưa có bản gốc; thử lại, hoặc lập không kèm bản gốc.",
                       "Kafka does not answer; try again, or make it without the original bytes.") from exc  # fmt: skip
    finally:
        house.sealing.release()
    with house.database.acting(visit.account.login, "writing the audit") as cursor:
        append_with(cursor, MADE, f"incident {number}", made.audit_detail(visit.account.acts_as))
    return made
