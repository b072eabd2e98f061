"""Prometheus metrics of the drop folder."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

FILES = Counter("quantrac_dropfolder_files_total", "Files whose records Kafka has")
RECORDS = Counter("quantrac_dropfolder_records_total", "Raw records that Kafka has acknowledged")
SAME = Counter("quantrac_dropfolder_same_total", "Files with a content that was read before: renamed, uploaded again")
GONE = Counter("quantrac_dropfolder_gone_total", "Files that went away before they were read: by another program?")
REFUSED = Counter("quantrac_dropfolder_refused_total", "Files that were refused, by reason", ["reason"])
MOVED = Counter("quantrac_dropfolder_moved_total", "Files moved into the archive")
FAULTS = Counter("quantrac_dropfolder_faults_total", "Times that something outside failed", ["side"])
WAITING = Gauge("quantrac_dropfolder_waiting", "Files seen and not yet sent: still being written, or in a queue")
SCAN_S = Gauge("quantrac_dropfolder_scan_seconds", "How long the last walk through the whole folder took")
AWAY = Gauge("quantrac_dropfolder_away", "1 while the drop folder cannot be read")
