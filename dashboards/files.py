"""Provisioning by files: what Grafana reads at its start, without anybody logging in."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from dashboards.datasource import Datasource
from dashboards.grafana import Dashboard, Json
from quantrac.errors import SettingsError

FOLDER_TITLE = "Quan trắc nước thải"
FOLDER_UID = "quantrac"


def write_files(
    folder: Path,
    dashboards: Iterable[Dashboard],
    datasource: Datasource,
    *,
    password_file: PurePosixPath,
    dashboards_path: PurePosixPath,
) -> list[Path]:
    """Write ``provisioning/`` and ``dashboards/`` below a folder and return the files, in order.

    Parameters
    ----------
    password_file
        Where Grafana finds the reader's password; the password itself is written nowhere.
    dashboards_path
        Where Grafana sees the ``dashboards`` folder.

    Raises
    ------
    SettingsError
        The folder cannot be written.
    """
    password = f"$__file{{{password_file}}}"
    documents: dict[str, Json] = {
        "provisioning/datasources/quantrac.yaml": {
            "apiVersion": 1,
            "prune": True,
            "datasources": [datasource.to_json(password) | {"editable": False}],
        },
        "provisioning/dashboards/quantrac.yaml": {"apiVersion": 1, "providers": [_provider(dashboards_path)]},
    }
    documents |= {f"dashboards/{d.uid}.json": d.to_json() for d in dashboards}
    try:
        return [_write(folder / name, document) for name, document in documents.items()]
    except OSError as exc:
        raise SettingsError(f"{folder} cannot be written ({exc.strerror}): name a folder that can be.") from exc


def _provider(path: PurePosixPath) -> Json:
    return {
        "name": "quantrac",
        "type": "file",
        "folder": FOLDER_TITLE,
        "folderUid": FOLDER_UID,
        "disableDeletion": True,
        "allowUiUpdates": False,
        "updateIntervalSeconds": 30,
        "options": {"path": str(path)},
    }


def _write(path: Path, document: Json) -> Path:
    # JSON is YAML, and needs no library that quotes.
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", "utf-8")
    return path
