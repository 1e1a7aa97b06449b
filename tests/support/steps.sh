# How ./test and ./quickstart say what they do, run it, and end it. Sourced by both.

set -uo pipefail
set -m  # each background job gets a process group of its own, which can be ended as a whole

# Build results of a compiler cache stay inside the checkout, unless the caller has a cache already.
export CCACHE_DIR=${CCACHE_DIR:-$PWD/.cache/ccache}
# What ccache asks for with precompiled headers.
export CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS:-pch_defines,time_macros}

say() { printf '==> %s\n' "$*"; }

# fail STATUS MESSAGE: one line on standard error, then the end.
fail() {
    printf '%s: %s\n' "${0##*/}" "$2" >&2
    exit "$1"
}

step_group=
# Runs one command to its end. Not in the foreground: bash would put off its traps until the command ends.
run_step() {
    "$@" </dev/null &
    step_group=$!
    wait "$step_group"
    local status=$?
    step_group=
    return "$status"
}

end_step() {
    if [[ -n $step_group ]]; then
        kill -TERM -- "-$step_group" 2>/dev/null
        wait "$step_group" 2>/dev/null
    fi
}

configure_and_build() {
    local preset=$1
    shift
    cmake --preset "$preset" && cmake --build --preset "$preset" ${1:+--target "$@"}
}

# build_preset PRESET [TARGET...]: the output goes to a log and is shown only when something is wrong.
build_preset() {
    local log=build/$1.log
    mkdir -p build
    say "Building preset '$1' (some minutes the first time; log: $log)"
    run_step configure_and_build "$@" >"$log" 2>&1 || {
        tail -n 30 "$log" >&2
        fail 3 "the build failed: see $log"
    }
}
