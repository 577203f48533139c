"""`manage.py up`: every process of a laptop under one supervisor. Imports neither Django nor Celery, to stay small."""
