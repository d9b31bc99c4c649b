import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import fupin.engine
from fupin.cli.link import register, run_link
from fupin.kernel.errors import UserError

DATA = Path(fupin.engine.__file__).parent / "data" / "linkage"


def test_febrl3_reaches_the_reference_over_all_true_pairs() -> None:
    _, score = run_link([DATA / "febrl3.csv"], DATA / "febrl3.toml", "rec_id")
    assert score is not None
    assert score.tp + score.fn == 6538
    assert score.f1 >= 0.9944


def test_febrl4_reaches_the_reference() -> None:
    _, score = run_link([DATA / "febrl4a.csv", DATA / "febrl4b.csv"], DATA / "febrl4.toml", "rec_id")
    assert score is not None
    assert score.tp + score.fn == 5000
    assert score.f1 >= 0.9994


def test_fake_1000_reaches_the_reference_on_the_labelled_pairs() -> None:
    _, score = run_link([DATA / "fake_1000.csv"], DATA / "fake_1000.toml", "cluster")
    assert score is not None
    assert score.tp + score.fn == 2031
    assert score.f1 >= 0.9349


def test_the_command_prints_json_and_writes_the_links(tmp_path: Path) -> None:
    app = typer.Typer()
    register(app)
    app.callback()(lambda: None)
    out = tmp_path / "links.csv"
    arguments = [str(DATA / "fake_1000.csv"), "--config", str(DATA / "fake_1000.toml"), "--out", str(out), "--json"]
    result = CliRunner().invoke(app, ["link", *arguments])
    assert result.exit_code == 0, result.output
    assert json.loads(result.output)["links"] == len(out.read_text().splitlines()) - 1 > 1000


@pytest.mark.parametrize(
    ("left", "config", "truth", "words"),
    [
        ("nothing.csv", "febrl3.toml", "", "找不到文件"),
        ("febrl3.csv", "nothing.toml", "", "文件不存在"),
        ("fake_1000.csv", "febrl3.toml", "", "没有列"),
        ("febrl3.csv", "febrl3.toml", "owner", "owner"),
        ("febrl3.csv", "febrl3.toml", "suburb", "truth_pattern"),
    ],
)
def test_bad_input_is_explained(left: str, config: str, truth: str, words: str) -> None:
    with pytest.raises(UserError) as caught:
        run_link([DATA / left], DATA / config, truth)
    assert words in caught.value.zh
    assert caught.value.en
