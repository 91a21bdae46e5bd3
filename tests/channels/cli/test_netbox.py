"""`noctua netbox`, against the recorded server."""

from pathlib import Path

import pytest

from tests.channels.conftest import noctua
from tests.tools.recorded_netbox import TOKEN, RecordedNetBox, serving
from twin.sources.formats.registry import read_network


def test_netbox_becomes_a_file_that_is_a_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETBOX_TOKEN", TOKEN)
    file = tmp_path / "net.json"
    with serving(RecordedNetBox) as url:
        code, output, error = noctua(
            tmp_path, "netbox", url, "--to", str(file), "--where", "role=Router"
        )
    assert (code, error) == (0, "")
    assert output.startswith(f"{file}: 3 devices, 3 links\n")
    text = file.read_text(encoding="utf-8")
    assert TOKEN not in text
    assert read_network(text, "net").format == "NetBox"


def test_filter_without_a_value_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    code, _, error = noctua(tmp_path, "netbox", "https://netbox.example.net", "--where", "role")
    assert code == 2
    assert '--where "role": expected FILTER=VALUE' in error
