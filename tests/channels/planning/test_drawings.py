"""What a planner reads off a drawing."""

import re
import warnings
from pathlib import Path

from channels.planning.answer import answer_what_if
from channels.planning.drawings import draw_criticality, draw_what_if
from channels.planning.opening import open_planned
from channels.planning.rows import severity
from graphs.state_directory import StateDirectory
from twin.whatif.survey import survey


def test_name_stands_at_its_own_node(tmp_path: Path) -> None:
    # Essen and Dortmund are near each other, Essen to the west; both have marks to keep clear of.
    planned = open_planned(StateDirectory(tmp_path), "sndlib/germany50", "peak", seed=1)
    found = survey(planned.twin, planned.state, "node")
    file = tmp_path / "map.svg"
    worst = found.ranking()[:10].tolist()
    draw_criticality(file, planned, found, severity(found, None), worst)
    text = file.read_text(encoding="utf-8")
    names = re.findall(r'<text [^>]* x="([\d.]+)" [^>]*>(Essen|Dortmund)<', text)
    places = {name: float(x) for x, name in names}
    assert places["Essen"] < places["Dortmund"]


def test_name_in_a_script_that_the_font_lacks_is_drawn_without_a_warning(tmp_path: Path) -> None:
    network = tmp_path / "two.json"
    network.write_text(
        '{"nodes": [{"id": 0, "name": "東京", "pos": [139, 35]}, {"id": 1, "name": "B", '
        '"pos": [135, 34]}], "edges": [{"source": 0, "target": 1}]}',
        encoding="utf-8",
    )
    planned = open_planned(StateDirectory(tmp_path), str(network), "peak", seed=1)
    document, comparison = answer_what_if(planned, "node B down", limit=1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        draw_what_if(tmp_path / "map.png", planned, comparison, document.what_if)
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
