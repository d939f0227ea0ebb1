# 一个镜像，四个服务 · the four services and the `whistle` command in one image: `run tickets`, `migrate`, `dead list`, …
FROM python:3.13-slim AS build
COPY requirements/runtime.txt /tmp/
RUN python -m venv /opt/whistle \
 && /opt/whistle/bin/python -m pip install --no-cache-dir --require-hashes -r /tmp/runtime.txt \
 && /opt/whistle/bin/python -m pip uninstall --quiet --yes pip
COPY contracts /app/contracts
COPY chassis /app/chassis
COPY services /app/services
COPY console /app/console
COPY cli /app/cli
# the command, as messages and documents name it: docker compose exec dispatch whistle dead count dispatch
RUN printf '#!/bin/sh\nexec python -m cli.main "$@"\n' >/opt/whistle/bin/whistle && chmod 755 /opt/whistle/bin/whistle
# compiled here, since the container cannot write
RUN python -m compileall -q /app

FROM python:3.13-slim
LABEL org.opencontainers.image.title="whistle" \
      org.opencontainers.image.description="tickets, dispatch, notify and ledger: graded response for a neighbourhood"
COPY --from=build /opt/whistle /opt/whistle
COPY --from=build /app /app
# what the ledger published, and the photographs of tickets: their volumes are made with this owner
RUN install -d -o 10001 -g 10001 /var/lib/whistle \
 && install -d -o 10001 -g 10001 -m 700 /var/lib/whistle-photographs
# USER is whom the audit of dead letters names, unless told otherwise: docker compose run -e USER=…
ENV PATH=/opt/whistle/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp USER=container
WORKDIR /app
# a number, so that whoever runs it can see that it is not root
USER 10001:10001
ENTRYPOINT ["whistle"]
CMD ["--help"]
