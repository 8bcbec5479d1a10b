#!/usr/bin/env bash
# The one way in: ./build.sh [build | run [ARGS] | test [ARGS] | drop-in | device-check | pack]. Needs the .NET 10 SDK and nothing else;
# where it can, it fetches NVRTC to compile CUDA kernels with (tools/fetch-nvrtc.sh).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
invoked_from=$PWD
cd "$root"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

usage() {
    cat <<'USAGE'
usage: ./build.sh             builds everything; afterwards out/sequoia starts the command
       ./build.sh run [ARGS]  builds what is needed and runs `sequoia ARGS`; without ARGS a story from the bundled pair
       ./build.sh test [ARGS] runs every test (ARGS go to dotnet test) and ends with the line `N passed, N failed, N skipped`
       ./build.sh drop-in     makes the software GPU as a libcuda.so.1 in out/drop-in, for any program that uses CUDA's driver
       ./build.sh device-check  makes the folder out/device-check, which checks everything on a machine with a GPU (tools/device-check)
       ./build.sh pack        makes the NuGet packages in out/packages
USAGE
}

need_dotnet() {
    if ! command -v dotnet >/dev/null 2>&1; then
        echo "build.sh: dotnet was not found; install the .NET 10 SDK (on Debian and Ubuntu: apt-get install dotnet-sdk-10.0)" >&2
        exit 1
    fi
    if ! dotnet --list-sdks | grep -q '^10\.'; then
        echo "build.sh: no .NET 10 SDK is installed (found: $(dotnet --list-sdks | cut -d' ' -f1 | tr '\n' ' ')); install one" >&2
        exit 1
    fi
}

# Runs a command quietly: its log appears only when something is wrong.
quietly() {
    local log
    log=$(mktemp)
    if ! "$@" >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        exit 1
    fi
    rm -f "$log"
}

build() {
    quietly dotnet build -c Release "$1"
}

link_command() {
    mkdir -p out
    ln -sfn artifacts/bin/Sequoia.Cli/release/sequoia out/sequoia
}

# .NET's ahead-of-time compiler needs a C compiler's linker.
drop_in() {
    if ! command -v clang >/dev/null 2>&1 && ! command -v gcc >/dev/null 2>&1; then
        echo "build.sh: the drop-in library needs clang or gcc to link with; install one (on Debian and Ubuntu: apt-get install gcc)" >&2
        exit 1
    fi
    quietly dotnet publish -c Release interop/Sequoia.SoftwareGpu.DropIn -o out/drop-in
    # Programs look for either name.
    ln -sfn libcuda.so out/drop-in/libcuda.so.1
}

# Fails unless each of the $2 tests that the log $1 calls skipped was so for want of hardware. The runner writes `skipped NAME`
# and the reason below it; that all are seen is checked, so that another form of the log is noticed.
refuse_skips() {
    awk -v total="$2" '
        wanted && !/^ +((OneTime)?SetUp ?: ?)?(no CUDA device|CPU lacks )/ { bad++; print "build.sh: SEQUOIA_REQUIRE allows no such skip: " name ":" $0 }
        wanted { wanted = 0; seen++ }
        /^skipped / { wanted = 1; name = $2 }
        END {
            if (seen != total) { bad++; print "build.sh: " total " tests were skipped, and the reasons of " seen + 0 " were found" }
            exit bad > 0
        }' "$1" >&2
}

run_tests() {
    tools/fetch-nvrtc.sh --with-exports
    build Sequoia.Native.sln
    drop_in
    # Compressed as little as possible: only the tests use it.
    quietly tools/device-check/make.sh out/device-check-quick 0
    local log status=0
    log=$(mktemp)
    dotnet test --solution Sequoia.Native.sln -c Release --no-build "$@" 2>&1 | tee "$log" || status=$?
    # The counts are the runner's own; only their form is changed.
    count() { awk -v key="$1:" '$1 == key { value = $2 } END { print value == "" ? 0 : value }' "$log"; }
    local passed failed skipped
    passed=$(count succeeded) failed=$(count failed) skipped=$(count skipped)
    if [ -n "${SEQUOIA_REQUIRE:-}" ]; then
        refuse_skips "$log" "$skipped" || status=1
    fi
    rm -f "$log"
    if [ "$((passed + failed))" -eq 0 ]; then
        echo "build.sh: no test ran" >&2
        status=1
    fi
    echo "$passed passed, $failed failed, $skipped skipped"
    return "$status"
}

need_dotnet
command=${1:-build}
[ $# -gt 0 ] && shift
case "$command" in
    build)
        tools/fetch-nvrtc.sh
        build Sequoia.Native.sln
        link_command
        ;;
    run)
        # Only what compiles kernels waits for a download.
        case " $* " in
            *" doctor "* | *" kernels "* | *" cuda"* | *" software"*) tools/fetch-nvrtc.sh ;;
        esac
        build src/Sequoia.Cli/Sequoia.Cli.csproj
        link_command
        # File names among the arguments are meant where the user stands.
        cd "$invoked_from"
        exec "$root/out/sequoia" "$@"
        ;;
    test)
        run_tests "$@"
        ;;
    drop-in)
        drop_in
        ;;
    device-check)
        tools/fetch-nvrtc.sh
        quietly tools/device-check/make.sh out/device-check
        du -sh --apparent-size out/device-check
        ;;
    pack)
        for project in interop/Sequoia.Interop interop/Sequoia.SoftwareGpu src/Sequoia.Native src/Sequoia.Models.Stories src/Sequoia.Cli; do
            # ContinuousIntegrationBuild keeps this machine's paths out of the symbols.
            dotnet pack -c Release "$project" -o out/packages -p:ContinuousIntegrationBuild=true
        done
        # The samples' cache would keep older packages of the same version.
        rm -rf out/samples/packages/sequoia.*
        ;;
    -h | --help | help)
        usage
        ;;
    *)
        usage >&2
        exit 2
        ;;
esac
