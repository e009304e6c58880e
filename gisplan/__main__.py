"""Only the door for ``python -m gisplan``: it opens the command line."""

from __future__ import annotations

from gisplan.cli import main

if __name__ == "__main__":
    main()
