#!/usr/bin/env bash
# Makes the folder that checks the engine on a machine with NVIDIA's driver and without .NET: make.sh FOLDER [LEVEL]. LEVEL is xz's, 0 to 9.
# The folder holds the command for linux-x64, the bundled models, check.sh and, if it was fetched, NVRTC as a second opinion.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
folder=$1 level=${2:-9}
most=$((40 << 20))
# Not where other builds and their tests are.
build=$PWD/out/device-check-build
nvrtc=out/nvrtc/usr/lib/x86_64-linux-gnu

# pack SOURCE TARGET.xz [FILTERS]: compresses unless the target is newer.
pack() {
    [ "$2" -nt "$1" ] && return
    mkdir -p "$(dirname "$2")"
    xz --stdout ${3:-} --lzma2="preset=${level}e${4:-}" "$1" >"$2.part"
    mv "$2.part" "$2"
}

# The one warning is about OxyPlot, which is not annotated for trimming; no chart is drawn on the device.
dotnet publish src/Sequoia.Cli -c Release -r linux-x64 --self-contained -o "$build/publish" -p:ArtifactsPath="$build" \
    -p:PublishSingleFile=true -p:PublishTrimmed=true -p:EventSourceSupport=false -p:TreatWarningsAsErrors=false
mkdir -p "$folder"
pack "$build/publish/sequoia" "$folder/sequoia.xz" --x86
for model in target draft; do
    for file in models/$model/*; do
        case $file in
            # Elements have two bytes, of which one varies much less.
            *.safetensors) pack "$file" "$folder/$file.xz" "" ,lc=2,lp=1,pb=1 ;;
            *) pack "$file" "$folder/$file.xz" ;;
        esac
    done
done
if [ -e "$nvrtc/libnvrtc.so.12" ]; then
    for file in "$nvrtc"/libnvrtc*.so.*[0-9].*[0-9].*[0-9]; do
        # Programs look for the name without the last number, or without the last two.
        name=$(basename "$file")
        case $name in
            libnvrtc-builtins*) name=${name%.*} ;;
            *) name=${name%.*.*} ;;
        esac
        pack "$(readlink -f "$file")" "$folder/nvrtc/$name.xz" --x86
    done
else
    echo "make.sh: there is no NVRTC in out/nvrtc, so the folder has none as a second opinion" >&2
fi
install -m 755 tools/device-check/check.sh "$folder/check.sh"
size=$(du -sb "$folder" | cut -f1)
echo "$folder: $((size / 1000)) kB"
if [ "$level" -ge 9 ] && [ "$size" -gt "$most" ]; then
    echo "make.sh: that is more than $((most / 1000)) kB, which a device's machine may not take" >&2
    exit 1
fi
