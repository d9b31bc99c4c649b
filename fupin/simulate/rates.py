"""Every stated rate of the generated city in one place. Shares unless a unit is named."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Kind:
    """One planted story. ``pool`` says among whom, ``rate`` how often in that pool.

    Pools: inclusion (registered though not poor), poor (registered and poor), listed (states 0–3, inclusion errors not
    among them), exited (state 1), outside (state 9 and not poor), missed (state 9 though poor).
    ``described``: some rule over registry and department data could in principle see it.
    """

    id: str
    pool: str
    rate: float
    topic: str
    verdict: str
    note: str
    described: bool = True


def _fraud(id_: str, rate: float, topic: str, note: str, described: bool = True) -> Kind:
    return Kind(id_, "inclusion", rate, topic, "fraud", note, described)


FRAUDS = (
    _fraud("car", 0.13, "car", "在评对象名下有家用汽车"),
    _fraud("flat", 0.08, "property", "名下有商品房"),
    _fraud("shop", 0.03, "property", "名下有商铺"),
    _fraud("company", 0.04, "company", "开办企业"),
    _fraud("trader", 0.06, "company", "个体经营，规模较大"),
    _fraud("payroll", 0.06, "payroll", "家庭成员财政供养"),
    _fraud("employee", 0.06, "income", "职工社保高基数"),
    _fraud("machine", 0.04, "machine", "大型农机或工程机械"),
    _fraud("deposits", 0.05, "deposits", "大额存款"),
    _fraud("official", 0.04, "official", "现任村干部本人或配偶子女"),
    _fraud("operator", 0.02, "company", "营运货车经营者"),
    _fraud("taxpayer", 0.02, "company", "开票与纳税金额大"),
    _fraud("hidden_business", 0.11, "", "现金经营，未登记", False),
    _fraud("cousin_house", 0.08, "", "房屋登记在亲戚名下", False),
    _fraud("remittances", 0.09, "", "在外子女汇款未申报", False),
    _fraud("friend_car", 0.05, "", "汽车登记在朋友名下", False),
    _fraud("officials_kin", 0.04, "", "村干部亲属，凭关系评入", False),
)

ERRORS = (
    Kind("dead", "listed", 0.0030, "dead", "error", "成员已死亡仍在册"),
    Kind("moved", "listed", 0.0015, "moved", "error", "成员户口已迁出仍在册"),
    Kind("duplicate", "listed", 0.0008, "duplicate", "error", "同一证件号在两户登记"),
    Kind("split", "poor", 0.0025, "split", "error", "为评贫困户拆户，老人单独立户"),
    Kind("marriage", "listed", 0.0010, "marriage", "error", "已与有房产者再婚，未报告"),
    Kind("uninsured", "listed", 0.0050, "insurance", "error", "自述参加医保，实未参保"),
    Kind("no_pension", "listed", 0.0030, "insurance", "error", "自述参加养老保险，实未参保"),
    Kind("dropout", "listed", 0.0020, "schooling", "error", "义务教育阶段辍学"),
    Kind("d_grade", "poor", 0.0030, "housing", "error", "D级危房未改造"),
    Kind("unsafe_water", "listed", 0.0030, "water", "error", "自述饮水安全，水质不达标"),
    Kind("post_old", "listed", 0.0007, "labour", "error", "70岁以上仍在公益性岗位"),
    Kind("dead_subsidy", "listed", 0.0008, "subsidy", "error", "已死亡仍领补贴"),
    Kind("loan_overdue", "listed", 0.0020, "loan", "error", "小额信贷逾期"),
    Kind("loan_large", "listed", 0.0008, "loan", "error", "小额信贷超过5万元"),
    Kind("not_moved_in", "listed", 0.0010, "relocation", "error", "安置房未入住"),
    Kind("old_house", "listed", 0.0010, "relocation", "error", "旧房未拆除"),
    Kind("income_hidden", "exited", 0.0030, "income", "error", "少报工资收入，与职工社保不符"),
    Kind("work_mismatch", "listed", 0.0040, "labour", "error", "自述未务工，实有转移就业记录"),
    Kind("health_mismatch", "listed", 0.0040, "disability", "error", "自述健康，持有残疾证"),
    Kind("illness_mismatch", "listed", 0.0020, "illness", "error", "自述健康，已签约大病救治"),
    Kind("pupil_mismatch", "listed", 0.0030, "schooling", "error", "自述非在校，有在读学籍"),
    Kind("land_mismatch", "listed", 0.0050, "income", "error", "申报耕地远少于确权面积"),
    Kind("subsidy_mismatch", "listed", 0.0030, "income", "error", "一卡通补贴未计入收入"),
    Kind("wrong_id", "listed", 0.0010, "identity", "error", "登记的姓名与公安登记不符"),
    Kind("ranger_outside", "outside", 0.0006, "subsidy", "error", "非贫困户任生态护林员"),
    Kind("post_outside", "outside", 0.0006, "labour", "error", "非贫困户占用公益性岗位"),
    Kind("loan_outside", "outside", 0.0005, "loan", "error", "非贫困户获得扶贫小额信贷"),
    Kind("double_subsistence", "outside", 0.0005, "subsidy", "error", "财政供养家庭领取低保"),
    Kind("unreported_birth", "listed", 0.0015, "", "error", "新生儿未申报", False),
    Kind("sham_divorce", "poor", 0.0012, "", "error", "假离婚分户，实际共同生活", False),
    Kind("lives_in_town", "listed", 0.0030, "", "error", "常年住在城里租房经商，未登记", False),
    Kind("help_not_given", "poor", 0.0020, "", "error", "帮扶物资被他人冒领", False),
)

LOOKALIKES = (
    Kind("look_disabled_car", "poor", 0.0030, "car", "lookalike", "残疾人专用代步车"),
    Kind("look_scrapped", "poor", 0.0060, "car", "lookalike", "车辆已报废或转出，登记未注销"),
    Kind("look_motorcycle", "poor", 0.0400, "car", "lookalike", "只有摩托车或三轮车"),
    Kind("look_employer_car", "poor", 0.0015, "car", "lookalike", "替雇主登记的车辆"),
    Kind("look_friend_name", "poor", 0.0012, "car", "lookalike", "借名给朋友买车"),
    Kind("look_minivan", "poor", 0.0015, "car", "lookalike", "全村合用的旧面包车"),
    Kind("look_wrong_id", "poor", 0.0012, "car", "lookalike", "证件号录错，车主同号不同名"),
    Kind("look_after_exit_car", "exited", 0.0300, "car", "lookalike", "脱贫以后购车"),
    Kind("look_after_exit_flat", "exited", 0.0080, "property", "lookalike", "脱贫以后购房"),
    Kind("look_resettled", "poor", 0.0150, "property", "lookalike", "易地搬迁安置房"),
    Kind("look_homestead", "poor", 0.0100, "property", "lookalike", "自建宅基地房屋确权"),
    Kind("look_quarter_share", "poor", 0.0010, "property", "lookalike", "继承所得四分之一份额的旧房"),
    Kind("look_affordable", "poor", 0.0008, "property", "lookalike", "保障性住房"),
    Kind("look_cooperative", "poor", 0.0200, "company", "lookalike", "合作社社员"),
    Kind("look_nominal", "poor", 0.0020, "company", "lookalike", "量化入股的名义股东"),
    Kind("look_closed_firm", "poor", 0.0020, "company", "lookalike", "企业早已吊销或停业"),
    Kind("look_stall", "poor", 0.0040, "company", "lookalike", "小卖部执照，勉强糊口"),
    Kind("look_post", "poor", 0.0050, "payroll", "lookalike", "公益性岗位列入财政名册"),
    Kind("look_contract", "poor", 0.0015, "payroll", "lookalike", "学校临时工"),
    Kind("look_low_base", "poor", 0.0060, "income", "lookalike", "扶贫车间职工，最低基数"),
    Kind("look_tiller", "poor", 0.0100, "machine", "lookalike", "微耕机或手扶拖拉机"),
    Kind("look_coop_tractor", "poor", 0.0010, "machine", "lookalike", "合作社拖拉机登记在本人名下"),
    Kind("look_compensation", "poor", 0.0010, "deposits", "lookalike", "征地或工伤补偿款，治病用"),
    Kind("look_group_leader", "poor", 0.0015, "official", "lookalike", "村民小组长，补贴微薄"),
    Kind("look_just_died", "listed", 0.0012, "dead", "lookalike", "上月刚死亡，尚未到更新期"),
    Kind("look_back_again", "listed", 0.0008, "moved", "lookalike", "迁出后又迁回"),
    Kind("look_new_couple", "listed", 0.0015, "split", "lookalike", "子女结婚正常分户"),
    Kind("look_soldier", "listed", 0.0010, "insurance", "lookalike", "现役军人不参加居民医保"),
    Kind("look_employee_insured", "listed", 0.0020, "insurance", "lookalike", "已参加职工医保"),
    Kind("look_home_schooling", "listed", 0.0006, "schooling", "lookalike", "重残儿童送教上门"),
    Kind("look_school_elsewhere", "listed", 0.0015, "schooling", "lookalike", "随父母在外省就读"),
    Kind("look_d_moved", "listed", 0.0020, "housing", "lookalike", "D级旧房已搬离"),
    Kind("look_loan_settled", "listed", 0.0020, "loan", "lookalike", "逾期贷款已结清"),
)


@dataclass(frozen=True)
class Rates:
    """Rates of the registry and of the deliveries."""

    state_shares: tuple[float, float, float, float] = (0.55, 0.35, 0.08, 0.02)
    """registered households by state 0 未脱贫, 1 脱贫, 2 预脱贫, 3 返贫"""
    inclusion_error: float = 0.022
    """of the households in state 0 and 3: registered though not poor"""
    exclusion_error: float = 0.020
    """of the truly poor: not registered"""
    exit_error: float = 0.008
    """of the truly poor: written off as exited"""
    unknown_registered: float = 0.015
    unknown_outside: float = 0.040
    """survey answers missing: registered and other households; times the factor of the column"""
    month_missing: float = 0.012
    """monthly ledger rows that nobody wrote"""
    income_noise: float = 0.45
    """spread of the logarithm of reported over true income"""
    id_wrong: float = 0.0004
    id_missing: float = 0.0002
    weak_id_wrong: float = 0.006
    weak_id_missing: float = 0.009
    id_old: float = 0.02
    """of people born before 1960: the old number of 15 digits"""
    id_lower: float = 0.35
    id_full_width: float = 0.004
    name_variant: float = 0.012
    bad_row: float = 0.0008
    duplicate_row: float = 0.0015
    not_in_booklet: float = 0.0005
    kinds: tuple[Kind, ...] = field(default=FRAUDS + ERRORS + LOOKALIKES)
