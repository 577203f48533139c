"""Overrides for the test run: throw-away data, fast password hashing, a test database that subprocesses can open."""

import os
import tempfile

# Each pytest worker is an instance of its own: own ports, own data. A subprocess of a test names its directory itself.
if "BALEEN_TEST_RUN" not in os.environ or os.environ.get("PYTEST_XDIST_WORKER", "") != os.environ["BALEEN_TEST_RUN"]:
    os.environ["BALEEN_TEST_RUN"] = os.environ.get("PYTEST_XDIST_WORKER", "")
    os.environ["BALEEN_DATA_DIR"] = tempfile.mkdtemp(prefix="baleen-test-")

from analytics.settings import *  # noqa: F403 - an overlay takes everything
from analytics.settings import BALEEN_DATA_DIR, DATABASES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
DATABASES["default"]["TEST"] = {"NAME": str(BALEEN_DATA_DIR / "test.sqlite3")}
