# engine.sh - sourced by the tests beside it: an engine, and Debian's image.
#
# An engine that answers is used as it is.  Where none does, root starts a
# docker of its own, without a network of its own, which ends with the test.
# Without either there is nothing to test: status 77, as for a skipped test.

skip() {
    echo "$test: 0 passed, 0 failed, 1 skipped: $1"
    exit 77
}

work=$(mktemp -d /tmp/vmlab-docker-XXXXXX)
chmod 755 "$work"
daemon=''

stop_engine() {
    trap '' INT TERM
    if [ -n "$daemon" ]; then
        kill "$daemon" 2>/dev/null || true
        wait "$daemon" 2>/dev/null || true
    fi
    rm -rf --one-file-system "$work"
}
trap stop_engine EXIT
trap 'exit 130' INT TERM

start_engine() {
    if timeout 20 docker info >/dev/null 2>&1; then
        echo "engine: the docker that runs here, $(docker version -f '{{.Server.Version}}')"
        return
    fi
    [ "$(id -u)" = 0 ] || skip "no docker answers, and only root can start one"
    command -v dockerd >/dev/null || skip "docker is not installed (docker.io)"
    export DOCKER_HOST=unix://$work/socket
    dockerd --iptables=false --bridge=none --host "$DOCKER_HOST" \
        --data-root "$work/data" --exec-root "$work/exec" \
        --pidfile "$work/pid" >"$work/dockerd.log" 2>&1 &
    daemon=$!
    for _ in $(seq 60); do
        if docker info >/dev/null 2>&1; then
            echo "engine: dockerd $(docker version -f '{{.Server.Version}}'), started here"
            return
        fi
        kill -0 "$daemon" 2>/dev/null || break
        sleep 0.5
    done
    tail -n 5 "$work/dockerd.log"
    skip "dockerd does not start here"
}

# The image that the Dockerfile names: there, pulled, or made from packages.
# How packages are reached from within is this machine's business.
make_base() {
    local image=debian:bookworm-slim root=$work/debian
    docker image inspect "$image" >/dev/null 2>&1 && return
    if [ -z "$daemon" ] && docker pull -q "$image" 2>/dev/null; then
        return
    fi
    command -v debootstrap >/dev/null || skip "no image $image and no debootstrap"
    debootstrap --variant=minbase bookworm "$root" >"$work/debootstrap.log" 2>&1 ||
        { tail -n 5 "$work/debootstrap.log"; skip "no image $image can be made"; }
    rm -f "$root/etc/apt/sources.list"
    cp -a /etc/apt/. "$root/etc/apt/"
    rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
    tar -C "$root" -cf - . | docker import - "$image" >/dev/null
    rm -rf "$root"
}
