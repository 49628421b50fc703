# engine.sh - sourced by the tests beside it: an engine, Debian's image, and the
# host's records of the samples.
#
# An engine that answers is used as it is.  Where none does, root starts a
# docker of its own, without a network of its own, which ends with the test.
# Without either there is nothing to test, and the last line says so: NOT RUN,
# with why, and status 77.
#
# Environment, for those who have made these things already (.ci/run):
#   VMLAB_HOST     the kit that was built on the host, instead of this folder
#   VMLAB_RECORDS  the host's records of the samples; else they are graded here
#   VMLAB_DEBIAN   a tar of a minimal Debian 12, instead of one made here

host=$(realpath "${VMLAB_HOST:-.}")
work=$(mktemp -d /tmp/vmlab-docker-XXXXXX)
chmod 755 "$work"
daemon='' passed=0 failed=0

not_run() { # WHY
    echo "$test: NOT RUN: $1"
    exit 77
}

tell() { # STATUS WORDS
    if [ "$1" = 0 ]; then
        passed=$((passed + 1))
        echo "ok    $2"
    else
        failed=$((failed + 1))
        echo "FAIL  $2"
    fi
}
step() { printf '== %s (%s s)\n' "$*" "$SECONDS"; }

closing() {
    echo "$test: $passed passed, $failed failed ($SECONDS s)"
    [ "$failed" = 0 ] && [ "$passed" != 0 ]
}

stop_engine() {
    trap '' INT TERM
    if [ -n "$daemon" ]; then
        kill "$daemon" 2>/dev/null || true
        wait "$daemon" 2>/dev/null || true
        # What --network host makes, and the daemon leaves.
        umount "$work"/exec/netns/* 2>/dev/null || true
    fi
    rm -rf --one-file-system "$work"
}
trap stop_engine EXIT
trap 'exit 130' INT TERM

start_engine() {
    if [ ! -x "$host/build/vmgrade" ]; then
        echo "$test: $host holds no kit that is built: make all" >&2
        exit 69
    fi
    if timeout 20 docker info >/dev/null 2>&1; then
        echo "engine: the docker that runs here, $(docker version -f '{{.Server.Version}}')"
        return
    fi
    [ "$(id -u)" = 0 ] || not_run "no docker answers, and only root can start one"
    command -v dockerd >/dev/null || not_run "docker is not installed (docker.io)"
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
    not_run "dockerd does not start here"
}

# The image that the Dockerfile names: there, pulled, or made from packages.
# How packages are reached from within is this machine's business.
make_base() {
    local image=debian:bookworm-slim root=$work/debian
    docker image inspect "$image" >/dev/null 2>&1 && return
    if [ -n "${VMLAB_DEBIAN:-}" ]; then
        docker import - "$image" <"$VMLAB_DEBIAN" >/dev/null
        return
    fi
    if [ -z "$daemon" ] && docker pull -q "$image" 2>/dev/null; then
        return
    fi
    command -v debootstrap >/dev/null || not_run "no image $image and no debootstrap"
    debootstrap --variant=minbase bookworm "$root" >"$work/debootstrap.log" 2>&1 ||
        { tail -n 5 "$work/debootstrap.log"; not_run "no image $image can be made"; }
    rm -f "$root/etc/apt/sources.list"
    cp -a /etc/apt/. "$root/etc/apt/"
    rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
    tar -C "$root" -cf - . | docker import - "$image" >/dev/null
    rm -rf "$root"
}

# Where the host's records of these submissions are: $records/NAME.json.
host_records() { # SUBMISSION...
    records=${VMLAB_RECORDS:-}
    [ -z "$records" ] || return 0
    records=$work/records
    mkdir "$records"
    "$host/build/vmgrade" grade --quiet --json "$records" "$@" >/dev/null
}
