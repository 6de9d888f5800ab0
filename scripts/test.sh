#!/usr/bin/env bash
# Runs the tests: scripts/test.sh [PACKAGE...], all packages without arguments, and those that need
# a browser, which are a module of their own.
#
# On Debian as root it installs what the tests need; elsewhere it says what is missing and runs
# on. A test whose program is missing is skipped; with CI=true that is a failure. The last line
# counts the test cases, and the exit code is 0 only when nothing failed.
set -uo pipefail
cd "$(dirname "$0")/.."
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

readonly budget=$((14 * 60)) # seconds, for everything
readonly per_package=10m

# Debian package, and what shows that it is there.
readonly needed='
gcc gcc
libc6-dev /usr/include/stdlib.h
ca-certificates /etc/ssl/certs/ca-certificates.crt
git git
curl curl
openssl openssl
sslscan sslscan
haproxy haproxy
nginx-light nginx
wrk wrk
hey hey
mariadb-server mariadbd
redis-server redis-server
prometheus prometheus
prometheus-haproxy-exporter prometheus-haproxy-exporter
chromium chromium
socat socat
mmdebstrap mmdebstrap
nodejs node
procps ps
iproute2 ss
util-linux unshare
mount mount
'

say() { printf '== %s\n' "$*"; }

main() {
    modules=(.)
    [ $# -gt 0 ] || { set -- ./... && modules+=(internal/browser); }
    work=$(mktemp -d /tmp/relais.XXXXXX)
    trap cleanup EXIT
    trap 'interrupt 130' INT
    trap 'interrupt 143' TERM HUP

    install_missing
    find_go || exit 1
    export TMPDIR=$work # what a killed test leaves behind goes with it
    go build -o "$work/testreport" ./internal/testreport || exit 1

    failed=()
    check gofmt unformatted
    check 'go vet' vet "$@"
    run_tests "$@"
}

# cleanup and interrupt leave no process, no file and no policy behind.
cleanup() {
    [ -z "${policy:-}" ] || rm -f "$policy"
    rm -rf "$work"
}

interrupt() {
    if [ -n "${tests:-}" ]; then
        kill -TERM "$tests" 2>/dev/null
        exec 3>&- # the report ends when nobody can tell it anything
        wait
    fi
    exit "$1"
}

missing() {
    local package sign
    while read -r package sign; do
        [ -z "$package" ] || [ -e "$sign" ] || command -v "$sign" >/dev/null || echo "$package"
    done <<<"$needed"
}

install_missing() {
    local packages
    mapfile -t packages < <(missing)
    [ ${#packages[@]} -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        say "missing, and to be installed by root: ${packages[*]}"
        return 0
    fi
    say "installing ${packages[*]}"
    refuse_services
    if ! apt_get install -y --no-install-recommends "${packages[@]}"; then
        cat "$work/apt.log"
        say "could not install everything; still missing: $(missing | xargs)"
    fi
}

# apt_get updates the lists, and then does what it is told.
apt_get() {
    export DEBIAN_FRONTEND=noninteractive
    local wait=(-o DPkg::Lock::Timeout=120)
    apt-get "${wait[@]}" -qq update >"$work/apt.log" 2>&1 </dev/null &&
        apt-get "${wait[@]}" -qq "$@" >>"$work/apt.log" 2>&1 </dev/null
}

# refuse_services keeps Debian from starting what it installs.
refuse_services() {
    [ ! -e /usr/sbin/policy-rc.d ] || return 0
    policy=/usr/sbin/policy-rc.d
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
}

# find_go puts a go command that can build this module into PATH.
find_go() {
    local want found dir
    want=$(sed -n 's/^go //p' go.mod)
    for dir in "$(dirname "$(command -v go || echo /nowhere/go)")" /usr/local/go/bin; do
        if (PATH="$dir:$PATH" && go list -m) >/dev/null 2>&1; then
            export PATH="$dir:$PATH"
            return 0
        fi
    done
    found=$(go version 2>/dev/null || echo none)
    say "needs Go $want or newer in PATH or /usr/local/go (found: $found): https://go.dev/dl/"
    return 1
}

check() {
    local name=$1
    shift
    say "$name"
    "$@" || failed+=("$name")
}

unformatted() {
    local files
    files=$(gofmt -l .) && [ -z "$files" ] && return 0
    printf 'not formatted: %s\n' $files
    return 1
}

vet() {
    local module status=0
    for module in "${modules[@]}"; do
        go -C "$module" vet "$@" || status=1
    done
    return "$status"
}

# run_tests has the tests of all modules counted as one run.
run_tests() {
    local race=(-race) module status=0
    if ! command -v gcc >/dev/null; then
        say 'without gcc there is no race detector'
        race=()
        [ "${CI:-}" != true ] || failed+=('race detector')
    fi
    mkfifo "$work/events"
    "$work/testreport" "${failed[@]}" <"$work/events" &
    local report=$!
    exec 3>"$work/events" # so that the report goes on to the next module
    for module in "${modules[@]}"; do
        say "go -C $module test ${race[*]} $*"
        test_module "$module" "${race[@]}" "$@" || status=$?
    done
    exec 3>&-
    wait "$report" || exit 1
    exit "$status"
}

# test_module bounds the tests by what is left of the time. They are in a process group of their
# own, which timeout ends as a whole.
test_module() {
    local module=$1 left=$((budget - SECONDS))
    shift
    set -m # without it, what runs in the background ignores SIGINT, and so would the servers under test
    timeout --kill-after=20 $((left > 0 ? left : 1)) \
        go -C "$module" test -json -vet=off -count=1 -shuffle=on -p 2 -timeout "$per_package" "$@" >&3 3>&- </dev/null &
    tests=$!
    set +m
    wait "$tests"
}

main "$@"
