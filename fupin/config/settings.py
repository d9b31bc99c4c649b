"""Settings of Django, all from the environment (`fupin/config/environment.py` lists the variables); none is needed."""

import os
from pathlib import Path
from typing import Any

from django.urls import reverse_lazy

from fupin.cli.postgres import places
from fupin.config import environment

FUPIN_DATA_DIR = places.data_folder()
if not environment.flag("FUPIN_NO_DATABASE"):
    places.make_data_folder(FUPIN_DATA_DIR)

SECRET_KEY = environment.secret_key(FUPIN_DATA_DIR)
FUPIN_KEYS = environment.live_keys(FUPIN_DATA_DIR)
FUPIN_CIPHER = environment.cipher()
FUPIN_KEYS_FILE = environment.keys_file(FUPIN_DATA_DIR)
FUPIN_TRAIL_KEY_FILE = environment.trail_key_file(FUPIN_DATA_DIR)
FUPIN_HEADS_DIR = environment.folder("FUPIN_HEADS_DIR") or FUPIN_DATA_DIR / "trail"
DATABASES: dict[str, dict[str, Any]] = environment.databases()
FUPIN_ENGINE = environment.engine()
FUPIN_SPARK_MASTER = os.environ.get("FUPIN_SPARK_MASTER", "").strip() or "local[*]"
FUPIN_SPARK_MEMORY = os.environ.get("FUPIN_SPARK_MEMORY", "").strip() or "2g"
FUPIN_SPARK_STORAGE = environment.folder("FUPIN_SPARK_STORAGE")

DEBUG = environment.flag("FUPIN_DEBUG")
FUPIN_HTTPS = environment.flag("FUPIN_HTTPS")
FUPIN_PROXIES = environment.networks("FUPIN_PROXIES")
ALLOWED_HOSTS = environment.words("FUPIN_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = environment.trusted_origins(ALLOWED_HOSTS, FUPIN_HTTPS)

INSTALLED_APPS = [
    "fupin.config",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "procrastinate.contrib.django",
    "allauth.account",  # allauth.mfa rests on it; none of its pages has an address here
    "allauth.mfa",
    "fupin.accounts",
    "fupin.registry",
    "fupin.exchange",
    "fupin.identify",
    "fupin.ui",
    "fupin.console",
    "fupin.command",
    "fupin.gateway",
    "fupin.portal",
    "ninja",  # serves the script of /api/docs from here: a closed network has no other place
]

MIDDLEWARE = [
    "fupin.ui.proxies.origin_first",  # before anything asks from where a request comes, and whether by TLS
    "django.middleware.security.SecurityMiddleware",
    "fupin.ui.headers.told_to_browsers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "fupin.ui.sessions.note_presence",  # ends a session that is over, before its scope is opened
    "fupin.ui.sessions.act_for_user",
    "fupin.ui.refused.refusals_written_down",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "fupin.gateway.answers.errors_as_json",  # around the refusals: a machine gets those as JSON, too
    "fupin.ui.refusals.plain_refusals",
]
CSRF_FAILURE_VIEW = "fupin.ui.refusals.page_expired"

ROOT_URLCONF = "fupin.config.urls"
WSGI_APPLICATION = "fupin.config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]  # each in its own words, whoever reads
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
USE_TZ = True

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["fupin.accounts.backend.OpenAccounts"]
LOGIN_URL = reverse_lazy("console:sign_in")
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = LOGIN_URL
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "fupin.accounts.hashers.DrawnPassword",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "fupin.accounts.passwords.Policy"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "display_name")},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "fupin.registry.passwords.PlaceNames"},
]

# Second factors: models and ceremonies of allauth.mfa, pages of ours.
MFA_ADAPTER = "fupin.accounts.adapter.HouseAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_TOLERANCE = 1  # half a minute early or late: clocks differ
MFA_RECOVERY_CODE_DIGITS = 10
FUPIN_SECOND_FACTOR = environment.second_factor()

FUPIN_OIDC = environment.government()

FUPIN_AGREEMENTS_REQUIRED = environment.flag("FUPIN_AGREEMENTS_REQUIRED")
FUPIN_PUSH_NETWORKS = environment.networks("FUPIN_PUSH_NETWORKS")
FUPIN_PUSH_HTTP = environment.flag("FUPIN_PUSH_HTTP")

FUPIN_SESSION_HOURS = max(1, environment.number("FUPIN_SESSION_HOURS", 12))
FUPIN_SESSIONS = max(1, environment.number("FUPIN_SESSIONS", 5))
SESSION_COOKIE_AGE = 30 * 60  # idle, not absolute: `fupin.ui.sessions` starts it anew, once a minute at most
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = FUPIN_HTTPS and not DEBUG
CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True  # the token stands in the page, no script reads a cookie
LANGUAGE_COOKIE_SAMESITE = "Lax"
if SESSION_COOKIE_SECURE:  # browsers take these names from this very host only, by TLS, for the whole of it
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
    LANGUAGE_COOKIE_NAME = "__Host-language"
if FUPIN_HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True  # straight from the packages: no collectstatic step to forget
WHITENOISE_MAX_AGE = 300

# Deliveries are large and personal: straight to files in our own closed folder, never to memory or the system's /tmp.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
FILE_UPLOAD_TEMP_DIR = environment.upload_folder(FUPIN_DATA_DIR)
FILE_UPLOAD_PERMISSIONS = 0o600

# Nothing of a request but its first line is ever logged; database errors lose the lines that quote rows.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "fupin.config.logs.LineFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
        },
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        "fupin": {"handlers": ["console"], "level": "INFO", "propagate": False},
    },
}

MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
FUPIN_PACKAGE = Path(__file__).resolve().parent.parent
