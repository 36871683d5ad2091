# syntax=docker/dockerfile:1

FROM rust:1-slim-bookworm AS build
# A C compiler builds the embedded SQLite.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev make \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/source/target \
    cargo build --release --locked --bin vestibule \
    && cp target/release/vestibule /usr/local/bin/vestibule

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --create-home vestibule
COPY --from=build /usr/local/bin/vestibule /usr/local/bin/vestibule

USER vestibule
# Without other configuration the database and the secret are files here; so is vestibule.toml.
WORKDIR /data
VOLUME /data
ENV HOST=0.0.0.0 PORT=4000
EXPOSE 4000
# No HEALTHCHECK: the image holds no HTTP client. Ask /health/live and /health/ready from outside.
ENTRYPOINT ["vestibule"]
CMD ["serve"]
