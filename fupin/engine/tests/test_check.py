from pathlib import Path

import pytest

from fupin.engine.check import check_catalogue

FIELDS = """
[[field]]
id = "beds"
zh = "床"
en = "beds"
type = "int"
source = "survey"
table = "survey"
take = "value"
of = "beds"
null = "未填"
"""
INDICATORS = """
dimension = "housing"
zh = "住房"
en = "housing"
look = "house"
weight = 12
[[indicator]]
id = "beds"
zh = "床位"
en = "beds"
field = "beds"
points = 1200
bands = [{ below = 1, points = 0 }, { points = 1200 }]
applies = "beds < 99"
evidence = "survey"
reference = "试行：测试"
examples = [
  { value = 0, points = 0 }, { value = 3, points = 1200 }, { given = { beds = 99 }, applies = false },
  { value = "unknown" },
]
"""
RULES = """
[[rule]]
id = "car"
version = 1
zh = "有车"
en = "car"
direction = "misplaced"
severity = 1
topic = "car"
population = "registered"
table = "ps_vehicles"
where = "state = 'A'"
message = { zh = "{n}", en = "{n}" }
notify = "cadre"
reference = "试行：测试"
exemptions = [{ id = "old", zh = "旧", en = "old", where = "registered_on_days > 3650", reference = "试行" }]
examples = [
  { expect = "hit", rows = [{ state = "A" }] },
  { expect = "miss", rows = [{ state = "E" }] },
  { expect = "exempt", exemption = "old", rows = [{ state = "A", registered_on_days = 4000 }] },
]
"""


def _faults(folder: Path, old: str = "", new: str = "") -> str:
    for name, text in (("fields", FIELDS), ("indicators", INDICATORS), ("rules/compare", RULES)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "x.toml").write_text(text.replace(old, new) if old else text, encoding="utf-8")
    faults = check_catalogue(folder)
    return "\n".join(fault for fault in faults if "has no file" not in fault and "laid down" not in fault)


def test_a_sound_catalogue_has_no_faults(tmp_path: Path) -> None:
    assert _faults(tmp_path) == ""


def test_the_shipped_catalogue_has_no_faults() -> None:
    assert check_catalogue() == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('of = "beds"', 'of = "bedz"', "no column 'bedz'"),
        ('take = "value"', 'take = "sum"', "take = 'value'"),
        ('source = "survey"', 'source = "registry"', "source = 'survey'"),
        ('field = "beds"', 'field = "sofas"', "no field 'sofas'"),
        ("{ points = 1200 }]", "{ points = 600 }]", "reach from 0 to 1200"),
        ("points = 1200", "points = 1100", "add up to 1100"),
        ("{ value = 0, points = 0 }, ", "", "no example with points = 0"),
        ("value = 3, points = 1200", "value = 0, points = 1200", "gives 0, not 1200"),
        ("beds = 99", "beds = 9", "gives 1200, not -2"),
        ('reference = "试行：测试"', 'reference = ""', "missing reference"),
        ('evidence = "survey"', 'evidence = "ledger"', "known from survey"),
        ("state = 'A'\"", "state = 1\"", "types do not fit"),
        ('expect = "hit", rows = [{ state = "A" }]', 'expect = "hit", rows = [{ state = "B" }]', "expected hit"),
        ("registered_on_days = 4000", "registered_on_days = 40", "expected exempt"),
        ('topic = "car"', 'topic = "boat"', "topic = 'boat'"),
        ("{n}", "{colour}", "{colour}"),
        ("severity = 1", "severity = 7", "severity = 7"),
        ('id = "old"', 'id = "old"\nx = 1', "not valid TOML"),
        ("version = 1", "version = 1\ncolour = 2", "unknown key colour"),
    ],
)  # fmt: skip
def test_each_fault_is_refused_with_its_place(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert words in _faults(tmp_path, old, new)


def test_two_indicators_that_say_the_same_are_refused(tmp_path: Path) -> None:
    entry = INDICATORS[INDICATORS.index("[[indicator]]") :]
    twice = entry.replace("points = 1200", "points = 600")
    faults = _faults(tmp_path, entry, twice + twice.replace('id = "beds"', 'id = "beds_again"'))
    assert "says nothing new" in faults
