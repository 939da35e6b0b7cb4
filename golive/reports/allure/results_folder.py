"""Allure results, from the record: in the run's folder, and where --alluredir says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from allure_commons.logger import AllureFileLogger

from golive.evidence.record import Evidence
from golive.reports import page, redaction
from golive.reports.allure import about, attachments, history, results

if TYPE_CHECKING:
    from golive.reports.writing import Wanted

FOLDER = "allure-results"


def write(found: Evidence, folder: Path, wanted: Wanted) -> None:
    """Only the run's own results get a history. Raises OSError."""
    own = folder / FOLDER
    shown = redaction.redacted(found, wanted.secrets)
    _write(shown, own)
    (own / history.FOLDER).mkdir(exist_ok=True)
    trends = history.files(shown, folder.parent, FOLDER, wanted.secrets)
    for name, text in trends.items():
        page.write(own / history.FOLDER / name, text)
    if wanted.allure is not None:
        _write(shown, wanted.allure)


def _write(shown: Evidence, place: Path) -> None:
    logger = AllureFileLogger(str(place))
    kept = attachments.of(shown)
    for each in kept:
        logger.report_attached_data(each.body, each.source)
    for result in results.of(shown, kept):
        logger.report_result(result)
    for name, text in about.files(shown).items():
        page.write(place / name, text)
