#!/usr/bin/env bash
# Unpacks NVIDIA's compiler library from Debian's non-free section into out/nvrtc, where nothing else provides it, without installing
# anything: tools/fetch-nvrtc.sh [--with-exports]. With --with-exports also the driver's library into out/cuda-exports; the tests
# read its export table and never load it. The libraries are NVIDIA's: they stay in out/ and are never committed or packed.
# Ends with status 0 whatever happens: without NVRTC everything but CUDA kernels works, so one line says what is missing and why.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=$PWD/out
work=$out/nvrtc-fetch
suite=trixie # Debian 13 has NVRTC 12.4; it needs no more than glibc 2.34.

give_up() {
    if $needs_nvrtc; then
        echo "build.sh: no NVRTC, so CUDA kernels cannot be compiled here: $1; install the CUDA toolkit, or set SEQUOIA_CUDA_PATH to the folder of libnvrtc.so.12 (or 13)" >&2
    else
        echo "build.sh: the tests of exported names have nothing to read: $1" >&2
    fi
    exit 0
}

# Whether a folder, or what the loader knows, has NVRTC already.
have_nvrtc() {
    local folder
    for folder in "$out/nvrtc/usr/lib/x86_64-linux-gnu" "${SEQUOIA_CUDA_PATH:-}" "${SEQUOIA_CUDA_PATH:-}/lib64" /usr/local/cuda*/lib64 /usr/lib/x86_64-linux-gnu; do
        compgen -G "$folder/libnvrtc.so.1[23]" >/dev/null && return 0
    done
    { ldconfig -p 2>/dev/null || /sbin/ldconfig -p 2>/dev/null; } | grep -q 'libnvrtc\.so\.1[23] '
}

# The archives that this machine uses for its own packages, in both of apt's formats.
mirrors() {
    local file
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ -r "$file" ] && sed -nE 's/^deb +(\[[^]]*\] +)?([^ ]+) .*/\2/p' "$file"
    done
    for file in /etc/apt/sources.list.d/*.sources; do
        [ -r "$file" ] && sed -nE 's/^URIs: *//p' "$file" | tr ' ' '\n'
    done
    return 0
}

private_apt() {
    apt-get -qq -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" \
        -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null -o APT::Sandbox::User=root \
        -o APT::Update::Error-Mode=any -o Acquire::Languages=none \
        -o Acquire::Retries=1 -o Acquire::http::Timeout=15 -o Acquire::https::Timeout=15 "$@"
}

# unpack TARGET PACKAGE...: downloads the packages and unpacks them so that TARGET appears whole or not at all.
unpack() {
    local target=$1 package
    shift
    rm -rf "$work/packages" "$work/root"
    mkdir -p "$work/packages" "$work/root"
    (cd "$work/packages" && private_apt download "$@") >>"$work/log" 2>&1 || return 1
    for package in "$work"/packages/*.deb; do
        dpkg -x "$package" "$work/root" || return 1
    done
    rm -rf "$target"
    mv "$work/root" "$target"
}

prepare() {
    [ "$(uname -m)" = x86_64 ] || give_up "it can be fetched for x86-64 alone"
    command -v apt-get >/dev/null && command -v dpkg >/dev/null || give_up "there is no apt to fetch it with"
    mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
    trap 'rm -rf "$work"' EXIT
    echo "no archive is named there" >"$work/log"
    local mirror
    # Security archives have no such section.
    for mirror in $(mirrors | grep -v security | sort -u); do
        echo "deb $mirror $suite non-free" >"$work/sources.list"
        private_apt update >>"$work/log" 2>&1 && return 0
    done
    give_up "no archive of this machine's apt sources gave $suite's non-free section ($(tail -n 1 "$work/log"))"
}

wants_exports=false
[ "${1:-}" = --with-exports ] && wants_exports=true
needs_nvrtc=true
have_nvrtc && needs_nvrtc=false
needs_exports=$wants_exports
[ -d "$out/cuda-exports" ] && needs_exports=false
$needs_nvrtc || $needs_exports || exit 0

prepare
if $needs_nvrtc; then
    echo "build.sh: fetching NVRTC (18 MB) into out/nvrtc" >&2
    unpack "$out/nvrtc" libnvrtc12 libnvrtc-builtins12.4 || give_up "downloading it failed: $(tail -n 1 "$work/log")"
fi
if $needs_exports; then
    echo "build.sh: fetching the driver library whose export table the tests read into out/cuda-exports" >&2
    unpack "$out/cuda-exports" libcuda1 || needs_nvrtc=false give_up "downloading them failed: $(tail -n 1 "$work/log")"
fi
