"""Django settings: one file, every value from the environment with a safe default, no branch only production takes."""

from pathlib import Path
from urllib.parse import urlsplit

import environ

from analytics import env, logs
from analytics.instance import InstanceError

BASE_DIR = Path(__file__).resolve().parent.parent

try:
    ADDRESSES = env.addresses()
except InstanceError as exc:
    raise SystemExit(str(exc)) from exc

# --- Baleen -----------------------------------------------------------------
BALEEN_DATA_DIR = ADDRESSES.data_dir
BALEEN_PORT = env.integer("BALEEN_PORT", 8000)
BALEEN_BODY_TIMEOUT = env.integer("BALEEN_BODY_TIMEOUT", 20)
BALEEN_BLOB_URL = env.text("BALEEN_BLOB_URL", f"file://{BALEEN_DATA_DIR}/blobs")
CLICKHOUSE_URL = ADDRESSES.clickhouse_url
CLICKHOUSE_READER_URL = ADDRESSES.clickhouse_reader_url
CLICKHOUSE_IS_EMBEDDED = ADDRESSES.clickhouse_is_embedded
CLICKHOUSE_CLUSTER = env.text("CLICKHOUSE_CLUSTER")
REDIS_URL = ADDRESSES.redis_url
REDIS_IS_EMBEDDED = ADDRESSES.redis_is_embedded

# Needs of a lower app that a higher one serves, inverted as Django does with MIDDLEWARE: dotted names, run in order.
INGEST_STEPS = [
    "apps.ingest.enrichment.enrich",
    "apps.people.ingest.resolve",
    "apps.llm.ingest.price",
    "apps.llm.ingest.set_texts_apart",
]
# Called with the id of a deleted project, each erases what its app holds of it.
PROJECT_PURGERS = [
    "apps.clickhouse.purge.purge_project",
    "apps.ingest.controls.services.purge_project",
    "apps.catalog.services.purge_project",
    "apps.people.services.purge_project",
    "apps.llm.services.purge_project",
]

# --- Ingest -----------------------------------------------------------------
BALEEN_INGEST_MAX_BODY_BYTES = env.integer("BALEEN_INGEST_MAX_BODY_BYTES", 20 << 20)
BALEEN_INGEST_MAX_EVENTS = env.integer("BALEEN_INGEST_MAX_EVENTS", 50_000)
BALEEN_INGEST_MAX_EVENT_BYTES = env.integer("BALEEN_INGEST_MAX_EVENT_BYTES", 1 << 20)
BALEEN_INGEST_MAX_AI_EVENT_BYTES = env.integer("BALEEN_INGEST_MAX_AI_EVENT_BYTES", 8 << 20)
BALEEN_INGEST_MAX_DEPTH = env.integer("BALEEN_INGEST_MAX_DEPTH", 64)
BALEEN_INGEST_MAX_PROPERTIES = env.integer("BALEEN_INGEST_MAX_PROPERTIES", 1_000)
BALEEN_INGEST_MAX_AGE_DAYS = env.integer("BALEEN_INGEST_MAX_AGE_DAYS", 7_305)
BALEEN_INGEST_MAX_BACKLOG_ENTRIES = env.integer("BALEEN_INGEST_MAX_BACKLOG_ENTRIES", 1_000_000)
BALEEN_INGEST_MAX_BACKLOG_BYTES = env.integer("BALEEN_INGEST_MAX_BACKLOG_BYTES", 768 << 20)
BALEEN_INGEST_MIN_FREE_BYTES = env.integer("BALEEN_INGEST_MIN_FREE_BYTES", 256 << 20)
BALEEN_INGEST_BATCH_EVENTS = env.integer("BALEEN_INGEST_BATCH_EVENTS", 50_000)
BALEEN_INGEST_BATCH_BYTES = env.integer("BALEEN_INGEST_BATCH_BYTES", 48 << 20)
BALEEN_INGEST_LINGER_MS = env.integer("BALEEN_INGEST_LINGER_MS", 200)
BALEEN_INGEST_INSERTS = env.integer("BALEEN_INGEST_INSERTS", 1)
BALEEN_INGEST_WRITER_TIMEOUT = env.integer("BALEEN_INGEST_WRITER_TIMEOUT", 15)
# A city or country database in MaxMind's format; empty: no place is looked up.
BALEEN_GEOIP_PATH = env.text("BALEEN_GEOIP_PATH")
BALEEN_CATALOG_MAX_EVENTS = env.integer("BALEEN_CATALOG_MAX_EVENTS", 5_000)
BALEEN_CATALOG_MAX_PROPERTIES = env.integer("BALEEN_CATALOG_MAX_PROPERTIES", 10_000)

# --- AI ---------------------------------------------------------------------
# Texts of AI events over so many bytes are kept apart from the events, and for so many days (0: for good).
BALEEN_AI_TEXT_INLINE_BYTES = env.integer("BALEEN_AI_TEXT_INLINE_BYTES", 500)
BALEEN_AI_TEXT_DAYS = env.integer("BALEEN_AI_TEXT_DAYS", 90)

# --- Django -----------------------------------------------------------------
SECRET_KEY = ADDRESSES.secret_key
DEBUG = env.boolean("BALEEN_DEBUG", default=False)
ALLOWED_HOSTS = env.words("BALEEN_ALLOWED_HOSTS", ("*",))
CSRF_TRUSTED_ORIGINS = env.words("BALEEN_TRUSTED_ORIGINS")
ROOT_URLCONF = "analytics.urls"
WSGI_APPLICATION = "analytics.wsgi.application"
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# A redirect loses the body of a POST and SDKs count it as a failure: public paths are served with and without slash.
APPEND_SLASH = False
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"

INSTALLED_APPS = [
    "analytics",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "apps.clickhouse",
    "apps.accounts",
    "apps.catalog",
    "apps.ingest",
    "apps.people",
    "apps.query",
    "apps.llm",
    "apps.web",
    "allauth",
    "allauth.account",
    "allauth.mfa",
]
MIDDLEWARE = [
    "analytics.probes.middleware.answer_probes",
    "django.middleware.security.SecurityMiddleware",
    "apps.common.middleware.TrailingSlashMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "apps.web.middleware.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": environ.Env.db_url_config(ADDRESSES.database_url)}
if urlsplit(ADDRESSES.database_url).scheme == "sqlite":
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        # A read that later writes must not fail at the upgrade of its lock: take the write lock at BEGIN.
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=20000;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "baleen",
    },
}

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- Security and mail ------------------------------------------------------
# Behind a proxy that ends TLS, its headers say how and from where a request came; without one they are a stranger's.
BALEEN_BEHIND_PROXY = env.boolean("BALEEN_BEHIND_PROXY", default=False)
# The address people reach this deployment at, for links in mail. https makes cookies secure.
BALEEN_PUBLIC_URL = env.text("BALEEN_PUBLIC_URL", f"http://localhost:{BALEEN_PORT}").rstrip("/")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BALEEN_BEHIND_PROXY else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BALEEN_PUBLIC_URL.startswith("https://")
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_HSTS_SECONDS = env.integer("BALEEN_HSTS_SECONDS", 0)
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
PASSWORD_RESET_TIMEOUT = 3 * 24 * 3600
EMAIL_URL = env.text("BALEEN_EMAIL_URL")
BALEEN_SENDS_MAIL = bool(EMAIL_URL)
DEFAULT_FROM_EMAIL = env.text("BALEEN_EMAIL_FROM", "baleen@localhost")
_MAIL = environ.Env.email_url_config(EMAIL_URL or "consolemail://")
EMAIL_BACKEND = _MAIL["EMAIL_BACKEND"]
EMAIL_HOST, EMAIL_PORT = _MAIL["EMAIL_HOST"] or "", _MAIL["EMAIL_PORT"] or 25
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _MAIL["EMAIL_HOST_USER"] or "", _MAIL["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS, EMAIL_USE_SSL = _MAIL.get("EMAIL_USE_TLS", False), _MAIL.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 20

# --- Login ------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "web:start"
ACCOUNT_ADAPTER = "apps.web.login.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
# A self-hosted server often has no mail: an address is what an admin wrote or invited, not what a letter proved.
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# Whoever asks for a stranger's password learns nothing, and nobody is written to who has no login here.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = True
BALEEN_SIGNUP_OPEN = env.boolean("BALEEN_SIGNUP_OPEN", default=False)
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Baleen"
# Clocks of phones and servers differ: the code before and after the present one are good too.
MFA_TOTP_TOLERANCE = 1
MFA_ALLOW_UNVERIFIED_EMAIL = True
# Rate limits count by the client's address; behind our own proxy it is the one the proxy saw.
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if BALEEN_BEHIND_PROXY else 0
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# --- REST -------------------------------------------------------------------
REST_FRAMEWORK: dict[str, object] = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "apps.common.http.exception_handler",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["apps.common.bodies.BoundedJSONParser"],
    # A view that says nothing is closed.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "apps.accounts.authentication.KeyAuthentication",
        "apps.accounts.authentication.BrowserAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS: dict[str, object] = {
    "TITLE": "Baleen",
    "DESCRIPTION": "Product analytics for AI-powered apps: events, insights, flags, experiments.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "apps.accounts.openapi.add_problems",
    ],
}

# --- Jobs -------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_RESULT_BACKEND = REDIS_URL
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"global_keyprefix": "baleen:celery:", "visibility_timeout": 3600}
CELERY_BEAT_SCHEDULER = "analytics.beat:BeatingScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
CELERY_BEAT_SCHEDULE_FILENAME = str(BALEEN_DATA_DIR / "beat-schedule")
CELERY_BEAT_SCHEDULE: dict[str, dict[str, object]] = {
    "accounts.purge_deleted_projects": {"task": "accounts.purge_deleted_projects", "schedule": 300.0},
    "llm.resume_repricings": {"task": "llm.resume_repricings", "schedule": 60.0},
    "people.pay_debts": {"task": "people.pay_debts", "schedule": 15.0, "options": {"expires": 15}},
    "people.squash_overrides": {"task": "people.squash_overrides", "schedule": 600.0, "options": {"expires": 600}},
    "people.resume_deletions": {"task": "people.resume_deletions", "schedule": 60.0, "options": {"expires": 60}},
}
# An event that goes all the way, so that ingest cannot die unseen; 0 sends none.
BALEEN_CANARY_SECONDS = env.integer("BALEEN_CANARY_SECONDS", 60)
BALEEN_CANARY_LATE_SECONDS = env.integer("BALEEN_CANARY_LATE_SECONDS", 180)
BALEEN_CANARY_URL = env.text("BALEEN_CANARY_URL", f"http://127.0.0.1:{BALEEN_PORT}").rstrip("/")
if BALEEN_CANARY_SECONDS:
    CELERY_BEAT_SCHEDULE["ingest.send_canary"] = {
        "task": "ingest.send_canary",
        "schedule": float(BALEEN_CANARY_SECONDS),
        # One that waited for a worker all that time is of no use beside the next.
        "options": {"expires": BALEEN_CANARY_SECONDS},
    }

# --- Probes -----------------------------------------------------------------
# /metrics is open unless this is set; then it wants the value as a bearer token.
BALEEN_METRICS_TOKEN = env.text("BALEEN_METRICS_TOKEN")

# --- Logs -------------------------------------------------------------------
LOG_FORMAT = env.text("BALEEN_LOG_FORMAT", "console")
LOG_LEVEL = env.text("BALEEN_LOG_LEVEL", "INFO")
LOGGING_CONFIG = None
logs.configure(LOG_FORMAT, LOG_LEVEL, colored=env.boolean("BALEEN_LOG_COLOR", default=True))
