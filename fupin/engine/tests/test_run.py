import json
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fupin.catalogue.fields import Field
from fupin.catalogue.load import load_catalogue
from fupin.catalogue.rules import Exemption, Rule
from fupin.engine import run as run_module
from fupin.engine.compare import compare, plan_rule, render
from fupin.engine.digest import digest_file, digest_frame
from fupin.engine.explain import explain
from fupin.engine.inputs import RunInputs
from fupin.engine.link import link_persons
from fupin.engine.run import execute, read_manifest
from fupin.engine.score import score
from fupin.engine.staging import Stage
from fupin.engine.tests.city import VILLAGE, deliver, home, inputs, key, member, write_snapshot
from fupin.kernel.errors import UserError

RESIDENT = {"name": "张小三", "birth_date": date(1980, 6, 1), "sex": "1", "village_code": VILLAGE, "booklet_no": "b"}


def _people(count: int) -> list[dict[str, Any]]:
    others = [
        member(f"P{i}", f"H{i}", key=key(i), name="李四", pinyin="lisi", birth_date=date(1950 + i, 1, i + 1))
        for i in range(2, count)
    ]
    return [member("P1", "H1", key=key(1)), *others]


@pytest.fixture
def hamlet(tmp_path: Path) -> RunInputs:
    return _hamlet(tmp_path)


@dataclass(frozen=True)
class Ran:
    """A hamlet and a run over it, for all tests that only read."""

    inputs: RunInputs
    folder: Path
    manifest: dict[str, Any]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder: Path = tmp_path_factory.mktemp("ran")
    hamlet = _hamlet(folder)
    return Ran(hamlet, folder / "run", execute(hamlet, folder / "run"))


def _hamlet(tmp_path: Path) -> RunInputs:
    people = _people(9)
    snapshot = write_snapshot(tmp_path / "snapshot", households=[home(f"H{i}") for i in range(1, 9)], persons=people)
    car = {"plate": "桂A1", "vehicle_type": "K33", "state": "A", "registered_on": date(2019, 1, 1), "name": "张小三"}
    cars = deliver(
        tmp_path / "lake",
        "ps_vehicles",
        [{**car, "id_number_key": key(1)}, {**car, "plate": "桂A2", "id_number_key": key(99)}],
    )
    return inputs(snapshot, cars)


def test_rows_without_a_number_are_linked_by_name_birth_date_and_place(tmp_path: Path) -> None:
    snapshot = write_snapshot(tmp_path, households=[home(f"H{i}") for i in range(1, 9)], persons=_people(9))
    rows = [
        {**RESIDENT, "id_number_key": key(1)},
        RESIDENT,
        {**RESIDENT, "name": "张晓叁", "booklet_no": "homophones"},
        {**RESIDENT, "name": "王五", "booklet_no": "another name"},
        {**RESIDENT, "name": "欧阳修竹", "id_number_key": key(2)},
    ]
    roll = deliver(tmp_path, "ps_residents", rows)
    links, doubtful = link_persons(Stage(inputs(snapshot, roll)), load_catalogue())
    found = {row: (person, method) for row, person, method in links.select("row", "person_id", "method").rows()}
    assert found[2] == ("P1", "exact")
    assert found[3] == ("P1", "probable")
    assert found[4] == ("P1", "probable")
    assert 5 not in found
    assert found[6] == ("P2", "exact")
    assert doubtful.select("row", "reason").rows() == [(6, "name_mismatch")]


def test_a_name_in_the_village_without_a_birth_date_is_left_to_people(tmp_path: Path) -> None:
    people = [member("P1", "H1", key=key(1)), member("P2", "H1", name="李四", pinyin="lisi")]
    snapshot = write_snapshot(tmp_path, households=[home("H1")], persons=people)
    roll = deliver(tmp_path, "ps_residents", [{**RESIDENT, "birth_date": None}])
    links, doubtful = link_persons(Stage(inputs(snapshot, roll)), load_catalogue())
    assert not len(links)
    assert doubtful.select("person_id", "reason").rows() == [("P1", "probable")]
    assert 5000 <= doubtful["probability"][0] < 9500


def _rule(**values: Any) -> Rule:
    exemption = Exemption(
        "bought_after", "识别后购买", "bought later", "registered_on_days < h_registered_on_days", "试行"
    )
    base: dict[str, Any] = {
        "id": "car", "version": 1, "zh": "有车", "en": "car", "direction": "misplaced", "severity": 1, "topic": "car",
        "population": "registered", "table": "ps_vehicles", "where": "state = 'A'", "exemptions": (exemption,),
        "message": {"zh": "{name}有{n}辆车（{vehicle_type}，合计{s_price}）", "en": "{name}: {n} cars, {s_price}"},
        "notify": "cadre", "reference": "试行", "examples": (),
    }  # fmt: skip
    return Rule(**{**base, **values})


def _findings(tmp_path: Path, rule: Rule, cars: list[dict[str, Any]], **household: Any) -> pl.DataFrame:
    snapshot = write_snapshot(tmp_path, households=[home("H1", **household)], persons=[member("P1", "H1", key=key(1))])
    delivered = deliver(
        tmp_path, "ps_vehicles", [{"id_number_key": key(1), "plate": str(i), **car} for i, car in enumerate(cars)]
    )
    stage = Stage(inputs(snapshot, delivered))
    links, _ = link_persons(stage, load_catalogue())
    catalogue = load_catalogue()
    own = type(catalogue)(
        {"beds": Field("beds", "床", "beds", "int", "survey", "")}, (), {rule.id: rule}, catalogue.parameters
    )
    fields = pl.LazyFrame({"household_id": ["H1"], "beds": [3]})
    return compare(Stage(stage.inputs, links), own, fields)


def test_a_finding_carries_sums_evidence_and_a_masked_name(tmp_path: Path) -> None:
    cars: list[dict[str, Any]] = [
        {"state": "A", "vehicle_type": "K33", "price": 1000},
        {"state": "A", "vehicle_type": "K33", "price": 250},
        {"state": "E"},
    ]
    rule = _rule()
    found = _findings(tmp_path, rule, cars).row(0, named=True)
    assert (found["rule"], found["n"], found["exempted"], found["village_code"]) == ("car", 2, 0, VILLAGE)
    assert [(e["row"], e["person_id"], e["method"]) for e in found["evidence"]] == [
        (2, "P1", "exact"),
        (3, "P1", "exact"),
    ]
    assert json.loads(found["params"])["name"] == "张*三"
    assert render(rule, found["params"], "en") == "张*三: 2 cars, 12.50 yuan"
    assert "小" not in found["params"]


def test_an_exempted_row_is_taken_out_before_having(tmp_path: Path) -> None:
    days = {"registered_on": date(2015, 1, 1)}
    cars = [{"state": "A", "registered_on": date(2019, 1, 1)}, {"state": "A", "registered_on": date(2010, 1, 1)}]
    found = _findings(tmp_path, _rule(), cars, **days)
    assert found.select("n", "exempted").rows() == [(1, 1)]
    assert not len(_findings(tmp_path, _rule(having="n >= 2"), cars, **days))
    assert len(_findings(tmp_path, _rule(having="n >= 1 AND f_beds = 3"), cars, **days)) == 1


def test_other_populations_and_unknown_conditions_do_not_match(tmp_path: Path) -> None:
    assert not len(_findings(tmp_path, _rule(), [{"state": None}]))
    assert not len(_findings(tmp_path, _rule(), [{"state": "A"}], state="9"))
    assert len(_findings(tmp_path, _rule(population="unregistered"), [{"state": "A"}], state="9")) == 1


def test_a_rule_naming_what_is_not_there_is_refused() -> None:
    for wrong in ({"where": "colour = 'red'"}, {"having": "m > 1"}, {"message": {"zh": "{colour}", "en": ""}}):
        with pytest.raises(ValueError, match="car"):
            plan_rule(_rule(**wrong), {})


def test_the_same_inputs_give_the_same_digests_and_a_killed_run_goes_on(
    ran: Ran, hamlet: RunInputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ran.manifest
    assert first["counts"]["index"] == 8
    assert first["counts"]["methods"] == {"exact": 1}

    def killed(_run: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(run_module, "_WORK", {**run_module._WORK, "compare": killed})
        with pytest.raises(KeyboardInterrupt):
            execute(hamlet, tmp_path / "second")
    with pytest.raises(UserError, match="manifest"):
        read_manifest(tmp_path / "second")
    written = (tmp_path / "second" / "fields.parquet").stat().st_mtime_ns
    second = execute(hamlet, tmp_path / "second")
    assert (tmp_path / "second" / "fields.parquet").stat().st_mtime_ns == written
    assert second["digests"] == first["digests"] == read_manifest(tmp_path / "second")["digests"]


def test_a_missing_input_is_named(hamlet: RunInputs, tmp_path: Path) -> None:
    hamlet.deliveries[0].path.unlink()
    with pytest.raises(UserError, match=r"D-ps_vehicles\.parquet"):
        execute(hamlet, tmp_path / "run")


def test_an_explanation_names_value_points_and_source(ran: Ran) -> None:
    told = explain(ran.folder, ran.inputs, "H1")
    assert sum(len(dimension["indicators"]) for dimension in told["dimensions"]) == len(load_catalogue().indicators)
    lost = [i for d in told["dimensions"] for i in d["indicators"] if i["status"] == "unknown"]
    assert len(lost) == told["unknown"] > 0
    assert told["unknown_fields"][0]["narrows"] > 0
    with pytest.raises(UserError, match="H77"):
        explain(ran.folder, ran.inputs, "H77")


def test_a_digest_ignores_the_order_of_rows_and_sees_every_change(tmp_path: Path) -> None:
    frame = pl.DataFrame({"k": ["b", "a", "c"], "i": [1, None, 3], "d": [0.1 + 0.2, 1.0, None],
                          "f": [True, False, None],
                          "e": [[{"x": 1, "y": "q"}], [], [{"x": None, "y": "q"}]]})  # fmt: skip
    digest = digest_frame(frame, ["k"])
    assert digest == digest_frame(frame.reverse(), ["k"])
    assert digest == digest_frame(frame.with_columns(pl.Series("d", [0.3, 1.0, None])), ["k"])
    frame.write_parquet(tmp_path / "x.parquet")
    assert digest == digest_file(tmp_path / "x.parquet", ["k"])
    changes = [
        pl.Series("i", [1, 0, 3]),
        pl.Series("d", [0.301, 1.0, None]),
        pl.Series("f", [True, None, None]),
        pl.Series("e", [[{"x": 1, "y": "q"}], [{"x": None, "y": "q"}], []]),
    ]
    assert digest not in [digest_frame(frame.with_columns(change), ["k"]) for change in changes]


def test_the_score_counts_rules_hidden_errors_and_targeting(ran: Ran, tmp_path: Path) -> None:
    run, truth = tmp_path / "run", tmp_path / "truth"
    shutil.copytree(ran.folder, run)
    truth.mkdir()
    findings = pl.DataFrame({"household_id": ["H1", "H2", "H3"], "rule": ["car"] * 3, "topic": ["car"] * 3,
                             "direction": ["misplaced"] * 3})  # fmt: skip
    findings.write_parquet(run / "findings.parquet")
    planted = {"household_id": ["H1", "H2", "H4", "H3", "H5"], "topic": ["car", "car", "car", "income", "income"],
               "class": ["fraud", "lookalike", "fraud", "error", "error"],
               "described": [True, False, True, False, False]}  # fmt: skip
    pl.DataFrame(planted).write_parquet(truth / "anomalies.parquet")
    ids = [f"H{i}" for i in range(1, 9)]
    poor = {"household_id": ids, "state": ["0"] * 8, "welfare": list(range(8)), "truly_poor": [True] * 4 + [False] * 4}
    pl.DataFrame(poor).write_parquet(truth / "households.parquet")
    told = score(run, truth)
    told_of_car = {"topic": "car", "found": 3, "tp": 1, "fp": 2, "precision": 0.3333, "recall": 0.5, "claim": 0.0}
    assert told["rules"]["car"] == told_of_car  # the three homes are truly poor: not one is misplaced
    assert told["topics"]["income"] == {"tp": 0, "fp": 0, "fn": 2, "precision": None, "recall": 0.0}
    assert (told["undescribed"]["planted"], told["undescribed"]["found"]) == (2, 1)
    assert told["targeting"]["income_as_many_as_poor"]["selected"] == 4
    with pytest.raises(UserError, match="anomalies"):
        score(run, tmp_path / "nowhere")
