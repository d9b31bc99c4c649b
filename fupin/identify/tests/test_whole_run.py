"""From raw files to results, on a very small city: repeated, interrupted, explained."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fupin.catalogue.load import load_catalogue
from fupin.engine import run as engine_run
from fupin.identify import api as identify
from fupin.identify import loading, services
from fupin.identify.models import HouseholdIndex, RegionAggregate, RegionResult, Run, RunState
from fupin.identify.tests.small_city import AS_OF, TAKEN, City
from fupin.kernel.errors import UserError


@pytest.fixture(autouse=True)
def open_database(city: City, django_db_blocker: Any) -> Iterator[None]:
    """The city is committed and shared: no transaction to roll back."""
    with django_db_blocker.unblock():
        yield


def test_every_household_is_counted_once_at_every_level(city: City) -> None:
    households = city.run.counts["households"]
    assert households == HouseholdIndex.objects.filter(run=city.run).count() == sum(city.run.counts["bands"].values())
    for level in (2, 3, 4, 5):
        counted = RegionResult.objects.filter(run=city.run, level=level).values_list("households", flat=True)
        assert sum(counted) == households


def test_aggregates_count_every_household_at_every_level(city: City) -> None:
    for result in RegionResult.objects.filter(run=city.run):
        kept = identify.region_aggregate(city.cast["office"], city.run, result.region)
        assert kept is not None
        assert sum(n for _, n in kept.histogram) == result.households
        assert sum(row[-1] for row in kept.scatter) + kept.income_unknown == result.households
        assert sum(row[-1] for row in kept.rules) == result.findings


def test_a_run_of_an_older_version_is_completed_from_its_folder(city: City) -> None:
    before = list(RegionAggregate.objects.filter(run=city.run).order_by("region").values())
    RegionAggregate.objects.filter(run=city.run).delete()
    HouseholdIndex.objects.filter(run=city.run).update(income_head=None, cause="")
    assert identify.complete_runs() == {city.run.pk: ""}
    assert list(RegionAggregate.objects.filter(run=city.run).order_by("region").values()) == before
    assert HouseholdIndex.objects.filter(run=city.run, income_head__isnull=False).exists()
    assert Run.objects.get(pk=city.run.pk).finished_at == city.run.finished_at
    assert identify.complete_runs() == {}


def test_a_damaged_run_is_named_and_stays_as_it_is(city: City, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kept = list(RegionAggregate.objects.filter(run=city.run))
    RegionAggregate.objects.filter(run=city.run).delete()
    folder = Path(shutil.copytree(identify.run_folder(city.run), tmp_path / "run"))
    (folder / "index.parquet").write_bytes(b"PAR1 torn")
    monkeypatch.setattr(loading, "run_folder", lambda _run: folder)
    assert "arquet" in identify.complete_runs()[city.run.pk]
    assert HouseholdIndex.objects.filter(run=city.run).count() == city.run.counts["households"]
    RegionAggregate.objects.bulk_create(kept)


def test_a_run_whose_folder_is_gone_stays_as_it_is(city: City, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kept = list(RegionAggregate.objects.filter(run=city.run))
    RegionAggregate.objects.filter(run=city.run).delete()
    monkeypatch.setattr(loading, "run_folder", lambda run: tmp_path / run.pk)
    assert identify.complete_runs() == {}
    assert HouseholdIndex.objects.filter(run=city.run).count() == city.run.counts["households"]
    RegionAggregate.objects.bulk_create(kept)


def test_the_manifest_pins_deliveries_catalogue_and_code(city: City) -> None:
    manifest = city.run.manifest
    assert {entry["dataset"] for entry in manifest["inputs"]["deliveries"]} == set(TAKEN)
    assert len(manifest["catalogue"]) == 64
    assert all(len(entry["sha256"]) == 64 for entry in manifest["inputs"]["deliveries"])


def test_a_department_that_did_not_deliver_leaves_its_facts_unknown(city: City) -> None:
    fields = pl.read_parquet(identify.run_folder(city.run) / "fields.parquet")
    sources = {field.id: field.source for field in load_catalogue().fields.values()}
    silent = [name for name in fields.columns if sources.get(name) == "department:fi_payroll"]
    spoken = [name for name in fields.columns if sources.get(name) == "department:ps_vehicles"]
    assert silent
    assert spoken
    assert all(fields[name].null_count() == fields.height for name in silent)
    assert all(fields[name].null_count() == 0 for name in spoken)


def test_a_repeated_run_has_the_same_digests(city: City) -> None:
    again = identify.execute_run(identify.repeat_run(by=city.cast["office"], run=city.run))
    assert again.rerun_of == city.run
    assert identify.differing_digests(city.run, again) == []


def test_a_changed_catalogue_refuses_the_repetition(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = {**engine_run.versions_in_use(), "catalogue": "0" * 64}
    monkeypatch.setattr(engine_run, "versions_in_use", lambda **_: changed)
    with pytest.raises(UserError, match="catalogue"):
        identify.repeat_run(by=city.cast["office"], run=city.run)


def test_an_interrupted_run_is_taken_up_where_it_stood(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    run = identify.start_run(by=city.cast["office"], region="4501", as_of=AS_OF, in_background=False)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setitem(engine_run._WORK, "compare", killed)
        with pytest.raises(KeyboardInterrupt):
            identify.execute_run(run)
    links = identify.run_folder(run) / "links.parquet"
    written = links.stat().st_mtime_ns
    done = identify.execute_run(Run.objects.get(pk=run.pk))
    assert (done.state, links.stat().st_mtime_ns) == (RunState.FINISHED, written)
    assert identify.differing_digests(city.run, done) == []


def test_a_failed_run_says_so_and_shows_no_result(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    run = identify.start_run(by=city.cast["office"], region="4501", as_of=AS_OF, in_background=False)

    def broken(*_: object) -> None:
        raise UserError("快照损坏", "the snapshot is damaged", "重新发起", "start again")

    monkeypatch.setattr(services, "load_results", broken)
    with pytest.raises(UserError):
        identify.execute_run(run)
    run.refresh_from_db()
    assert (run.state, run.problem["en"]) == (RunState.FAILED, "the snapshot is damaged")
    assert not HouseholdIndex.objects.filter(run=run).exists()


def test_the_counts_that_a_run_keeps_are_those_of_its_lists(city: City) -> None:
    for who in ("office", "county_office", "cadre", "department"):
        user = city.cast[who]
        for region in ("", "450124", "450125"):
            counts = identify.counts_known(user, city.run, region)
            index, found = identify.index_for(user, city.run), identify.findings_for(user, city.run)
            below = {"village_code__startswith": region}
            listed = (index.filter(**below).count(), found.filter(**below).count())
            severe = found.filter(severity__lte=2, **below).count()
            assert counts is None if listed == (0, 0) else counts == (*listed, severe), (who, region)
        rules = Counter(identify.findings_for(user, city.run).values_list("rule", flat=True))
        assert {row.rule: row.n for row in identify.rule_counts(user, city.run)} == rules


def test_the_explanation_names_delivery_and_row(city: City) -> None:
    office = city.cast["office"]
    linked = pl.read_parquet(identify.run_folder(city.run) / "links.parquet").filter(pl.col("dataset") == "mi_insured")
    told = identify.explain(office, city.run, linked["household_id"][0])
    evidence = [
        e for d in told["dimensions"] for i in d["indicators"] for e in i["evidence"] if e["dataset"] == "mi_insured"
    ]
    assert {(e["delivery"], e["row"]) for e in evidence} >= {(linked["delivery"][0], linked["row"][0])}
    assert sum(len(d["indicators"]) for d in told["dimensions"]) == 199


def test_the_explanation_holds_no_id_number(city: City) -> None:
    persons = pl.read_parquet(city.folder / "registry" / "persons.parquet")
    household = persons["household_id"][0]
    told = json.dumps(identify.explain(city.cast["office"], city.run, household), default=str)
    numbers = persons.filter(pl.col("household_id") == household)["id_number"].drop_nulls()
    assert len(numbers) > 0
    assert not any(number in told for number in numbers)


def test_a_household_outside_the_scope_is_not_explained(city: City) -> None:
    cadre = city.cast["cadre"]
    other = HouseholdIndex.objects.filter(run=city.run).exclude(village_code=cadre.region).first()
    assert other is not None
    with pytest.raises(identify.NotFound):
        identify.explain(cadre, city.run, other.household_id)


def test_doubtful_matches_are_cut_to_the_scope(city: City) -> None:
    everywhere = identify.doubts_for(city.cast["office"], city.run)
    county = identify.doubts_for(city.cast["county_office"], city.run)
    assert county == [doubt for doubt in everywhere if doubt.village_code.startswith(city.cast["county_office"].region)]
    assert identify.doubts_for(city.cast["department"], city.run) == []
