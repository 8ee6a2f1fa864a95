# The harness in a container: its packages from uv.lock, everything run by a user who is not root. docker-compose.yml
# brings the regions and Toxiproxy to it; alone it is the embedded world:
#
#   docker build --tag drill-harness:local .
#   docker run --rm --init drill-harness:local                                  # one drill
#   docker run --rm --init drill-harness:local drill list
#
# Pinned by tag; PYTHON_IMAGE pins a digest: --build-arg PYTHON_IMAGE=python:3.11.14-slim-bookworm@sha256:...
ARG PYTHON_IMAGE=python:3.11.14-slim-bookworm
FROM ${PYTHON_IMAGE}

ENV PYTHONUNBUFFERED=1 \
    UV_PROJECT_ENVIRONMENT=/opt/drill \
    UV_PYTHON_DOWNLOADS=never \
    UV_COMPILE_BYTECODE=1 \
    UV_NO_CACHE=1 \
    UV_LINK_MODE=copy \
    HOME=/tmp \
    PATH=/opt/drill/bin:/usr/local/bin:/usr/bin:/bin

WORKDIR /harness
RUN python -m pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore uv==0.13.9

# packages first: they change less often than the code
COPY pyproject.toml uv.lock README.md LICENSE ./
RUN uv sync --frozen --no-dev --no-install-project

COPY harness ./harness
COPY reference ./reference
COPY features ./features
COPY drills ./drills
COPY environments ./environments
RUN uv sync --frozen --no-dev

RUN useradd --uid 1000 --no-create-home drill && mkdir reports && chown drill:drill reports
USER drill
CMD ["drill", "run", "region-lost-black-holed"]
