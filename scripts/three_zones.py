"""Write layers/versions/three-zones: the shipped plan as it was before its fourth area.

The plan says “将‘三区’扩充为‘四区’，增加了安阳大学科技园区”: what it added is the zone ``honghe``.
Run it after an edit of layers/; tests/test_revision.py holds the version to the plan.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

LAYERS = Path(__file__).resolve().parents[1] / "layers"
VERSION = LAYERS / "versions" / "three-zones"
ADDED = "honghe"

HEAD = """\
# 文峰区原有“三区三线”：在“十四五”规划把“三区”扩充为“四区”之前。与 layers/plan.toml 相同，只少第四个片区。
# The earlier plan, before “三区” grew to “四区”: the same without the fourth area.
# 依据：“将‘三区’扩充为‘四区’，增加了安阳大学科技园区”（起草解读 三、2）。原规划的几何与口径未公开，沿用现行示意。
# 由 scripts/three_zones.py 写成。

id = "wenfeng-three-zones"
version = "原三区三线"
title = { zh = "文峰区原三区三线", en = "Wenfeng district before the 14th plan: three zones, three corridors" }
"""  # noqa: E501


def earlier(text: str) -> str:
    """Return the plan file without the fourth area."""
    rest = text[text.index('\ncrs = "') + 1 :]
    zone = rf"\[zones\.{ADDED}\].*?(?=\n\[(?!zones\.{ADDED})|\n# -{{10,}})"
    rest = re.sub(zone, "", rest, flags=re.DOTALL)
    rest = re.sub(rf'(areas = \[.*?)"{ADDED}"(?:, )?', r"\1", rest)
    rest = rest.replace("areas = []\n", "").replace("- 四区\n", "- 三区\n")
    return HEAD + re.sub(r"\n{3,}", "\n\n", rest)


def main() -> None:
    """Write the folder."""
    VERSION.mkdir(parents=True, exist_ok=True)
    (VERSION / "plan.toml").write_text(earlier((LAYERS / "plan.toml").read_text("utf-8")), "utf-8")
    lines = (LAYERS / "zones.geojson").read_text("utf-8").splitlines()
    kept = "\n".join(line for line in lines if f'"id": "{ADDED}"' not in line)
    kept = re.sub(r",\n\]\}", "\n]}", kept) + "\n"
    assert len(json.loads(kept)["features"]) == 3
    (VERSION / "zones.geojson").write_text(kept, "utf-8")
    for name in ("corridors.geojson", "study_area.geojson"):
        shutil.copy(LAYERS / name, VERSION / name)


if __name__ == "__main__":
    main()
