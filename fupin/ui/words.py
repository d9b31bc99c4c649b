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
#: how a sharing agreement stands today (``Agreement.standing``)
STANDINGS: Mapping[str, tuple[str, Word]] = {
    "draft": ("unknown", _("待双方同意")),
    "to_come": ("unknown", _("未到生效日")),
    "holds": ("stable", _("生效")),
    "ending": ("possibly", _("即将到期")),
    "expired": ("poor", _("已到期")),
    "ended": ("unknown", _("已终止")),
}
PUSH_STATES: Mapping[str, tuple[str, Word]] = {
    "waiting": ("busy", _("等待推送")),
    "delivered": ("stable", _("已送达")),
    "given_up": ("poor", _("已放弃")),
    "stopped": ("unknown", _("已停止")),
}
#: what came back from a receiver
OUTCOMES: Mapping[str, Word] = {
    "delivered": _("已送达"),
    "refused": _("接收端报错"),
    "redirect": _("接收端要求转向，没有跟随"),
    "too_slow": _("接收端太慢，已断开"),
    "too_long": _("接收端回应太长，已断开"),
    "broken": _("接收端回应不完整"),
    "no_connection": _("连不上接收端"),
    "wrong_certificate": _("接收端的证书不可信，没有推送"),
    "not_allowed": _("地址在内部网络，没有推送"),
}
WAYS: Mapping[str, Word] = {
    "delivery": _("部门交付"),
    "push": _("推送给部门"),
    "read": _("部门经接口读取"),
}
COVERS: Mapping[str, tuple[str, Word]] = {
    "covered": ("stable", _("协议内")),
    "outside": ("possibly", _("有协议外字段")),
    "without": ("poor", _("没有协议")),
}
CYCLES: Mapping[str, Word] = {
    "monthly": _("每月"),
    "quarterly": _("每季"),
    "termly": _("每学期"),
    "yearly": _("每年"),
}
PERSONAL: Mapping[str, Word] = {"none": _("无"), "personal": _("个人信息"), "sensitive": _("敏感个人信息")}
TEAM_ROLES: Mapping[str, Word] = {
    "first_secretary": _("第一书记"),
    "leader": _("工作队队长"),
    "member": _("工作队队员"),
}
PROJECT_PROGRESS: Mapping[str, Word] = {
    "planned": _("已列入计划"),
    "under_way": _("在建"),
    "done": _("已完工"),
}
#: whether an exit standard is met → tone of its chip and word
VERDICTS: Mapping[str, tuple[str, Word]] = {
    "met": ("stable", _("达标")),
    "unmet": ("poor", _("未达标")),
    "unknown": ("unknown", _("待补数据")),
}
#: verbs of the trail that need no right of their own
DEEDS: Mapping[str, Word] = {
    "sign_in": _("登录"),
    "sign_in_failed": _("登录失败"),
    "refused": _("无权访问，已拒绝"),
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
    "export_ledger_full": _("导出含完整号码的台账"),
    "screen": _("发起逻辑筛查"),
    "exempt": _("豁免筛查规则"),
    "correct": _("提交更正名单"),
    "open_case": _("立案"),
    "case_ended": _("办件结束"),
    "answer_objection": _("答复异议"),
    "open_contact": _("查看异议人联系方式"),
    "open_application": _("查看网上申请"),
    "answer_application": _("处理网上申请"),
    "decide_bulk": _("批量审核"),
    "open_paper": _("查看办件材料"),
    "open_change_paper": _("查看变更材料"),
    "add_change_paper": _("补交变更材料"),
    "print_notice": _("打印公示"),
    "rotate_key": _("开始轮换密钥"),
    "key_rotated": _("密钥轮换完成"),
    "lake_turned": _("启用新的数据湖密钥"),
    "drop_key": _("删除停用密钥"),
    "propose_agreement": _("提出共享协议"),
    "sign_agreement": _("签订共享协议"),
    "turn_back": _("还原假名"),
    "end_agreement": _("终止共享协议"),
    "subscribe": _("登记推送地址"),
    "unsubscribe": _("关闭推送地址"),
    "renew_secret": _("更换验签密钥"),
    "replay_push": _("重发推送"),
    "assign_helper": _("结对帮扶"),
    "end_helping": _("终止结对"),
    "send_to_village": _("登记驻村队员"),
    "leave_village": _("驻村队员离任"),
    "plan_project": _("登记村项目"),
    "advance_project": _("更新项目进度"),
}
#: what a deed was done to
OBJECTS: Mapping[str, Word] = {
    "delivery": _("批次"),
    "opening": _("批量开设"),
    "person": _("人员"),
    "regions": _("区划"),
    "registry": _("登记库"),
    "household": _("农户"),
    "ledger": _("台账格式"),
    "ledger_batch": _("台账批次"),
    "ledger_mapping": _("台账列对应"),
    "list:ledgers": _("台账批次名单"),
    "list:ledger_differences": _("台账差异"),
    "keys": _("数据密钥"),
    "run": _("运行"),
    "screening": _("筛查"),
    "notice": _("公示"),
    "bulk": _("批量审核名单"),
    "screen_object": _("筛查对象"),
    "token": _("接口令牌"),
    "agreement": _("共享协议"),
    "push": _("推送"),
    "user": _("账号"),
    "sign_in": _("登录名（散列）"),
    "list:households": _("农户名单"),
    "list:findings": _("疑点名单"),
    "list:doubts": _("存疑匹配名单"),
    "list:deliveries": _("批次名单"),
    "list:quarantine": _("隔离行名单"),
    "list:runs": _("运行名单"),
    "list:cases": _("办件名单"),
    "list:screenings": _("筛查名单"),
    "list:screen_hits": _("筛查问题名单"),
    "list:corrections": _("更正名单"),
    "list:users": _("账号名单"),
    "list:deeds": _("操作记录名单"),
    "list:agreements": _("共享协议名单"),
    "list:exchanges": _("交换台账名单"),
    "list:helpers": _("帮扶责任人名单"),
    "village": _("行政村"),
    "helper": _("帮扶责任人"),
    "paper:handbook": _("扶贫手册（PDF）"),
    "paper:village": _("村登记表（PDF）"),
    "paper:region": _("地区档案（PDF）"),
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
    "screen": _("逐条规则筛查"),
    "load": _("写入结果"),
}
