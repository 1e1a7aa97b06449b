# Debian's armhf packages in a folder, for the preset `arm`. Sourced by ./test after steps.sh and packages.sh.
# Installed, some of them would take the place of this machine's own (their -dev halves do not stand side by side).

# unpack_armhf_packages: into build/armhf, once; apt works in a state of its own and needs no root.
unpack_armhf_packages() {
    local root=$PWD/build/armhf apt=$PWD/build/armhf-apt package log=build/armhf.log
    [[ $(cat "$root/unpacked" 2>/dev/null) == "${armhf_packages[*]}" ]] && return
    say "Unpacking Debian's armhf packages in build/armhf (log: $log)"
    rm -rf "$root" "$apt"
    mkdir -p "$root" "$apt"/{state/lists/partial,cache/archives/partial,packages}
    : >"$apt/state/status"
    local options=(
        -o APT::Architecture=armhf -o APT::Architectures=armhf -o APT::Sandbox::User="$(id -un)"
        -o Dir::State="$apt/state" -o Dir::State::status="$apt/state/status" -o Dir::Cache="$apt/cache"
    )
    # An index that a mirror is just replacing fails; what matters is whether the packages come.
    run_step apt-get "${options[@]}" update >"$log" 2>&1 || say "apt-get update: see $log"
    run_step env -C "$apt/packages" apt-get "${options[@]}" download "${armhf_packages[@]}" >>"$log" 2>&1 || {
        tail -n 10 "$log" >&2
        fail 3 "the armhf packages did not come: see $log"
    }
    for package in "$apt"/packages/*.deb; do
        dpkg -x "$package" "$root" || fail 3 "$package: cannot be unpacked"
    done
    rm -rf "$apt" "$root"/usr/lib/*/*.so  # links to shared libraries: archives are what the toolchain links
    printf '%s' "${armhf_packages[*]}" >"$root/unpacked"
}
