# Written with care, and not run: no container engine was at hand. tests/package/container.test.ts holds what can be
# held without one.
#
#     docker build --tag queuectl .
#     docker run --init --detach --name worker --volume queue:/data queuectl
#     docker exec worker queuectl enqueue "echo hello"

FROM node:24-slim AS build
WORKDIR /checkout
# First what the dependencies depend on: a changed source does not fetch them anew.
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY . .
# `prepack` builds.
RUN npm pack

FROM node:24-slim
COPY --from=build /checkout/queuectl-*.tgz /tmp/
# The tarball needs nothing else, and so no registry.
RUN npm install --global --offline /tmp/queuectl-*.tgz && rm /tmp/queuectl-*.tgz
# The home is its owner's alone; a new volume takes this over. A local disk: SQLite's locks do not hold on a network's.
RUN install --directory --owner=node --group=node --mode=0700 /data
ENV QUEUECTL_HOME=/data
VOLUME /data
USER node
WORKDIR /home/node

# No shell between: the signal that stops the container reaches the worker itself, which finishes its current jobs.
# An engine waits 10 seconds and then kills; give it longer than jobs take (`docker stop --time`, `stop_grace_period`).
STOPSIGNAL SIGTERM
# PID 1 inherits what a job leaves behind in the background, and must reap it. The worker goes below a shell that does;
# an init (`docker run --init`, `init: true` in compose.yaml) does it as well.
ENTRYPOINT ["queuectl"]
CMD ["worker", "start"]
