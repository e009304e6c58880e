"""How big a user's file may be, on disk and unpacked."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Final

from gisplan.errors import ProjectsError

MEGABYTE: Final = 2**20
LIMIT_MB: Final = 200
_UNPACKED_MB: Final = 1000
_RATIO: Final = 200


def check_archive(archive: Path | io.BytesIO, file: str) -> None:
    """Refuse a zip that would unpack to far more than a table or a map ever holds."""
    try:
        with zipfile.ZipFile(archive) as opened:
            members = opened.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise ProjectsError("projects_broken", file=file, reason=error) from None
    big = [m for m in members if m.file_size > 20 * MEGABYTE]
    swollen = any(m.file_size > _RATIO * max(m.compress_size, 1) for m in big)
    if swollen or sum(m.file_size for m in members) > _UNPACKED_MB * MEGABYTE:
        raise ProjectsError("projects_too_big", file=file, limit=_UNPACKED_MB)
