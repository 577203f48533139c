"""Overrides for the test run: throw-away data, fast password hashing, no real address of a service."""

import os
import tempfile

os.environ.setdefault("BALEEN_DATA_DIR", tempfile.mkdtemp(prefix="baleen-test-"))

from analytics.settings import *  # noqa: F403 - the data directory must be named before settings read it

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ALLOWED_HOSTS = ["*"]
