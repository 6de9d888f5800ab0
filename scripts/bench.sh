#!/usr/bin/env bash
# Compares the balancer with HAProxy in one run: the same servers (nginx), small answers, 64
# connections, in turn, several rounds. Prints the median of requests per second, of the
# processor time per request and of the 99th percentile, and the ratios to HAProxy.
#
#   ./scripts/bench.sh [ROUNDS] [SECONDS] [CONNECTIONS]        default: 5 5 64
#
# Needs haproxy, nginx and wrk (Debian: haproxy nginx-light wrk). Everything runs on loopback.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-5} seconds=${2:-5} connections=${3:-64}
for tool in haproxy nginx wrk go; do
	command -v "$tool" >/dev/null || { echo "bench: $tool is not installed" >&2; exit 1; }
done

dir=$(mktemp -d)
pids=()
finish() {
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
	wait 2>/dev/null || true
	rm -rf "$dir"
}
trap finish EXIT

base=${BENCH_PORT:-19000} # servers from here on, HAProxy at +80, the balancer at +81, its statistics at +84
cat >"$dir/nginx.conf" <<EOF
worker_processes 1; daemon off; pid $dir/nginx.pid; error_log $dir/nginx.log; user root;
events { worker_connections 16384; }
http {
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600s;
  client_body_temp_path $dir/a; proxy_temp_path $dir/b; fastcgi_temp_path $dir/c; uwsgi_temp_path $dir/d; scgi_temp_path $dir/e;
  server {
    listen 127.0.0.1:$((base + 1)); listen 127.0.0.1:$((base + 2)); listen 127.0.0.1:$((base + 3));
    location / { return 200 "a small answer of about one hundred bytes, as health checks and redirects are, and no more than that\n"; }
  }
}
EOF
cat >"$dir/haproxy.cfg" <<EOF
global
  nbthread $(nproc)
  maxconn 4000
defaults
  mode http
  timeout connect 5s
  timeout client 50s
  timeout server 50s
  http-reuse always
  option httpchk GET /
frontend web
  bind 127.0.0.1:$((base + 80))
  default_backend app
backend app
  balance roundrobin
  server web1 127.0.0.1:$((base + 1)) check
  server web2 127.0.0.1:$((base + 2)) check
  server web3 127.0.0.1:$((base + 3)) check
EOF
cat >"$dir/balancer.yml" <<EOF
access_log: off
stats: {bind: "127.0.0.1:$((base + 84))"}
frontends:
  - {name: web, bind: "127.0.0.1:$((base + 81))", default_backend: app}
backends:
  - name: app
    health_check: /
    servers:
      - {name: web1, address: "127.0.0.1:$((base + 1))"}
      - {name: web2, address: "127.0.0.1:$((base + 2))"}
      - {name: web3, address: "127.0.0.1:$((base + 3))"}
EOF

start() { # NAME COMMAND...
	local name=$1
	shift
	"$@" >"$dir/$name.out" 2>&1 &
	pids+=($!)
	eval "pid_$name=$!"
}
go build -o "$dir/balancer" ./cmd/balancer
start nginx nginx -c "$dir/nginx.conf"
start haproxy haproxy -db -f "$dir/haproxy.cfg"
start relais "$dir/balancer" run --config "$dir/balancer.yml"

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
for port in $((base + 1)) $((base + 80)) $((base + 81)); do
	for _ in $(seq 100); do answers "$port" && break; sleep 0.1; done
	answers "$port" || { echo "bench: nothing listens on port $port" >&2; cat "$dir"/*.out >&2; exit 1; }
done

cpu() { awk '{print $14 + $15}' "/proc/$1/stat"; } # in ticks of 10 ms
measure() { # NAME PORT PID
	local before after out
	before=$(cpu "$3")
	out=$(wrk -t1 -c"$connections" -d"${seconds}s" --latency "http://127.0.0.1:$2/")
	after=$(cpu "$3")
	if grep -qE 'Socket errors|Non-2xx' <<<"$out"; then grep -E 'Socket errors|Non-2xx' <<<"$out" | sed "s/^/$1: /"; fi
	awk -v name="$1" -v ticks=$((after - before)) '
		function ms(s) { return s ~ /us$/ ? s / 1000 : s ~ /ms$/ ? s + 0 : s * 1000 }
		$1 == "99%" { p99 = ms($2) }
		/requests in/ { n = $1 }
		$1 == "Requests/sec:" { rps = $2 }
		END { printf "%s %.0f %.2f %.2f\n", name, rps, ticks * 10000 / n, p99 }' <<<"$out" | tee -a "$dir/results"
}
echo "name requests/s us-of-processor/request p99-ms   ($(nproc) cores, $connections connections, ${seconds}s each)"
for _ in $(seq "$rounds"); do
	measure haproxy $((base + 80)) "$pid_haproxy"
	measure relais $((base + 81)) "$pid_relais"
done
median() { awk -v name="$1" -v column="$2" '$1 == name { print $column }' "$dir/results" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
echo
for name in haproxy relais; do
	for column in 2 3 4; do eval "${name}_$column=$(median $name $column)"; done
done
awk -v a="$haproxy_2" -v b="$relais_2" -v c="$haproxy_3" -v d="$relais_3" -v e="$haproxy_4" -v f="$relais_4" 'BEGIN {
	printf "medians   requests/s  processor us/request  p99 ms\n"
	printf "haproxy   %10.0f  %20.2f  %6.2f\n", a, c, e
	printf "relais    %10.0f  %20.2f  %6.2f\n", b, d, f
	printf "ratio     %10.2f  %20.2f  %6.2f\n", b / a, d / c, f / e }'
