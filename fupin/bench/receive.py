"""Receive: ten million rows of CSV through the door, against Polars alone, in UTF-8 and in GB18030.

Ours is ``exchange.api.receive`` as it runs in production: SHA-256 and an encrypted copy of the file, encoding,
delimiter and header found out, every cell checked, bad rows quarantined (one row in a thousand is bad), doubles found,
ID numbers replaced by keyed hashes, Parquet written, synced to disk and digested, the ledger row in PostgreSQL. The
reference only reads, casts, hashes each distinct ID number once (with our own hash function, which is twice as quick
as ``hmac.digest``) and writes Parquet; for GB18030 it recodes the file first.
"""

from __future__ import annotations

import codecs
import shutil
from collections.abc import Iterable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from fupin.bench.frame import Result, Work, alternate, made
from fupin.bench.own_house import enter, running
from fupin.exchange.hashing import HASH_BYTES, hashing
from fupin.kernel.identity import CHECK_DIGITS, WEIGHTS
from fupin.kernel.keys import Key

ROWS, QUICK_ROWS = 10_000_000, 100_000
PERSONS_IN_100_ROWS = 57  # as in the generated city's deliveries of this data set
BAD_EVERY = 1_000
CUT_OFF = date(2019, 12, 31)
HEADINGS = ("身份证号", "姓名", "补贴项目", "发放金额", "发放日期", "账号后四位")
ITEMS = ("01", "02", "03", "08", "09")
AT_ONCE = 500_000
BLOCK = 8 << 20
FILE = "card.csv"
ENCODINGS = ("utf-8", "gb18030")
REPEATS = 1
REACH = 1.5


def make_file(path: Path, rows: int, encoding: str) -> None:
    """A delivery of card subsidies, CRLF line ends; nobody in it exists."""
    random = np.random.default_rng(20191231)
    persons = max(1, rows * PERSONS_IN_100_ROWS // 100)
    with path.open("wb") as stream:
        stream.write((",".join(HEADINGS) + "\r\n").encode(encoding))
        for start in range(0, rows, AT_ONCE):
            text = _rows(np.arange(start, min(start + AT_ONCE, rows)), persons, random)
            stream.write(text if encoding == "utf-8" else text.decode().encode(encoding))


def _rows(numbers: np.ndarray[Any, Any], persons: int, random: np.random.Generator) -> bytes:
    size = len(numbers)
    names = np.array(["韦小明", "黄美花", "覃大山", "莫·阿依", "陆志强", "蒙秀英", "农建国"])
    amounts = np.where(numbers % BAD_EVERY == BAD_EVERY - 1, -1.0, random.integers(1_000, 500_000, size) / 100)
    frame = pl.DataFrame(
        {
            # 7,919 and the number of persons share no divisor: persons come back far apart, as in real files
            "id_number": id_numbers(numbers * 7_919 % persons),
            "name": names[random.integers(0, len(names), size)],
            "item": np.array(ITEMS)[numbers // persons % len(ITEMS)],
            "amount": pl.Series(amounts).cast(pl.Decimal(12, 2)).cast(pl.String),
            "paid_on": pl.Series(np.datetime64("2019-01-01") + random.integers(0, 360, size)).cast(pl.Date),
            "account_tail": pl.Series(random.integers(0, 10_000, size)).cast(pl.String).str.zfill(4),
        }
    )
    return frame.write_csv(include_header=False, line_terminator="\r\n").encode()


def id_numbers(persons: np.ndarray[Any, Any]) -> pl.Series:
    """The valid 18-character number of each invented person, at most 36 million of them."""
    serial, days = persons % 1_000, persons // 1_000
    born = np.datetime64("1920-01-01") + days.astype("timedelta64[D]")
    text = pl.DataFrame({"born": pl.Series(born).cast(pl.Date), "serial": serial}).select(
        pl.concat_str(
            pl.lit("450123"), pl.col("born").dt.strftime("%Y%m%d"), pl.col("serial").cast(pl.String).str.zfill(3)
        )
    )
    digits = np.frombuffer("".join(text.to_series().to_list()).encode(), dtype=np.uint8).reshape(-1, 17)
    check = np.array(list(CHECK_DIGITS))[(digits.astype(np.int32) - 48) @ np.array(WEIGHTS, dtype=np.int32) % 11]
    return text.to_series() + pl.Series(check)


def reference(source: Path, target: Path, key: Key, encoding: str) -> None:
    """Polars scan → Parquet, keyed hashing of every distinct ID number once."""
    if encoding != "utf-8":
        source = _recoded(source, target.with_suffix(".csv"), encoding)
    types: dict[str, type[pl.DataType]] = dict.fromkeys(HEADINGS, pl.String)
    types |= {"发放金额": pl.Float64, "发放日期": pl.Date}
    scan = pl.scan_csv(source, schema=types)
    numbers = scan.select(pl.col("身份证号").unique()).collect(engine="streaming").to_series()
    keys = hashing(key.secret)("".join(numbers.to_list()).encode())
    hashed = [keys[start : start + HASH_BYTES] for start in range(0, len(keys), HASH_BYTES)]
    told = pl.LazyFrame({"身份证号": numbers, "key": pl.Series(hashed, dtype=pl.Binary)})
    joined = scan.join(told, on="身份证号", how="left", maintain_order="left").drop("身份证号")
    joined.sink_parquet(target, compression="zstd", compression_level=1)


def _recoded(source: Path, target: Path, encoding: str) -> Path:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    with source.open("rb") as stream, target.open("wb") as out:
        while block := stream.read(BLOCK):
            out.write(decoder.decode(block).encode())
    return target


def ours(house: Path, source: Path) -> Work:
    """The real door. What an earlier turn left is deleted first: the same file again would not be read."""
    enter(house)
    from fupin.exchange import api as exchange

    _forget()

    def work() -> dict[str, int | None]:
        one = exchange.receive(
            by=None, dataset="fi_card", path=source, provider="财政局", batch="2019", cut_off=CUT_OFF
        )
        return {"good": one.good_rows, "bad": one.bad_rows, "duplicates": one.duplicate_rows}

    return work


def _forget() -> None:
    from django.conf import settings

    from fupin.exchange.models import Delivery

    Delivery.objects.all().delete()
    for name in ("lake", "raw"):
        shutil.rmtree(Path(settings.FUPIN_DATA_DIR) / name, ignore_errors=True)


def bare(source: Path, target: Path, encoding: str) -> Work:
    return partial(reference, source, target, Key("bench", b"k" * 32), encoding)


def run(data: Path, quick: bool) -> Iterable[Result]:
    for encoding in ENCODINGS:
        yield compare(data, QUICK_ROWS if quick else ROWS, encoding)


def compare(data: Path, rows: int, encoding: str) -> Result:
    folder = made(data / f"deliveries-{rows}-{encoding}-v1", partial(_make, rows=rows, encoding=encoding))
    house = data / "house"
    source, target = folder / FILE, data / "receive.parquet"
    with running(house) as server:
        turns = {"ours": partial(ours, house, source), "reference": partial(bare, source, target, encoding)}
        sides = alternate(turns, REPEATS)
    one, other = sides["ours"], sides["reference"]
    told = "Polars scan to Parquet, each distinct ID number hashed once" + (
        "" if encoding == "utf-8" else ", recoded first"
    )
    more = {**one.value, "reference_mb": other.peak_mb, "ours_cpu_s": one.cpu, "reference_cpu_s": other.cpu}
    return Result(f"receive {encoding}", rows, one.seconds, other.seconds, one.peak_mb + server.mb, told, REACH, more)


def _make(folder: Path, rows: int, encoding: str) -> None:
    make_file(folder / FILE, rows, encoding)
