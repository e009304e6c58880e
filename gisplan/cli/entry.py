"""The doors of the command line: the way in, and how each kind of mistake leaves."""

from __future__ import annotations

import atexit
import codecs
import gc
import os
import sys
import traceback

import click

from gisplan.cli.help import asked_language, mistake
from gisplan.cli.options import gisplan
from gisplan.errors import GisplanError, OutputError
from gisplan.labels import Labels
from gisplan.today import today

USER_MISTAKE, OUR_MISTAKE = 2, 70


def main() -> None:
    """Run the command line; a user's mistake is one line and exit 2, ours a traceback."""
    codecs.register_error("gisplan", _nearest)
    for stream in (sys.stdout, sys.stderr):
        # A GBK console or pipe must not turn m² into a crash.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="gisplan")
    _guard_environment()
    # At the end Python would look through all that is left for rubbish, for longer than it
    # takes to judge a list; it is all given back anyway.
    atexit.register(gc.freeze)
    # Nor is there any rubbish in the rows of a list that is worth looking for at every turn.
    gc.set_threshold(200_000, 20, 50)
    try:
        _refuse_a_day_that_is_none()
        sys.exit(gisplan.main(standalone_mode=False) or 0)
    except GisplanError as error:
        click.echo(f"gisplan: {error.word(asked_language())}", err=True)
        sys.exit(USER_MISTAKE)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(USER_MISTAKE)
    except click.ClickException as error:
        labels = Labels(asked_language())
        text = labels("error.bad_option", detail=" ".join(mistake(error, labels).split()))
        click.echo(f"gisplan: {text}", err=True)
        sys.exit(USER_MISTAKE)
    except click.exceptions.Abort:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 - the last door: whatever is left is our fault
        detail = f"{type(error).__name__}: {error}"
        text = Labels(asked_language())("error.unexpected", detail=detail)
        click.echo(f"gisplan: {text}", err=True)
        traceback.print_exc()
        sys.exit(OUR_MISTAKE)


def _nearest(error: UnicodeError) -> tuple[str | bytes, int]:
    """Write what a console cannot show in its plain form (m² is m2), else by its number."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    import unicodedata

    lost = error.object[error.start : error.end]
    plain = unicodedata.normalize("NFKC", lost).replace("\u2212", "-")  # a minus has none
    try:
        plain.encode(error.encoding)
    except UnicodeEncodeError:
        return codecs.backslashreplace_errors(error)
    return plain, error.end


def _refuse_a_day_that_is_none() -> None:
    try:
        today()
    except (ValueError, OverflowError, OSError):
        raise OutputError("source_date_epoch", value=os.environ["SOURCE_DATE_EPOCH"]) from None


def _guard_environment() -> None:
    """Keep foreign PROJ data and GDAL's network drivers out, before GDAL is loaded.

    ``PROJ_LIB`` left by PostGIS, QGIS or OSGeo4W breaks the wheels of pyproj and rasterio.
    """
    if "CONDA_PREFIX" not in os.environ:
        os.environ.pop("PROJ_LIB", None)
        os.environ.pop("PROJ_DATA", None)
    os.environ.setdefault("PROJ_NETWORK", "OFF")
    # What other packages hang into pydantic has no part in reading a plan.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    os.environ.setdefault("CPL_VSIL_CURL_ALLOWED_EXTENSIONS", ".none")
    os.environ.setdefault("GDAL_HTTP_TIMEOUT", "1")
