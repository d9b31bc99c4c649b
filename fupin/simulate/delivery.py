"""From facts to the delivered files: rows are gathered per data set and written when there are enough of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from fupin.catalogue.schema import Dataset, datasets
from fupin.simulate.arrays import generator
from fupin.simulate.files import write_sheet, write_text
from fupin.simulate.rates import Rates
from fupin.simulate.render import render
from fupin.simulate.styles import Style, style_of

FILE_ROWS = 300_000

#: data sets that come twice: also as they stood three months before
TWICE = ("ca_subsistence", "ps_vehicles", "hr_employees", "mr_traders", "hr_posts")
NOTE = "模拟数据 generated data"


@dataclass
class Deliveries:
    """All deliveries of the city. ``files`` are the rows of the manifest."""

    folder: Path
    seed: int
    rates: Rates
    cut_off: date
    waiting: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    written: dict[str, int] = field(default_factory=dict)
    files: list[dict[str, str | int]] = field(default_factory=list)

    def add(self, name: str, rows: pl.DataFrame) -> None:
        self.waiting.setdefault(name, []).append(rows)
        while sum(map(len, self.waiting[name])) >= FILE_ROWS:
            everything = pl.concat(self.waiting[name])
            self._write(name, everything[:FILE_ROWS])
            self.waiting[name] = [everything[FILE_ROWS:]]

    def close(self) -> None:
        """Write what is left and the manifest. Data sets without any row come as a file with a header only."""
        for name in datasets():
            rows = self.waiting.pop(name, [])
            left = pl.concat(rows) if rows else None
            if left is not None and (len(left) or name not in self.written):
                self._write(name, left)
        order = {name: i for i, name in enumerate(datasets())}
        self.files.sort(key=lambda entry: (order[str(entry["dataset"])], str(entry["cut_off"]), str(entry["file"])))
        pl.DataFrame(self.files).write_csv(self.folder / "manifest.csv")

    def _write(self, name: str, rows: pl.DataFrame) -> None:
        number = self.written[name] = self.written.get(name, 0) + 1
        dataset = datasets()[name]
        whole = number == 1 and len(rows) < FILE_ROWS
        style = style_of(name, dataset.department, len(rows) if whole else FILE_ROWS)
        if name in TWICE:
            before = self.cut_off - timedelta(days=92)
            self._file(dataset, _as_of(dataset, rows, before), style, before, number, whole)
        self._file(dataset, rows, style, self.cut_off, number, whole)

    def _file(self, dataset: Dataset, rows: pl.DataFrame, style: Style, day: date, number: int, whole: bool) -> None:
        rng = generator(self.seed, 6, list(datasets()).index(dataset.id), number, day.toordinal())
        frame = render(rng, dataset, rows, style, self.rates)
        folder = self.folder / dataset.department
        folder.mkdir(parents=True, exist_ok=True)
        tail = "" if whole else f"_{number:02d}"
        path = folder / f"{dataset.zh}_{day:%Y%m%d}{tail}.{'xlsx' if style.xlsx else 'csv'}"
        title = (
            [f"南宁市{dataset.department_zh}{dataset.zh}（模拟数据）", f"数据截止日期：{day.isoformat()}"]
            if style.title
            else []
        )
        if style.xlsx:
            write_sheet(path, frame, title)
        else:
            write_text(path, frame, style, title)
        self.files.append(
            {
                "file": str(path.relative_to(self.folder)),
                "dataset": dataset.id,
                "provider": dataset.department_zh,
                "batch": f"{day:%Y%m}-{number:02d}",
                "cut_off": day.isoformat(),
                "rows": len(frame),
                "note": NOTE,
            }
        )


def _as_of(dataset: Dataset, rows: pl.DataFrame, day: date) -> pl.DataFrame:
    """The rows as they stood on an earlier day: what began later is not there yet."""
    started = [c.name for c in dataset.columns.values() if c.type == "date" and c.required]
    for name in started:
        rows = rows.filter(pl.col(name) <= day)
    return rows
