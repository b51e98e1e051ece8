"""One folder of many."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import reportgen
from reportgen.errors import ConfigError
from reportgen.report.schema import ModelReport

Contents = Callable[[Path], dict[str, bytes]]
REFS = ["builtin:lenet5", "builtin:mlp", "builtin:linear"]


def test_shards_make_the_whole(tmp_path: Path, contents: Contents) -> None:
    """Two shards, merged, are what one run leaves, to the byte; and what has not changed stands there too."""
    for shard in ("1/2", "2/2"):
        reportgen.build(REFS, output=tmp_path / shard[0], formats=["json", "md"], shard=shard)
    reportgen.build(REFS, output=tmp_path / "whole", formats=["json", "md"])
    assert reportgen.merge([tmp_path / "1", tmp_path / "2"], output=tmp_path / "merged") == 3
    assert contents(tmp_path / "merged") == contents(tmp_path / "whole")
    again = reportgen.build(REFS, output=tmp_path / "merged", formats=["json", "md"])
    assert [outcome.seconds for outcome in again.outcomes] == [None, None, None]


def test_folders_that_cannot_be_merged(tmp_path: Path) -> None:
    """One without an index; two that call different reports by one name."""
    with pytest.raises(ConfigError) as caught:
        reportgen.merge([tmp_path], output=tmp_path / "out")
    assert caught.value.code == "merge-no-index"
    reportgen.build("builtin:linear", output=tmp_path / "a", formats=["json"])
    reportgen.build("builtin:linear", output=tmp_path / "b", formats=["json"], mode="eval")
    with pytest.raises(ConfigError) as caught:
        reportgen.merge([tmp_path / "a", tmp_path / "b"], output=tmp_path / "out")
    assert caught.value.code == "merge-conflict"


def test_an_index_from_elsewhere(tmp_path: Path, leave: Callable[..., Path], tied_gpt: ModelReport) -> None:
    """Nothing is copied from, or to, a folder that lies outside of the run's."""
    folder = leave(tmp_path / "run", {"net": tied_gpt})
    (folder / "net").rename(tmp_path / "secret")
    index = (folder / "index.json").read_text(encoding="ascii")
    (folder / "index.json").write_text(index.replace('"slug": "net"', '"slug": "../secret"'), encoding="ascii")
    with pytest.raises(ConfigError, match="is no folder of reportgen's"):
        reportgen.merge([folder], output=tmp_path / "whole" / "out")
    assert not (tmp_path / "whole").exists()


@pytest.mark.parametrize("shard", ["0/2", "3/2", "1", "a/b"])
def test_shards_that_are_none(tmp_path: Path, shard: str) -> None:
    """The error says how to write one."""
    with pytest.raises(ConfigError) as caught:
        reportgen.build(REFS, output=tmp_path, shard=shard)
    assert caught.value.code == "shard-invalid"
