"""Exit standards of a village: met, not met, not known; and files that are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fupin.catalogue.schema import CatalogueError
from fupin.catalogue.village_form import village_form
from fupin.catalogue.village_standards import FOLDER, village_standards

GOOD: dict[str, Any] = {
    "households": 100, "persons": 400, "poor_persons": 11, "industries": 1, "dangerous_houses": 5, "small_homes": 5,
    "medical_insured": 380, "poverty_dropouts": 0, "road_base_m": 4.5, "road_surface_m": 3.5, "road_hardened": True,
    "water_unsafe": 5, "powered_homes": 95, "village_office": True, "notice_board": True, "clinics": 1, "tv_homes": 95,
    "collective_income": 100, "committee_sound": True,
}  # fmt: skip


def test_a_village_exactly_on_every_threshold_meets_all() -> None:
    assert set(village_standards().verdicts(GOOD).values()) == {"met"}


@pytest.mark.parametrize(
    ("standard", "item", "value"),
    [
        ("industry", "industries", 0),
        ("housing", "dangerous_houses", 6),
        ("housing", "small_homes", 6),
        ("medical", "medical_insured", 379),
        ("education", "poverty_dropouts", 1),
        ("road", "road_base_m", 4.4),
        ("road", "road_hardened", False),
        ("water", "water_unsafe", 6),
        ("power", "powered_homes", 94),
        ("services", "notice_board", False),
        ("television", "tv_homes", 94),
        ("collective", "collective_income", 0),
        ("committee", "committee_sound", False),
        ("incidence", "poor_persons", 12),
    ],
)
def test_one_step_short_fails_that_standard_alone(standard: str, item: str, value: object) -> None:
    verdicts = village_standards().verdicts({**GOOD, item: value})
    assert {name for name, verdict in verdicts.items() if verdict != "met"} == {standard}
    assert verdicts[standard] == "unmet"


def test_what_nobody_stated_is_neither_met_nor_failed() -> None:
    verdicts = village_standards().verdicts({**GOOD, "small_homes": None})
    assert verdicts["housing"] == "unknown"
    assert set(village_standards().verdicts({}).values()) == {"unknown"}


def test_a_failed_test_decides_though_another_is_not_known() -> None:
    verdicts = village_standards().verdicts({**GOOD, "small_homes": None, "dangerous_houses": 50})
    assert verdicts["housing"] == "unmet"


def test_there_are_eleven_haves_and_one_below_each_with_a_reference() -> None:
    standards = village_standards().standards
    assert len(standards) == 12
    assert all(one.reference for one in standards)
    assert {one.id for one in standards if one.trial} == {"television", "collective", "committee"}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('column = "industries", at_least = 1', 'column = "industrys", at_least = 1', "industrys"),
        ('column = "industries", at_least = 1', 'column = "industries"', "exactly one of"),
        ('flag = "road_hardened"', 'flag = "industries"', "industries"),
        ('id = "industry"', 'id = "housing"', "stands twice"),
    ],
)
def test_a_wrong_entry_is_refused_with_its_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    text = (FOLDER / "village_guangxi.toml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "village_guangxi.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CatalogueError, match=told):
        village_standards("village_guangxi", tmp_path)


def test_items_of_the_form_name_known_wholes_and_counts(tmp_path: Path) -> None:
    path = tmp_path / "form.toml"
    path.write_text(
        'reference = "x"\n[groups]\na = ["甲", "a"]\n[columns]\n'
        'women = { group = "a", zh = "妇女", en = "women", type = "int", min = 0, within = "nobody" }\n',
        encoding="utf-8",
    )
    with pytest.raises(CatalogueError, match="nobody"):
        village_form(path)
