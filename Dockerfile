# onecard: one image for the API, the job runner and the migration. Runs as an ordinary user.
FROM python:3.12-slim-bookworm AS pages
WORKDIR /app
COPY requirements-pages.lock ./
RUN python -m venv .venv && .venv/bin/pip install --no-cache-dir --require-hashes -r requirements-pages.lock
COPY web web
COPY foundation/locales foundation/locales
COPY scripts/setup-pages.sh scripts/
RUN scripts/setup-pages.sh

FROM python:3.12-slim-bookworm AS build
WORKDIR /app
COPY requirements.lock pyproject.toml README.md LICENSE ./
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY foundation foundation
COPY registry registry
COPY settlement settlement
COPY terminals terminals
COPY clearing clearing
COPY dining dining
COPY waste waste
COPY web web
COPY --from=pages /app/web/dist web/dist
COPY onecard onecard
COPY travellers travellers
COPY verification verification
COPY demo demo
COPY loadtest loadtest
COPY conformance conformance
COPY docs/terminal-protocol.md docs/
RUN /venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.12-slim-bookworm
RUN apt-get update && apt-get install -y --no-install-recommends fonts-noto-cjk && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /var/lib/onecard --create-home onecard \
    && install -d -o onecard -g onecard /var/lib/onecard/statements /var/lib/onecard/metrics
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 ONECARD_DATA_DIR=/var/lib/onecard ONECARD_LOG_JSON=true
USER onecard
WORKDIR /var/lib/onecard
EXPOSE 8000
ENTRYPOINT ["onecard"]
CMD ["serve"]
