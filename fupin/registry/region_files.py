"""The files of divisions and boundaries that a province hands over: read, checked, every fault with its place."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from fupin.kernel.errors import UserError
from fupin.kernel.regions import is_code

DIGITS_OF = {"county": 6, "town": 9, "village": 12}
KIND_ZH = {"county": "县", "town": "乡镇", "village": "村"}


@dataclass(frozen=True)
class Boundary:
    """A county's polygon (WGS84) and the names above it."""

    code: str
    name: str
    city_name: str
    province_name: str
    geometry: BaseGeometry


@dataclass(frozen=True)
class Divisions:
    """Names by code for each level, and the counties' boundaries."""

    counties: Mapping[str, str]
    towns: Mapping[str, str]
    villages: Mapping[str, str]
    boundaries: Mapping[str, Boundary]


def read_divisions(
    villages_csv: Path, towns_csv: Path, counties_csv: Path | None, boundaries_geojson: Path
) -> Divisions:
    """Raises UserError for a file, row or column that is wrong, and for a child without its parent."""
    boundaries = read_boundaries(boundaries_geojson)
    counties = {code: boundary.name for code, boundary in boundaries.items()}
    if counties_csv is not None:
        counties |= read_names(counties_csv, "county")
    towns, villages = read_names(towns_csv, "town"), read_names(villages_csv, "village")
    _each_below(towns, boundaries, 6, towns_csv, boundaries_geojson)
    _each_below(villages, towns, 9, villages_csv, towns_csv)
    return Divisions(counties, towns, villages, boundaries)


def read_names(path: Path, kind: str) -> dict[str, str]:
    """code → name of a CSV file with at least the columns ``code`` and ``name``, in the order of the codes."""
    reader = csv.DictReader(io.StringIO(_text(path), newline=""))
    for column in ("code", "name"):
        if column not in (reader.fieldnames or ()):
            raise _fault(
                path,
                1,
                column,
                "没有这一列",
                "there is no such column",
                "首行写列名 code,name",
                "first line: code,name",
            )
    names: dict[str, str] = {}
    for row in reader:
        code, name, line = (row["code"] or "").strip(), (row["name"] or "").strip(), reader.line_num
        if not is_code(code) or len(code) != DIGITS_OF[kind]:
            digits = DIGITS_OF[kind]
            zh, en = f"{KIND_ZH[kind]}代码应为 {digits} 位数字", f"the code of a {kind} has {digits} digits"
            raise _fault(path, line, "code", zh, en, "改正代码（不要让表格软件去掉前导零）", "correct the code")
        if code in names:
            raise _fault(
                path, line, "code", f"代码 {code} 重复", f"{code} stands twice", "删去重复的行", "drop one row"
            )
        if not name:
            raise _fault(path, line, "name", "名称为空", "the name is empty", "补上名称", "fill in the name")
        names[code] = name
    if not names:
        raise _fault(path, 1, "code", "文件没有数据行", "the file has no rows", "换一个文件", "give another file")
    return dict(sorted(names.items()))


def read_boundaries(path: Path) -> dict[str, Boundary]:
    """County polygons by six-digit code from GeoJSON properties district_adcode and district_name."""
    try:
        features = json.loads(_text(path))["features"]
    except (ValueError, KeyError, TypeError):
        raise UserError(
            f"{path.name} 不是 GeoJSON 要素集",
            f"{path.name} is no GeoJSON FeatureCollection",
            "请导出为 GeoJSON",
            "export it as GeoJSON",
        ) from None
    found: dict[str, Boundary] = {}
    for number, feature in enumerate(features, 1):
        boundary = _boundary(path, number, feature)
        found[boundary.code] = boundary
    return dict(sorted(found.items()))


def _boundary(path: Path, number: int, feature: Mapping[str, Any]) -> Boundary:
    properties = feature.get("properties") or {}
    code, name = str(properties.get("district_adcode", "")), str(properties.get("district_name", ""))
    if not is_code(code) or len(code) != 6 or not name:
        zh, en = "缺少六位县代码或县名", "no six-digit county code or no name"
        hint = "properties: district_adcode, district_name"
        raise _fault(path, number, "district_adcode", zh, en, f"补上 {hint}", f"add {hint}")
    try:
        geometry = shapely.make_valid(shape(feature["geometry"]))
    except (KeyError, TypeError, ValueError, AttributeError, shapely.errors.ShapelyError):
        geometry = None
    if geometry is None or geometry.is_empty or geometry.area == 0:
        raise _fault(
            path, number, "geometry", f"{name}没有面", f"{name} has no polygon", "重新导出边界", "export it again"
        )
    city, province = str(properties.get("city_name") or ""), str(properties.get("province_name") or "")
    return Boundary(code, name, city, province, geometry)


def _each_below(children: Mapping[str, str], parents: Mapping[str, Any], digits: int, path: Path, above: Path) -> None:
    for line, (code, name) in enumerate(children.items(), 2):
        if code[:digits] not in parents:
            zh, en = (
                f"{name}（{code}）的上级 {code[:digits]} 不在 {above.name} 中",
                f"{code[:digits]} is not in {above.name}",
            )
            raise _fault(
                path,
                line,
                "code",
                zh,
                en,
                f"把它加进 {above.name}，或删去这一行",
                f"add it to {above.name}, or drop the row",
            )


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"打不开文件 {path}：{error.strerror}",
            f"cannot open {path}: {error.strerror}",
            "检查路径",
            "check the path",
        ) from None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UserError(
        f"{path.name} 既不是 UTF-8 也不是 GB18030",
        f"{path.name} is neither UTF-8 nor GB18030",
        "另存为 UTF-8",
        "save it as UTF-8",
    )


def _fault(path: Path, line: int, column: str, zh: str, en: str, hint_zh: str, hint_en: str) -> UserError:
    place_zh, place_en = f"{path.name} 第 {line} 行「{column}」：", f"{path.name}, row {line}, column {column}: "
    return UserError(place_zh + zh, place_en + en, hint_zh, hint_en)
