# Two images: `gateway` (HTTP, without torch) and `worker` (the network; torch from where pip is configured to look).
#
#   docker build --target gateway -t pedcontour-gateway .
#   docker build --target worker  -t pedcontour-worker --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cpu .
#
# Without TORCH_INDEX the worker gets torch with CUDA. BASE may name the same image by its digest.

ARG BASE=python:3.11-slim-bookworm
FROM ${BASE} AS base
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PATH=/opt/venv/bin:$PATH


# What is downloaded stays in this stage and the next ones; the images get the finished environment only.
FROM base AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python3 -m venv /opt/venv
WORKDIR /build
# Dependencies first and without the code, so that a change of the code does not download them again.
COPY pyproject.toml constraints.txt README.md LICENSE ./
RUN mkdir pedcontour service && touch pedcontour/__init__.py service/__init__.py
# The project itself goes in last, then out goes what never runs: installers, and the test suites of libraries.
RUN printf '%s\n' 'set -e' 'rm -rf build' 'pip install --no-deps --force-reinstall .' 'pip uninstall --yes pip setuptools' \
      'find /opt/venv/lib -type d -name tests -prune -exec rm -rf {} +' >finish.sh

FROM build AS gateway-build
RUN pip install -c constraints.txt ".[service,postgres,objectstore]"
COPY pedcontour pedcontour
COPY service service
# What contours and draws is the library's, and never imported here; a test holds the gateway to it.
RUN pip uninstall --yes scipy highdicom contourpy && sh finish.sh

FROM build AS worker-build
ARG TORCH_INDEX=
RUN pip install -c constraints.txt ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} ".[service,postgres,objectstore,inference]"
COPY pedcontour pedcontour
COPY service service
RUN sh finish.sh


FROM base AS runtime
# /data: uploads, results, the job table; /scratch: what one job unpacks and writes on its way.
RUN useradd --uid 10001 --user-group --home-dir /scratch --no-create-home --shell /usr/sbin/nologin pedcontour \
    && install -d -o pedcontour -g pedcontour -m 700 /data /scratch
ENV HOME=/scratch TMPDIR=/scratch PEDCONTOUR_DATA_DIR=/data PEDCONTOUR_MODELS_DIR=/opt/pedcontour/models
COPY models /opt/pedcontour/models
USER pedcontour
VOLUME ["/data", "/scratch"]

FROM runtime AS gateway
COPY --from=gateway-build /opt/venv /opt/venv
# Beyond the loopback interface the gateway starts only with PEDCONTOUR_API_KEYS set.
ENV PEDCONTOUR_HOST=0.0.0.0
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health/live', timeout=4)"]
CMD ["python", "-m", "service.gateway"]

FROM runtime AS worker
COPY --from=worker-build /opt/venv /opt/venv
HEALTHCHECK --interval=30s --timeout=15s --start-period=120s CMD ["python", "-m", "service.worker.health"]
CMD ["python", "-m", "service.worker"]
