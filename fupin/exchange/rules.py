"""Who may deliver and see what. Pure: no database."""

from __future__ import annotations

from datetime import date

from fupin.catalogue.schema import Dataset, datasets
from fupin.kernel.errors import Forbidden, UserError


def dataset_named(dataset_id: str) -> Dataset:
    """Raises UserError with the nearest names for one that does not exist."""
    known = datasets()
    if dataset_id in known:
        return known[dataset_id]
    near = [id_ for id_ in known if id_.split("_")[0] == dataset_id.split("_", maxsplit=1)[0]] or list(known)
    raise UserError(
        f"没有数据集“{dataset_id}”",
        f"no data set {dataset_id!r}",
        f"可能是：{'、'.join(near[:8])}；全部见 fupin datasets",
        f"perhaps {', '.join(near[:8])}; `fupin datasets` lists all",
    )


def check_department(own: str, dataset: Dataset) -> None:
    """``own``: the department of a department's clerk, "" for everybody who may deliver for all. Raises Forbidden."""
    if own and own != dataset.department:
        raise Forbidden(
            f"“{dataset.zh}”属于{dataset.department_zh}，您只能交付本部门的数据",
            f"{dataset.id} belongs to {dataset.department_en}; you deliver your own department's data only",
            f"请由{dataset.department_zh}或扶贫办的账号交付",
            f"ask an account of {dataset.department_en} or of the poverty office",
        )


def check_region(region: str) -> None:
    """A delivery belongs to a region, so that only its offices read the rows. Raises Forbidden."""
    if not region:
        raise Forbidden(
            "您的账号没有辖区，不能交付数据",
            "your account has no region and cannot deliver",
            "请管理员在账号里写明辖区代码",
            "ask the administrator to give the account a region code",
        )


def check_said(provider: str, batch: str, cut_off: date, today: date) -> None:
    """What the deliverer says about the file. Raises UserError."""
    for zh, en, value, limit in (("提供人", "provider", provider, 80), ("批次号", "batch", batch, 60)):
        if not value.strip() or len(value) > limit or not value.isprintable():
            raise UserError(
                f"{zh}必填，不超过 {limit} 个字，不含控制字符",
                f"{en} is required: at most {limit} characters, no control characters",
                f"请填写{zh}",
                f"fill in the {en}",
            )
    if cut_off > today or cut_off.year < 1990:
        raise UserError(
            f"数据截止日 {cut_off} 不对：晚于今天或早于 1990 年",
            f"the cut-off date {cut_off} lies in the future or before 1990",
            "填写数据在原系统中导出时的截止日期",
            "give the date up to which the data were exported",
        )
