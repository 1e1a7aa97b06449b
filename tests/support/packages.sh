# Debian packages of this project, by purpose, and their installation. Sourced by ./test and ./quickstart
# after steps.sh.

build_packages=(
    g++ cmake ninja-build ccache
    libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev libssl-dev libyaml-cpp-dev
    prometheus-cpp-dev libgtest-dev libgmock-dev libsqlite3-dev libcli11-dev libexpat1-dev libbenchmark-dev
    pkgconf libp11-dev libp11-kit-dev p11-kit
)
store_packages=(radosgw ceph-mon ceph-osd ceph-common curl openssl python3)
fuzz_packages=(clang-14 libclang-rt-14-dev)
test_packages=(python3-boto3 python3-cryptography awscli s3cmd rclone gnutls-bin softhsm2 opensc
    prometheus python3-yaml)
test_packages+=(chromium chromium-driver python3-selenium)  # of the status page
test_packages+=(systemd python3-seccomp groff-base)  # of the units and manuals
swift_packages=(swift-proxy swift-account swift-container swift-object)  # only ./test --store swift
scan_packages=(sslscan testssl.sh)  # only ./test --long
watch_packages=(prometheus-blackbox-exporter)  # the same
deploy_packages=(debootstrap iproute2 util-linux dpkg-dev file)  # the same
arm_packages=(g++-arm-linux-gnueabihf qemu-user)  # only ./test --long
armhf_packages=(  # of another architecture: unpacked by armhf.sh, never installed
    libssl-dev libexpat1-dev libboost1.81-dev libboost-json1.81-dev libboost-container1.81-dev
    libboost-system1.81-dev libgtest-dev libgmock-dev libcli11-dev
)

# Installs those of the named packages that are missing; touches nothing when none is.
install_missing_packages() {
    command -v dpkg-query >/dev/null || fail 2 "this script installs Debian packages, but here is no dpkg-query"
    local package missing=() as_root=() apt_get=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0)
    for package in "$@"; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
    done
    if ((${#missing[@]} == 0)); then
        return
    fi
    say "Installing Debian packages: ${missing[*]}"
    if ((EUID != 0)); then
        command -v sudo >/dev/null || fail 2 "neither root nor sudo: have root run 'apt-get install ${missing[*]}'"
        as_root=(sudo)
    fi
    # The ceph packages start no storage daemon: a monitor or an OSD runs only where one was set up. Under
    # systemd their ceph-crash.service does start; it waits for crash reports in /var/lib/ceph.
    "${as_root[@]}" "${apt_get[@]}" update || fail 3 "apt-get update failed: see the lines above"
    "${as_root[@]}" "${apt_get[@]}" install --no-install-recommends -y "${missing[@]}" >/dev/null ||
        fail 3 "apt-get install failed: see the lines above"
    # Tests want the programs of these, not the services that their packages start under systemd.
    for package in prometheus prometheus-blackbox-exporter; do
        [[ " ${missing[*]} " == *" $package "* && -d /run/systemd/system ]] || continue
        "${as_root[@]}" systemctl --quiet disable --now "$package"
    done
}
