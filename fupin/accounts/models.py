"""Users, their role and region, and the trace of what they did."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from fupin.accounts.rules import ROLES, role_may
from fupin.kernel.scope import Scope


class Role(models.TextChoices):
    DECISION_MAKER = "decision_maker", _("决策者")
    OFFICE = "office", _("扶贫办")
    CADRE = "cadre", _("驻村干部")
    DEPARTMENT = "department", _("部门数据员")
    HELPER_UNIT = "helper_unit", _("帮扶单位")
    ENTERPRISE = "enterprise", _("企业与社会力量")
    RESIDENT = "resident", _("农户本人")
    SYSTEM_ADMINISTRATOR = "system_administrator", _("系统管理员")
    SECURITY_ADMINISTRATOR = "security_administrator", _("安全管理员")
    AUDIT_ADMINISTRATOR = "audit_administrator", _("审计管理员")


class User(AbstractUser):
    """A person who signs in. ``region`` is a region code: everything below it is in scope."""

    role = models.CharField(_("角色"), max_length=30, choices=Role.choices)
    region = models.CharField(_("辖区代码"), max_length=15, blank=True, db_collation="C")
    department = models.CharField(_("部门"), max_length=40, blank=True)
    display_name = models.CharField(_("姓名"), max_length=60, blank=True)
    ends_on = models.DateField(_("到期日"), null=True, blank=True)
    must_change_password = models.BooleanField(default=False)
    opened_by = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="opened")
    #: grows when the rights change: sessions that began before it end
    epoch = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="user_role_known",
                condition=models.Q(role__in=Role.values),
            ),
            models.CheckConstraint(
                name="user_region_is_code",
                condition=models.Q(region__regex=r"^(\d{2}|\d{4}|\d{6}|\d{9}|\d{12}|\d{15})?$"),
            ),
            models.CheckConstraint(
                name="department_user_names_department",
                condition=~models.Q(role=Role.DEPARTMENT) | ~models.Q(department=""),
            ),
        ]

    @property
    def is_open(self) -> bool:
        """Neither closed nor past its last day."""
        return self.is_active and (self.ends_on is None or self.ends_on >= timezone.localdate())

    @property
    def scope(self) -> Scope:
        """Households of the user's region; departments, the three administrators and closed accounts see none.

        An empty region is the whole country for the roles that may have it, and nothing for the others.
        """
        if not self.is_open or not role_may(self.role, "see_households"):
            return Scope.nothing()
        if not self.region and not ROLES[self.role].may_be_national:
            return Scope.nothing()
        return Scope.of(self.region)

    def get_session_auth_hash(self) -> str:
        """What a session must know: password and epoch. Either changes, and the session is over."""
        return self._with_epoch(super().get_session_auth_hash())

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        return (self._with_epoch(one) for one in super().get_session_auth_fallback_hash())

    def _with_epoch(self, known: str) -> str:
        return salted_hmac("fupin.accounts.epoch", f"{known} {self.epoch}", algorithm="sha256").hexdigest()

    def __str__(self) -> str:
        return self.display_name or self.username


class ApiToken(models.Model):
    """A machine's key to the API: only its SHA-256 is kept, and it ends by itself."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=60)
    digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    #: what it may do of what its account may do
    verbs = models.JSONField(default=list)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)


class OpenSession(models.Model):
    """A browser in which the account is signed in; it goes with Django's session."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    session = models.OneToOneField("sessions.Session", on_delete=models.CASCADE, related_name="open_session")
    began_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField()
    address = models.CharField(max_length=45, blank=True)
    program = models.CharField(max_length=200, blank=True)


class OpeningState(models.TextChoices):
    WAITING = "waiting", _("等待处理")
    RUNNING = "running", _("正在开设")
    FINISHED = "finished", _("已完成")
    FAILED = "failed", _("失败，一个也没有开设")


class BulkOpening(models.Model):
    """Accounts opened from one uploaded file; file and passwords are sealed, and go as soon as they are not needed."""

    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="openings")
    file_name = models.CharField(max_length=120)
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=OpeningState.choices, default=OpeningState.WAITING)
    progress = models.PositiveSmallIntegerField(default=0)
    rows = models.PositiveIntegerField(default=0)
    opened = models.PositiveIntegerField(default=0)
    wrong = models.PositiveIntegerField(default=0)
    errors = models.JSONField(default=list)
    sheet = models.BinaryField(null=True)
    answer = models.BinaryField(null=True)
    taken_at = models.DateTimeField(null=True, blank=True)


class GovernmentIdentity(models.Model):
    """Whom the identity provider of the government means by a subject: an account that was there before."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="government_identities")
    issuer = models.CharField(max_length=200)
    subject = models.CharField(max_length=255)
    linked_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="government_subject_once", fields=["issuer", "subject"]),
            models.UniqueConstraint(name="government_account_once", fields=["issuer", "user"]),
        ]


class Deed(models.Model):
    """One thing that somebody did (数过留痕). Only ever added to."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="deeds")
    verb = models.CharField(max_length=60)
    object_kind = models.CharField(max_length=60)
    object_id = models.CharField(max_length=80)
    region = models.CharField(max_length=15, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["object_kind", "object_id"], name="deed_object")]


class SavedFilter(models.Model):
    """What a user asks of a list again and again: a name for the question part of an address."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="filters")
    path = models.CharField(max_length=120)
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(name="saved_filter_named_once", fields=["user", "path", "name"])]
