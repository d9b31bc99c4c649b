"""The published series of the country."""

from pathlib import Path

import pytest

from fupin.catalogue.schema import CatalogueError
from fupin.catalogue.series import series

HEAD = "\n".join(
    f'{key} = "x"' for key in ("id", "zh", "en", "line_zh", "line_en", "source_zh", "source_en", "reference")
)


def test_the_shipped_series_runs_from_1978_to_2016() -> None:
    years = series()["rural_poverty"].years
    assert (years[0].year, years[0].incidence, years[0].persons) == (1978, 97.5, 77039)
    assert (years[-1].year, years[-1].incidence, years[-1].persons) == (2016, 4.4, 4335)
    assert years[-2].persons - years[-1].persons == 1240  # "比上年减少 1240 万人"


@pytest.mark.parametrize(
    "values",
    [
        "{ year = 2016, incidence = 4.4, persons = 1 }, { year = 2015, incidence = 5.7, persons = 2 }",
        "{ year = 2016, incidence = 104.4, persons = 1 }",
        "{ year = 2016, incidence = 4.4 }",
    ],
)
def test_years_out_of_order_and_impossible_shares_are_refused(tmp_path: Path, values: str) -> None:
    (tmp_path / "a.toml").write_text(f"[[series]]\n{HEAD}\nvalues = [{values}]\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"a\.toml"):
        series(tmp_path)
