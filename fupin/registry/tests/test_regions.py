from __future__ import annotations

import json
from pathlib import Path
from typing import TypedDict

import numpy as np
import pytest
import shapely
from shapely.geometry import shape

from fupin.accounts.tests.fixtures import Cast
from fupin.kernel.errors import Forbidden, UserError
from fupin.registry import api as registry
from fupin.registry.cells import cells_of_county, divide
from fupin.registry.models import Region

HORSESHOE = shapely.Polygon([(0, 0), (3, 0), (3, 3), (2, 3), (2, 1), (1, 1), (1, 3), (0, 3)])
VILLAGES = "code,name,streetCode\n450124100201,新汉村委会,450124100\n450124100202,尚新村委会,450124100\n"
TOWNS = "code,name\n450124100,白山镇\n"
FEATURE = {
    "type": "Feature",
    "properties": {
        "district_adcode": 450124,
        "district_name": "马山县",
        "city_name": "南宁市",
        "province_name": "广西",
    },
    "geometry": shapely.geometry.mapping(HORSESHOE),
}


class Files(TypedDict):
    villages_csv: Path
    towns_csv: Path
    boundaries_geojson: Path


def files(folder: Path, villages: str = VILLAGES, towns: str = TOWNS, features: object = None) -> Files:
    paths = Files(villages_csv=folder / "v.csv", towns_csv=folder / "t.csv", boundaries_geojson=folder / "b.geojson")
    collection = {"type": "FeatureCollection", "features": [FEATURE] if features is None else features}
    paths["villages_csv"].write_text(villages, encoding="utf-8")
    paths["towns_csv"].write_text(towns, encoding="utf-8")
    paths["boundaries_geojson"].write_text(json.dumps(collection), encoding="utf-8")
    return paths


@pytest.mark.parametrize("count", [1, 2, 7, 40])
def test_cells_fill_the_area_without_overlap(count: int) -> None:
    cells = divide(HORSESHOE, count, seed=450124)
    assert len(cells) == count
    assert sum(cell.area for cell in cells) == pytest.approx(HORSESHOE.area, abs=1e-5)
    assert shapely.union_all(cells).symmetric_difference(HORSESHOE).area == pytest.approx(0, abs=1e-5)
    assert all(cell.geom_type == "Polygon" for cell in cells)


def test_cells_are_of_similar_size_and_the_same_every_time() -> None:
    areas = shapely.area(divide(HORSESHOE, 40, seed=1))
    assert areas.max() / np.median(areas) < 2.5
    again = divide(HORSESHOE, 40, seed=1)
    assert shapely.area(again).tolist() == areas.tolist()


def test_villages_lie_in_their_town_and_a_town_is_their_union() -> None:
    towns = ["450124100", "450124101", "450124102"]
    villages = [f"{town}2{number:02d}" for town in towns[:2] for number in range(1, 6)]
    cells = cells_of_county(HORSESHOE, towns, villages)
    for town in towns[:2]:
        union = shapely.union_all([cells[code] for code in villages if code.startswith(town)])
        assert union.symmetric_difference(cells[town]).area < 1e-4
    assert cells["450124102"].area > 0


def test_the_shipped_regions_of_nanning(cast: Cast) -> None:
    counts = registry.load_shipped_regions(by=cast.office)
    assert counts == {1: 1, 2: 1, 3: 12, 4: 138, 5: 1856}
    assert set(Region.objects.filter(illustrative=True).values_list("level", flat=True)) == {4, 5}
    city, county, village = (Region.objects.get(code=code) for code in ("4501", "450124", "450124100201"))
    assert city.geometry
    assert county.geometry
    assert village.geometry
    assert village.lon
    assert village.lat
    assert (county.name, county.pinyin, village.name) == ("马山县", "ma shan xian", "新汉村委会")
    assert shape(county.geometry).buffer(1e-4).contains(shape(village.geometry))
    assert shape(village.geometry).covers(shapely.Point(village.lon, village.lat))
    assert shape(city.geometry).area > shape(county.geometry).area


def test_loading_again_updates_the_names(cast: Cast, tmp_path: Path) -> None:
    registry.load_regions(by=cast.office, **files(tmp_path))
    registry.load_regions(by=cast.office, **files(tmp_path, towns="code,name\n450124100,新名镇\n"))
    assert Region.objects.get(code="450124100").name == "新名镇"
    assert Region.objects.count() == 6


def test_a_gb18030_file_is_read(cast: Cast, tmp_path: Path) -> None:
    paths = files(tmp_path)
    paths["towns_csv"].write_text(TOWNS, encoding="gb18030")
    registry.load_regions(by=cast.office, **paths)
    assert Region.objects.get(code="450124100").name == "白山镇"


@pytest.mark.parametrize(
    ("villages", "towns", "features", "says"),
    [
        (VILLAGES.replace("450124100202", "45012410020"), TOWNS, None, "v.csv 第 3 行「code」：村代码应为 12 位"),
        (VILLAGES.replace("450124100202", "450124100201"), TOWNS, None, "第 3 行「code」：代码 450124100201 重复"),
        (VILLAGES.replace("尚新村委会", ""), TOWNS, None, "第 3 行「name」：名称为空"),
        (VILLAGES.replace("code,name", "daima,name"), TOWNS, None, "第 1 行「code」：没有这一列"),
        ("code,name\n", TOWNS, None, "没有数据行"),
        (VILLAGES, "code,name\n450124200,白山镇\n", None, "上级 450124100 不在 t.csv 中"),
        (VILLAGES, TOWNS, [], "上级 450124 不在 b.geojson 中"),
        (VILLAGES, TOWNS, [{"type": "Feature", "properties": {}, "geometry": None}], "缺少六位县代码"),
        (VILLAGES, TOWNS, [{**FEATURE, "geometry": None}], "马山县没有面"),
    ],
)
def test_a_faulty_file_is_refused_with_its_place(
    cast: Cast, tmp_path: Path, villages: str, towns: str, features: object, says: str
) -> None:
    with pytest.raises(UserError, match=says) as caught:
        registry.load_regions(by=cast.office, **files(tmp_path, villages, towns, features))
    assert caught.value.hint_zh
    assert not Region.objects.exists()


def test_files_that_are_none_are_refused(cast: Cast, tmp_path: Path) -> None:
    paths = files(tmp_path)
    paths["boundaries_geojson"].write_text("no json")
    with pytest.raises(UserError, match="不是 GeoJSON"):
        registry.load_regions(by=cast.office, **paths)
    paths["boundaries_geojson"].unlink()
    with pytest.raises(UserError, match="打不开文件"):
        registry.load_regions(by=cast.office, **paths)


def test_only_the_office_loads_regions(cast: Cast, tmp_path: Path) -> None:
    with pytest.raises(Forbidden):
        registry.load_regions(by=cast.department, **files(tmp_path))
