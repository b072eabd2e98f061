"""Dead letters: what could not be used, with its original bytes, and where and why it failed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Stage(StrEnum):
    """Where in the pipeline something was refused."""

    DECODE = "decode"
    PROCESS = "process"
    """Everything after decoding: a fault of ours, told with the payload so that it can be replayed when mended."""


class RejectReason(StrEnum):
    """Why a payload, or one reading of it, was refused."""

    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    NOT_CBOR = "not_cbor"
    WRONG_SHAPE = "wrong_shape"
    UNKNOWN_CONTENT_TYPE = "unknown_content_type"
    UNKNOWN_TOPIC = "unknown_topic"
    """Published below the station's name, but neither to its readings nor to its status."""
    UNSUPPORTED_VERSION = "unsupported_version"
    UNKNOWN_STATION = "unknown_station"
    WRONG_STATION = "wrong_station"
    """The payload names another station than the topic under which its user may publish."""
    UNKNOWN_PARAMETER = "unknown_parameter"
    NOT_A_NUMBER = "not_a_number"
    """NaN, infinity, a boolean, text, or a number beyond the range of a double."""
    BAD_INSTANT = "bad_instant"
    INSTANT_IN_FUTURE = "instant_in_future"
    """Later than our clock by more than the tolerance."""
    INSTANT_TOO_OLD = "instant_too_old"
    BAD_FILE_NAME = "bad_file_name"
    """A file whose name tells neither station nor time, or that holds characters no name should."""
    NOT_A_REGULAR_FILE = "not_a_regular_file"
    """A symbolic link, a device, a pipe or a socket where a station's file is expected; it is never opened."""
    UNREADABLE_FILE = "unreadable_file"
    """A file that its uploader lets nobody else read."""
    NO_MAPPING = "no_mapping"
    """Flat JSON or CSV of a station whose description does not say what the fields mean."""
    UNIT_UNKNOWN = "unit_unknown"
    DUPLICATE_PARAMETER = "duplicate_parameter"
    """The same parameter twice in one message."""
    INTERNAL_ERROR = "internal_error"
    """Our own code failed on this record alone; the log has the traceback."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """One refused reading, or one refused payload when ``parameter`` is ``None``."""

    reason: RejectReason
    detail: str
    """A sentence for the logger's owner: what was found where, and what is expected."""
    parameter: str | None = None
    readings: int = 1
    """How many readings this stands for: the same fault of one symbol in many lines of a file is told once."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message of which something was refused, as it is stored: its bytes once, and every reason."""

    station: str
    """Station of the MQTT topic; the empty string when the topic names none."""
    stage: Stage
    refusals: tuple[Rejected, ...]
    """At least one, in the order of the message."""
    payload: bytes
    content_type: str
    mqtt_topic: str
    received_at: datetime
    source: str
    """Raw topic of the record, with the ids of cluster and topic."""
    partition: int
    offset: int
    file_name: str = ""
    """Path in the drop folder, as it may be shown; the empty string for what came by MQTT."""
