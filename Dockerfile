# The server as one program in an image without tools. Build: docker build -t qianshou .
# The engines are compiled in (SQLite, libpq), so nothing but libc is needed to run.

FROM rust:1.95-bookworm AS build
WORKDIR /build
# the compiler of this image; rust-toolchain.toml would fetch lints and formatter too
ENV RUSTUP_TOOLCHAIN=1.95.0
COPY . .
RUN cargo build --release --locked --bin qianshou
# folders that volumes are laid over: a new volume takes their owner
RUN mkdir -p /empty/data /empty/keys

FROM debian:12-slim
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /build/target/release/qianshou /usr/local/bin/qianshou
COPY --from=build --chown=65532:65532 /empty /var/lib/qianshou
ENV QIANSHOU_DATA_DIR=/var/lib/qianshou/data \
    QIANSHOU_KEYS_DIR=/var/lib/qianshou/keys \
    QIANSHOU_DATABASE_URL=sqlite:///var/lib/qianshou/data/qianshou.db \
    QIANSHOU_LISTEN=0.0.0.0:8080
WORKDIR /var/lib/qianshou
USER 65532:65532
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/qianshou"]
CMD ["serve"]
