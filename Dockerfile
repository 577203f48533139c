# The image of every process on a server: web, writer, worker, beat and the one-shot migration.
# The stores run beside it, so neither the embedded ClickHouse engine nor a supervisor is in it.

FROM node:22.20-bookworm-slim AS assets
WORKDIR /src/apps/web/assets
COPY apps/web/assets/package.json apps/web/assets/package-lock.json ./
RUN npm ci --ignore-scripts
COPY apps/web/assets ./
RUN npm run --silent build

FROM python:3.11.13-slim-bookworm AS environment
RUN pip install --no-cache-dir --disable-pip-version-check uv
COPY requirements/base.txt /requirements/base.txt
RUN uv venv /opt/baleen/venv \
 && uv pip sync --no-cache --compile-bytecode --require-hashes --python /opt/baleen/venv/bin/python /requirements/base.txt

FROM python:3.11.13-slim-bookworm
ENV PATH=/opt/baleen/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MALLOC_ARENA_MAX=2 \
    BALEEN_DATA_DIR=/var/lib/baleen \
    BALEEN_PORT=8000 \
    BALEEN_LOG_FORMAT=json
RUN useradd --system --uid 10001 --home-dir /var/lib/baleen --create-home --shell /usr/sbin/nologin baleen
WORKDIR /opt/baleen/app
COPY --from=environment /opt/baleen/venv /opt/baleen/venv
COPY manage.py ./
COPY analytics ./analytics
COPY apps ./apps
COPY --from=assets /src/apps/web/static ./apps/web/static
# Values only for this step: collecting files asks no store and signs nothing.
RUN BALEEN_SECRET_KEY=build REDIS_URL=redis://build CLICKHOUSE_URL=clickhouse://build \
    python manage.py collectstatic --noinput --verbosity 0
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/_health', timeout=4)"]
CMD ["python", "manage.py", "serve", "--host", "0.0.0.0"]
