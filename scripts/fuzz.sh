#!/usr/bin/env bash
# Runs every fuzz target of the repository, one after the other: scripts/fuzz.sh [TIME [TARGET...]].
#
# TIME is how long each of them runs, such as 30s or 10m; 1m without it. TARGETs are their names.
# What is found lies in testdata/fuzz/TARGET beside the test, where a plain `go test` runs it from
# then on: keep it there under a name that says what it is, and mend the cause. The exit code is 0
# only when nothing was found.
set -uo pipefail
cd "$(dirname "$0")/.."

readonly time=${1:-1m}
readonly wanted=" ${*:2} "

# targets prints lines of a package and one of its targets.
targets() {
    local names=() name package
    go test -list '^Fuzz' ./... | while read -r name package _; do
        case $name in
        Fuzz*) names+=("$name") ;;
        ok) printf "$package %s\n" "${names[@]}" && names=() ;;
        esac
    done | grep ' Fuzz'
}

failed=()
while read -r package target; do
    [ $# -lt 2 ] || [[ $wanted == *" $target "* ]] || continue
    printf '== %s in %s\n' "$target" "$package"
    # Making every interesting input smaller would take up to a minute, most of it in vain.
    nice -n 19 go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 100x -parallel 1 "$package" ||
        failed+=("$target")
done < <(targets)

printf '== %d found something: %s\n' "${#failed[@]}" "${failed[*]:-none}"
[ "${#failed[@]}" -eq 0 ]
