"""The words beside the colours: bands, severities, directions, states of work."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Word = str | Promise

BANDS: Mapping[str, Word] = {
    "poor": _("贫困"),
    "possibly": _("可能贫困"),
    "stable": _("稳定脱贫"),
    "undecided": _("待定"),
}
SEVERITIES: Mapping[int, Word] = {
    1: _("1 红色"),
    2: _("2 严重"),
    3: _("3 关注"),
    4: _("4 一般"),
    5: _("5 提示"),
}
DIRECTIONS: Mapping[str, Word] = {
    "misplaced": _("疑似错评"),
    "missed": _("疑似漏评"),
    "inconsistent": _("信息不一致"),
}
#: 脱贫属性 (AAR010) → tone of its chip
STATE_TONES: Mapping[str, str] = {"0": "poor", "1": "stable", "2": "possibly", "3": "returned", "9": "unknown"}
WORK_STATES: Mapping[str, tuple[str, Word]] = {
    "waiting": ("unknown", _("等待处理")),
    "reading": ("busy", _("正在读取")),
    "running": ("busy", _("运行中")),
    "accepted": ("stable", _("已入湖")),
    "finished": ("stable", _("已完成")),
    "refused": ("poor", _("已退回")),
    "withdrawn": ("unknown", _("已撤回")),
    "failed": ("poor", _("失败")),
}
CYCLES: Mapping[str, Word] = {
    "monthly": _("每月"),
    "quarterly": _("每季"),
    "termly": _("每学期"),
    "yearly": _("每年"),
}
PERSONAL: Mapping[str, Word] = {"none": _("无"), "personal": _("个人信息"), "sensitive": _("敏感个人信息")}
#: verbs of the trail that need no right of their own
DEEDS: Mapping[str, Word] = {
    "sign_in": _("登录"),
    "sign_in_failed": _("登录失败"),
    "create_user": _("建立账号"),
    "change_user": _("调整账号"),
    "close_user": _("停用账号"),
    "reopen_user": _("恢复账号"),
    "renew_password": _("重设密码"),
    "change_password": _("修改本人密码"),
    "password_accepted": _("密码正确，等待第二重验证"),
    "factor_shown": _("再次通过第二重验证"),
    "add_factor": _("添加第二重验证"),
    "remove_factor": _("移除第二重验证"),
    "reset_factors": _("清除他人的第二重验证"),
    "renew_recovery_codes": _("重新生成恢复码"),
    "end_sessions": _("退出其他浏览器"),
    "take_passwords": _("取走一次性密码文件"),
    "government_refused": _("统一身份认证登录被拒"),
    "link_government": _("关联统一身份认证"),
    "unlink_government": _("取消关联统一身份认证"),
    "unlock_user": _("解锁账号"),
    "unlocked": _("登录失败清零"),
    "revoke_token": _("收回接口令牌"),
    "receive": _("接收数据"),
    "refuse": _("退回数据"),
    "withdraw": _("撤回批次"),
    "load_regions": _("载入区划"),
    "load_registry": _("载入登记库"),
    "snapshot": _("登记库快照"),
    "export": _("导出名单"),
    "rotate_key": _("开始轮换密钥"),
    "key_rotated": _("密钥轮换完成"),
    "lake_turned": _("启用新的数据湖密钥"),
    "drop_key": _("删除停用密钥"),
}
#: what a deed was done to
OBJECTS: Mapping[str, Word] = {
    "delivery": _("批次"),
    "opening": _("批量开设"),
    "person": _("人员"),
    "regions": _("区划"),
    "registry": _("登记库"),
    "household": _("农户"),
    "keys": _("数据密钥"),
    "run": _("运行"),
    "token": _("接口令牌"),
    "user": _("账号"),
    "sign_in": _("登录名（散列）"),
    "list:households": _("农户名单"),
    "list:findings": _("疑点名单"),
    "list:doubts": _("存疑匹配名单"),
    "list:deliveries": _("批次名单"),
    "list:quarantine": _("隔离行名单"),
    "list:runs": _("运行名单"),
    "list:users": _("账号名单"),
    "list:deeds": _("操作记录名单"),
}
#: what the reader of files says of kind and delimiter
FILE_WORDS: Mapping[str, Word] = {
    "text": _("文本"),
    "comma": _("逗号"),
    "tab": _("制表符"),
    "semicolon": _("分号"),
    "bar": _("竖线"),
    "full-width comma": _("全角逗号"),
}
#: steps of a run
STEPS: Mapping[str, Word] = {
    "snapshot": _("登记库快照"),
    "link": _("关联人员"),
    "households": _("逐户计算"),
    "fields": _("汇总事实"),
    "compare": _("比对规则"),
    "index": _("计算指数"),
    "digest": _("计算摘要"),
    "load": _("写入结果"),
}
