#!/usr/bin/env bash
# Reloads a balancer every 500 ms under load, for a minute: servers, weights, limits, frontends
# and certificates change, with broken and unchanged files in between. wrk keeps it busy, and
# clients that never try twice GET and POST on new connections and on kept ones that were idle,
# plain and over TLS, while tunnels and WebSockets stay open all along. It is the long run of
# TestReloadStorm: at least 1,000,000 requests, none failed, no tunnel cut, no counter gone back.
#
#   ./scripts/soak.sh [SECONDS]        default: 60
#
# A machine that needs longer for the requests gets up to five times as long. Prints what wrk and
# the test say; exit code 0 only when all went well. Needs go, wrk and nginx (Debian: wrk
# nginx-light). Everything runs on loopback.
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1:-60} in
-h | --help)
	sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"
	exit 0
	;;
*[!0-9]* | 0)
	echo "soak: write the number of seconds, such as 60; --help says more" >&2
	exit 2
	;;
esac
for tool in go wrk nginx; do
	command -v "$tool" >/dev/null || { echo "soak: $tool is not installed" >&2; exit 1; }
done
RELAIS_SOAK=${1:-60}s exec go test -count=1 -v -timeout 30m -run '^TestReloadStorm$' ./cmd/balancer
