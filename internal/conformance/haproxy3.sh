#!/bin/sh
# Prints the command that runs the HAProxy 3.0 of Debian trixie, which the conformance tests
# compare with. It is unpacked, once, under the user's cache directory, from the mirror that this
# machine's own package sources name; nothing is installed. Needs mmdebstrap and apt.
set -eu

cache=${XDG_CACHE_HOME:-$HOME/.cache}/relais
dir=$cache/haproxy-3.0
run=$dir/run

if [ ! -x "$run" ]; then
    mkdir -p "$cache"
    exec 9>"$cache/haproxy-3.0.lock"
    flock 9 # another test may be at it
fi
if [ ! -x "$run" ]; then
    mirror=$(apt-get indextargets --format '$(SITE) $(RELEASE) $(LABEL)' 'Created-By: Packages' |
        awk '$3 == "Debian" && $2 !~ /-/ {print $1; exit}')
    [ -n "$mirror" ] || { echo 'the package sources name no Debian mirror' >&2; exit 1; }
    root=$(mktemp -d "$cache/haproxy-3.0.XXXXXX")
    trap 'rm -rf "$root"' EXIT
    chmod 755 "$root"
    mmdebstrap --quiet --variant=extract --include=haproxy trixie "$root" "$mirror" >&2
    loader=$(find "$root/usr/lib64" "$root/usr/lib" -name 'ld-linux*.so*' 2>/dev/null | head -n 1)
    library=$(dirname "$(find "$root/usr/lib" -name libc.so.6 | head -n 1)")
    mv "$root" "$dir"
    trap - EXIT
    printf '#!/bin/sh\nexec "%s" --library-path "%s" "%s" "$@"\n' \
        "$dir${loader#"$root"}" "$dir${library#"$root"}" "$dir/usr/sbin/haproxy" >"$run.new"
    chmod +x "$run.new"
    "$run.new" -v >/dev/null
    mv "$run.new" "$run"
fi
echo "$run"
