"""Eight households with all that crosses them: a spouse next door, a shared ID number, a later delivery, weak rows."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from fupin.engine.inputs import RunInputs
from fupin.engine.tests.city import VILLAGE, deliver, home, inputs, key, member, write_snapshot

RESIDENT = {"name": "张小三", "birth_date": date(1980, 6, 1), "sex": "1", "village_code": VILLAGE, "booklet_no": "b"}
CAR = {"vehicle_type": "K33", "state": "A", "registered_on": date(2019, 1, 1), "name": "张小三"}


def _people() -> list[dict[str, Any]]:
    neighbours = [
        member(f"P{i}", f"H{i}", key=key(i), name="李四", pinyin="lisi", birth_date=date(1950 + i, 1, i + 1))
        for i in range(2, 9)
    ]
    twice = member("P9", "H8", key=key(2), name="李四", pinyin="lisi", relation="02")
    return [member("P1", "H1", key=key(1)), *neighbours, twice]


def _ledger() -> list[dict[str, Any]]:
    months = [{"household_id": "H1", "month": 202000 + month, "period_months": 1, "wage_work": month * 1000}
              for month in range(1, 13)]  # fmt: skip
    return [*months, {"household_id": "H5", "month": 202012, "period_months": 12, "wage_work": 777}]


def build(folder: Path) -> RunInputs:
    """The snapshot and five deliveries of the hamlet; one household stands outside the region."""
    homes = [*(home(f"H{i}") for i in range(1, 9)), {**home("H90"), "village_code": "110101001001"}]
    snapshot = write_snapshot(folder / "snapshot", households=homes, persons=_people(), ledger=_ledger())
    lake = folder / "lake"
    before = [{**CAR, "plate": "桂A1", "id_number_key": key(1)}, {**CAR, "plate": "桂A2", "id_number_key": key(99)}]
    after = [{**CAR, "plate": "桂A1", "id_number_key": key(3)}, {**CAR, "plate": "桂A3", "id_number_key": key(2)}]
    roll = [{**RESIDENT, "id_number_key": key(1)}, RESIDENT, {**RESIDENT, "name": "张晓叁", "booklet_no": "c"},
            {**RESIDENT, "name": "王五"}, {**RESIDENT, "name": "欧阳修竹", "id_number_key": key(2)}]  # fmt: skip
    couple = {"id_number_key": key(4), "spouse_id_key": key(5), "registered_on": date(2001, 5, 1)}
    return inputs(
        snapshot,
        deliver(lake, "ps_vehicles", before, "D-cars-old", date(2020, 6, 30)),
        deliver(lake, "ps_vehicles", after, "D-cars-new"),
        deliver(lake, "ps_residents", roll),
        deliver(lake, "ca_marriages", [couple]),
        deliver(lake, "st_villages", [{"village_code": VILLAGE, "name": "村"}]),
    )
