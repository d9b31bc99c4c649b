"""A village's dossier: what it states, what the registry counts, who may write it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fupin.accounts.api import acting_as
from fupin.accounts.models import Deed
from fupin.accounts.tests.fixtures import COUNTY, FAR_VILLAGE, VILLAGE, Cast
from fupin.catalogue.village_form import COUNTED, village_form
from fupin.kernel.errors import Forbidden, NotFound, UserError
from fupin.registry import api as registry
from fupin.registry.models import VillageYear
from fupin.registry.tests.fixtures import Homes
from fupin.registry.tests.folders import plain_rows, write_folder
from fupin.registry.tests.test_catalogue_agreement import FIELDS

HEAD = {"village_code", "year", "stated_by", "stated_on", "entered_by"}
SIZE = {"households": 100, "persons": 400}


def state(by: Any, **values: Any) -> VillageYear:
    return registry.state_village(by=by, village=VILLAGE, year=2026, values=values, stated_by="韦主任")


def test_the_model_has_the_items_of_the_form() -> None:
    fields = {field.column: field for field in VillageYear._meta.concrete_fields if field.column}
    assert fields.keys() - HEAD == village_form().items.keys()
    for item in village_form().items.values():
        assert isinstance(fields[item.name], FIELDS[item.column.type]), item.name
        assert str(fields[item.name].verbose_name) == item.column.zh


def test_a_cadre_states_the_own_village_and_it_is_recorded(cast: Cast, homes: Homes) -> None:
    with acting_as(cast.cadre):
        state(cast.cadre, **SIZE, committee_sound=True)
        (form,) = registry.forms_of(cast.cadre, VILLAGE)
    assert (form.households, form.women, form.committee_sound) == (100, None, True)
    assert (form.stated_by, form.entered_by) == ("韦主任", cast.cadre.username)
    assert Deed.objects.get(verb="state_village").region == VILLAGE


def test_stating_again_replaces_the_years_form(cast: Cast, homes: Homes) -> None:
    state(cast.office, **SIZE)
    state(cast.office, households=101, persons=400)
    assert [form.households for form in registry.forms_of(cast.office, VILLAGE)] == [101]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({**SIZE, "women": 401}, "“妇女人口数”（401）不能大于“总人口数”（400）"),
        ({**SIZE, "registered_households": 30, "poor_households": 31}, "贫困户数"),
        ({"natural_villages": -1}, "不能小于 0"),
        ({"road_base_m": 31}, "不能大于 30"),
    ],
)
def test_a_form_that_contradicts_itself_is_refused(cast: Cast, homes: Homes, values: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError, match=told):
        state(cast.office, **values)
    assert not VillageYear.objects.exists()


@pytest.mark.parametrize(
    ("year", "who", "told"), [(1999, "韦主任", "年度"), (2999, "韦主任", "年度"), (2026, " ", "填报人")]
)
def test_a_year_to_come_and_an_unnamed_author_are_refused(
    cast: Cast, homes: Homes, year: int, who: str, told: str
) -> None:
    with pytest.raises(UserError, match=told):
        registry.state_village(by=cast.office, village=VILLAGE, year=year, values=SIZE, stated_by=who)


def test_another_village_is_absent_and_who_only_looks_may_not_write(cast: Cast, homes: Homes) -> None:
    with pytest.raises(NotFound):
        state(cast.stranger, **SIZE)
    with pytest.raises(NotFound):
        registry.village_counts(cast.stranger, VILLAGE)
    with pytest.raises(Forbidden):
        state(cast.decision, **SIZE)
    with pytest.raises(NotFound):
        registry.village_counts(cast.office, COUNTY)


def test_the_registry_counts_what_it_can(cast: Cast, homes: Homes) -> None:
    counted = registry.village_counts(cast.office, VILLAGE)
    assert counted.keys() == set(COUNTED)
    assert (counted["households"], counted["poor_households"]) == (1, 1)
    assert (counted["women"], counted["labour_force"]) == (1, 0)
    assert counted["dangerous_houses"] == 0


def test_a_village_without_a_survey_has_no_figures_of_surveys(cast: Cast, homes: Homes) -> None:
    counted = registry.village_counts(cast.office, FAR_VILLAGE)
    assert (counted["households"], counted["water_unsafe"], counted["farmland_mu"]) == (1, None, None)


def test_tallies_stay_in_the_scope_and_in_the_region(cast: Cast, homes: Homes) -> None:
    registry.change_state(
        by=cast.office, household_id="H-next", state="9", effective=date(2026, 1, 1), kind="correct_entry",
        papers=registry.on_paper(("decision_list", "inquiry_report"), "县档案室"),
        reason="识别时收入核错",
    )  # fmt: skip
    tallies = registry.village_tallies(cast.office, COUNTY)
    assert {village: (one.households, one.poor_households) for village, one in tallies.items()} == {
        homes.own.village_code: (1, 1),
        homes.next.village_code: (1, 0),
    }
    assert registry.village_tallies(cast.cadre, "").keys() == {VILLAGE}
    assert registry.village_tallies(cast.department, "") == {}


def test_a_village_has_one_first_secretary_until_he_leaves(cast: Cast, homes: Homes) -> None:
    who: dict[str, Any] = {"village": VILLAGE, "unit": "县财政局", "role": "first_secretary", "since": date(2025, 1, 1)}
    first = registry.send_to_village(by=cast.county_office, name="周明", **who)
    with pytest.raises(UserError, match="已有第一书记"):
        registry.send_to_village(by=cast.county_office, name="李强", **who)
    registry.leave_village(by=cast.county_office, village=VILLAGE, number=first.pk, until=date(2025, 6, 1))
    registry.send_to_village(by=cast.county_office, name="李强", **who)
    assert [one.name for one in registry.team_of(cast.county_office, VILLAGE)] == ["李强"]


def test_a_member_of_another_villages_team_cannot_be_sent_away(cast: Cast, homes: Homes) -> None:
    who: dict[str, Any] = {"name": "周明", "unit": "县财政局", "role": "member", "since": date(2025, 1, 1)}
    one = registry.send_to_village(by=cast.office, village=FAR_VILLAGE, **who)
    with pytest.raises(NotFound):
        registry.leave_village(by=cast.office, village=VILLAGE, number=one.pk, until=date(2025, 6, 1))


def test_a_project_goes_from_plan_to_done(cast: Cast, homes: Homes) -> None:
    what: dict[str, Any] = {
        "village": VILLAGE,
        "name": "产业路",
        "year": 2026,
        "funds": 30_000_000,
        "source": "衔接资金",
    }
    one = registry.plan_project(by=cast.cadre, progress="planned", **what)
    registry.advance_project(by=cast.cadre, village=VILLAGE, number=one.pk, progress="done")
    assert [project.progress for project in registry.projects_of(cast.cadre, VILLAGE)] == ["done"]
    with pytest.raises(UserError, match="负数"):
        registry.plan_project(by=cast.cadre, progress="planned", **{**what, "funds": -1})


def test_a_load_brings_forms_and_overwrites_none(cast: Cast, regions: None, tmp_path: Path) -> None:
    state(cast.office, **SIZE)
    folder = write_folder(tmp_path, plain_rows())
    years = [{"village_code": VILLAGE, "year": year, "households": 7} for year in (2025, 2026)]
    pl.DataFrame(years).write_parquet(folder / "villages.parquet")
    registry.load_registry(by=cast.office, folder=folder)
    forms = {form.year: form.households for form in registry.forms_of(cast.office, VILLAGE)}
    assert forms == {2025: 7, 2026: 100}


def test_a_load_with_a_form_out_of_limits_is_refused(cast: Cast, regions: None, tmp_path: Path) -> None:
    folder = write_folder(tmp_path, plain_rows())
    pl.DataFrame([{"village_code": VILLAGE, "year": 2026, "clinics": -1}]).write_parquet(folder / "villages.parquet")
    with pytest.raises(UserError, match="villages 第 1 行「clinics」"):
        registry.load_registry(by=cast.office, folder=folder)
