#!/usr/bin/env bash
# Checks the engine on a machine with NVIDIA's driver, without .NET and without a network: check.sh correct | speed
# Each half takes less than four minutes, leaves at most eight files in $OUT (default: device-check-results), and prints a summary last. The
# exit status is the number of failures. DEVICE=software runs both without a GPU, on small sizes. The GPU may be shared: nothing here changes
# its settings.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
half=${1:-}
device=${DEVICE:-cuda}
out=${OUT:-device-check-results}
# The second half finds what the first one unpacked and compiled.
work=${TMPDIR:-/tmp}/sequoia-device-check-$(id -u)
# Of this run alone: others may check at the same time.
runs=$work/runs-$half-$$
readonly deadline=225 most_bytes=16000000
readonly prompts=("Once upon a time" "The little dog" "Tom and Mia went")
failures=0
summary=()

if [ "$half" != correct ] && [ "$half" != speed ]; then
    sed -n '2,5s/^# //p' "${BASH_SOURCE[0]}" >&2
    exit 2
fi

case $device in
    cuda | cuda:[0-9]* | software) ;;
    *) echo "check.sh: DEVICE=$device is not cuda, cuda:N or software" >&2 && exit 2 ;;
esac

on_gpu() { [ "$device" != software ]; }

if on_gpu; then
    kernels=(embed matmul matmul_scalar attend attend_scalar draw_children verify_tree compact_kv advance_step)
    cases=48 typical=(--soak 300) tokens=100 trees=(chain:4 chains:3x4 optimal:32) resources=() sizes=() bench=(--repeats 21) timed=()
else
    kernels=(embed compact_kv advance_step)
    cases=2 typical=(--soak 2 --kernel attend) tokens=10 trees=(chain:2 optimal:4) resources=(--kernel compact_kv)
    sizes=(--sizes 1,2 --contexts 8 --seconds 0.1) bench=(--kernel advance_step)
    # By the machine's own clock, so that what depends on a device's times runs.
    timed=(env SEQUOIA_DEVICE_TIMES=1)
fi
at_once=$(($(nproc) / 2))
[ "$at_once" -ge 1 ] || at_once=1

step() { printf '\n== %3d s  %s\n' "$SECONDS" "$*"; }

# told NAME STATE DETAIL: a line of the summary.
told() {
    summary+=("$(printf '%-8s%-42s%s' "$2" "$1" "$3")")
    [ "$2" = FAILED ] && failures=$((failures + 1))
}

# go NAME LIMIT COMMAND...: runs a command for at most LIMIT seconds, and keeps its output and status.
go() {
    local name=$1 limit=$2 began=$SECONDS
    shift 2
    [ $((deadline - SECONDS)) -lt "$limit" ] && limit=$((deadline - SECONDS))
    if [ "$limit" -lt 1 ]; then
        echo "no time was left for it" >"$runs/$name"
        echo late >"$runs/$name.status"
        return
    fi
    timeout -k 2 "$limit" "$@" >"$runs/$name" 2>"$runs/$name.notes" </dev/null
    echo $? >"$runs/$name.status"
    echo $((SECONDS - began)) >"$runs/$name.seconds"
}

# later NAME LIMIT COMMAND...: the same beside others, as far as there are processors.
later() {
    while [ "$(jobs -rp | wc -l)" -ge "$at_once" ]; do
        wait -n
    done
    go "$@" &
}

# report NAME [WHAT]: counts a run, and shows what it printed if it failed.
report() {
    local name=$1 what=${2:-$1} status seconds
    status=$(cat "$runs/$name.status" 2>/dev/null || echo none)
    seconds=$(cat "$runs/$name.seconds" 2>/dev/null || echo 0)
    if [ "$status" = 0 ]; then
        told "$what" ok "$seconds s"
        return 0
    fi
    case $status in
        124 | 137) told "$what" FAILED "stopped after $seconds s" ;;
        late) told "$what" FAILED "not run: no time was left" ;;
        *) told "$what" FAILED "status $status: $(tail -qn 1 "$runs/$name.notes" "$runs/$name" 2>/dev/null | grep . | head -n 1 | cut -c 1-100)" ;;
    esac
    echo "-- $what: status $status"
    tail -n 40 "$runs/$name" "$runs/$name.notes" 2>/dev/null
    return 1
}

# save FILE RUN...: one result file of the output of runs.
save() {
    local file=$1 run
    shift
    [ $# -gt 0 ] || return
    for run in "$@"; do
        [ -e "$runs/$run" ] || continue
        [ $# -gt 1 ] && printf '== %s\n' "$run"
        cat "$runs/$run"
    done | head -c "$most_bytes" >"$out/$file"
}

# expand FILE.xz TARGET: unpacks, unless the target is of this very file.
expand() {
    local sum
    sum=$(cksum <"$1")
    [ -e "$2" ] && [ "$sum" = "$(cat "$2.sum" 2>/dev/null)" ] && return
    mkdir -p "$(dirname "$2")"
    if command -v xz >/dev/null; then
        xz -dc "$1" >"$2.part"
    else
        python3 -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.argv[1]), sys.stdout.buffer)' "$1" >"$2.part"
    fi && mv "$2.part" "$2" && echo "$sum" >"$2.sum"
}

unpack() {
    local file target
    while IFS= read -r -d '' file; do
        target=$work/${file#"$here/"}
        target=${target%.xz}
        expand "$file" "$target" &
    done < <(find "$here" -name '*.xz' -print0)
    wait
    sequoia=$work/sequoia
    chmod +x "$sequoia" || return 1
    models=$work/models
    # A copy of the repository has them already.
    [ -e "$models/target/config.json" ] || models=$here/../../models
    export SEQUOIA_MODELS=$models XDG_CACHE_HOME=$work/cache
    second=$work/nvrtc
    [ -e "$second/libnvrtc.so.12" ] || second=
}

# with_second NAME LIMIT COMMAND...: later, with the NVRTC that came along.
with_second() {
    local name=$1 limit=$2
    shift 2
    [ -z "$second" ] || later "$name" "$limit" env SEQUOIA_CUDA_PATH="$second" XDG_CACHE_HOME="$work/cache-second" "$@"
}

machine() {
    step "machine"
    uname -srm
    echo "$(nproc) processors, $(awk '/MemTotal/ { print int($2 / 1024) }' /proc/meminfo) MiB"
    if on_gpu && command -v nvidia-smi >/dev/null; then
        timeout 15 nvidia-smi --query-gpu=name,driver_version,memory.total,memory.used,clocks.max.sm,clocks.max.mem,ecc.mode.current,compute_mode,utilization.gpu --format=csv
    fi
    go doctor 40 "$sequoia" doctor --device "$device" --require nvrtc
    if [ -n "$second" ] && grep -q '^nvrtc *missing' "$runs/doctor"; then
        echo "this machine has no NVRTC that works; the one that came along is used"
        export SEQUOIA_CUDA_PATH=$second
        second=
        go doctor 40 "$sequoia" doctor --device "$device" --require nvrtc
    fi
    grep -E '^[a-z]' "$runs/doctor"
    report doctor "doctor" || grep -vE '^[a-z]' "$runs/doctor" | head -n 60
    gpu=$(grep -E "^$device(:0)? " "$runs/doctor" | head -n 1 | sed -E 's/^[^ ]+ +[a-z]+ +//; s/;.*//')
    compiler=$(sed -nE 's/^nvrtc +ok +([0-9.]+).*/\1/p' "$runs/doctor")
    architecture=sm_$(sed -nE 's/.*compute capability ([0-9]+)\.([0-9]+).*/\1\2/p' <<<"$gpu")
    [ "$architecture" != sm_ ] || architecture=sm_80
}

# text NAME PROMPT OPTION...: a text by the bundled pair; the notes go elsewhere.
text() {
    local name=$1 prompt=$2
    shift 2
    go "text-$name" 60 "$sequoia" generate "$prompt" --max-tokens "$tokens" --ignore-eos --seed 7 "$@"
}

# Greedy texts are the same with any tree, and sampled ones are the same twice. The CPU computes in fp32, so it may leave a device's text where two
# tokens are nearly as likely, but not at once in every text.
texts() {
    local prompt tree number=0 wrong=0 longest=0 same
    same_as() {
        cmp -s "$runs/text-$1" "$runs/text-$2" && [ -s "$runs/text-$1" ] && return
        wrong=$((wrong + 1))
        echo "DIFFERENT: $3: $(head -c 200 "$runs/text-$1") | $(head -c 200 "$runs/text-$2") $(tail -n 1 "$runs/text-$2.notes")"
    }
    for prompt in "${prompts[@]}"; do
        number=$((number + 1))
        [ $number -gt 1 ] && ! on_gpu && break
        text greedy "$prompt" --device "$device" --temperature 0 --tree none
        for tree in "${trees[@]}"; do
            [ $SECONDS -lt $deadline ] || { echo "no time was left for all texts"; return 1; }
            text tree "$prompt" --device "$device" --temperature 0 --tree "$tree"
            same_as greedy tree "greedy, none and $tree"
            text sampled "$prompt" --device "$device" --temperature 0.6 --tree "$tree"
            text again "$prompt" --device "$device" --temperature 0.6 --tree "$tree"
            same_as sampled again "sampled twice, $tree"
        done
        text cpu "$prompt" --device cpu --temperature 0 --tree none
        same=$(cmp "$runs/text-greedy" "$runs/text-cpu" 2>/dev/null | sed -nE 's/.* byte ([0-9]+),.*/\1/p')
        same=${same:-$(wc -c <"$runs/text-greedy")}
        echo "'$prompt': the CPU's text is the same up to byte $same of $(wc -c <"$runs/text-greedy"); $(tail -n 1 "$runs/text-tree.notes")"
        [ "$same" -gt "$longest" ] && longest=$same
    done
    [ "$longest" -ge 20 ] || { wrong=$((wrong + 1)); echo "DIFFERENT: no text of the device begins like the CPU's"; }
    echo "$wrong differences"
    return "$wrong"
}

# The run of a function, kept like that of a command.
shell() {
    local name=$1 began=$SECONDS
    "$name" >"$runs/$name" 2>"$runs/$name.notes"
    echo $? >"$runs/$name.status"
    echo $((SECONDS - began)) >"$runs/$name.seconds"
}

spills() {
    grep -hE '^(spills:|no kernel spills)' "$runs/$1"
}

tool() { # NAME: the path of a program of the toolkit
    command -v "$1" || compgen -G "/usr/local/cuda*/bin/$1" | head -n 1
}

correct() {
    step "compile and run each kernel, side by side"
    local kernel products=matmul
    if on_gpu && [ "$architecture" = sm_90 ]; then
        # What the engine uses there.
        products=matmul_sm90
        kernels+=("$products")
    fi
    for kernel in "${kernels[@]}"; do
        later "first-$kernel" 90 "$sequoia" kernels check --device "$device" --kernel "$kernel" --cases 1 --seed 1
    done
    wait
    for kernel in "${kernels[@]}"; do
        report "first-$kernel" "compile $kernel"
    done

    step "resources, texts and sanitizer beside kernels against references"
    later resources 60 "$sequoia" kernels resources --architecture "$architecture" ${resources[@]+"${resources[@]}"}
    with_second resources-second 60 "$sequoia" kernels resources --architecture "$architecture" ${resources[@]+"${resources[@]}"}
    with_second check-second 60 "$sequoia" kernels check --device "$device" --cases 4 --seed 40000
    shell texts &
    local sanitizer pair
    sanitizer=$(on_gpu && tool compute-sanitizer)
    if [ -n "$sanitizer" ]; then
        for pair in memcheck:"$products" memcheck:attend racecheck:"$products" racecheck:attend racecheck:draw_children racecheck:verify_tree; do
            later "${pair/:/-}" 60 "$sanitizer" --tool "${pair%:*}" --target-processes all --error-exitcode 9 "$sequoia" kernels check --device "$device" --kernel "${pair#*:}" --cases 2 --seed 3
        done
    fi
    go check 60 "$sequoia" kernels check --device "$device" --cases "$cases" --seed 20000
    go typical 110 "$sequoia" kernels check --device "$device" --typical "${typical[@]}"
    wait

    cat "$runs/check" "$runs/typical" "$runs/texts"
    report check "kernels and twins against references"
    report typical "a model's sizes, repeated"
    report texts "texts"
    report resources "resources by NVRTC $compiler"
    spills resources
    if [ -n "$second" ]; then
        report resources-second "resources by the NVRTC that came along"
        report check-second "kernels by the NVRTC that came along"
        spills resources-second
        squeeze() { tr -s ' ' <"$runs/$1"; }
        diff <(squeeze resources-second) <(squeeze resources) >"$runs/resources-difference"
        echo "$(grep -c '^>' "$runs/resources-difference") kernels differ between the two"
    else
        told "a second NVRTC" "not run" "there is only one"
    fi
    if [ -n "$sanitizer" ]; then
        for pair in "$runs"/memcheck-*.status "$runs"/racecheck-*.status; do
            pair=$(basename "$pair" .status)
            grep -hE 'ERROR SUMMARY|RACECHECK SUMMARY' "$runs/$pair" | tail -n 1
            # Other statuses say that the tool itself did not work here, or not in time.
            case $(cat "$runs/$pair.status") in
                9) report "$pair" ;;
                0) told "$pair" ok "$(tail -n 1 "$runs/$pair" | cut -c 1-80)" ;;
                *) told "$pair" "not run" "$(tail -n 1 "$runs/$pair" | cut -c 1-80)" ;;
            esac
        done
    else
        told "compute-sanitizer" "not run" "it is not on this machine"
    fi
    save kernels.txt check typical texts check-second
    save resources.txt resources resources-second resources-difference
    save sanitizer.txt $(cd "$runs" && ls | grep -E '^(memcheck|racecheck)-[a-z_]+$')
}

speed() {
    step "what the device can do at most"
    go ceilings 40 "$sequoia" devices --ceilings
    cat "$runs/ceilings"
    report ceilings "ceilings"

    step "a model's passes"
    if on_gpu; then
        go model 100 "$sequoia" bench --shape llama2-7b --device "$device" --sizes 1,8,16,32,64,128 --contexts 256 --soak 100 --json
    else
        go model 60 "$sequoia" bench --model "$models/draft" --device "$device" --sizes 1 --contexts 16 --json
    fi
    report model "a model's passes"
    save model.json model

    step "kernels"
    go kernels 80 "$sequoia" kernels bench --device "$device" "${bench[@]}" --json
    report kernels "kernels bench"
    save kernels.json kernels

    step "what passes cost, and the tree that follows"
    go hardware 60 ${timed[@]+"${timed[@]}"} "$sequoia" measure hardware --device "$device" ${sizes[@]+"${sizes[@]}"}
    cat "$runs/hardware" "$runs/hardware.notes"
    report hardware "measure hardware"
    go compared 40 ${timed[@]+"${timed[@]}"} "$sequoia" generate "${prompts[0]}" --device "$device" --temperature 0 --max-tokens "$((2 * tokens))" --ignore-eos --compare
    cat "$runs/compared" "$runs/compared.notes"
    report compared "a text with the tree of auto"

    step "counters of the hardware"
    local ncu
    ncu=$(on_gpu && tool ncu)
    if [ -n "$ncu" ]; then
        go ncu 60 "$ncu" --clock-control none --csv --target-processes all -k 'regex:matmul|attend|verify|draw|scale|norm' --filter-mode per-launch-config -c 1 \
            --metrics gpu__time_duration.sum,dram__bytes_read.sum,dram__bytes_write.sum,lts__t_bytes.sum,sm__warps_active.avg.pct_of_peak_sustained_active,smsp__issue_active.avg.pct_of_peak_sustained_active,sm__inst_executed_pipe_tensor.avg.pct_of_peak_sustained_active,launch__shared_mem_config_size,launch__registers_per_thread \
            "$sequoia" kernels bench --device "$device" --repeats 1
        save ncu.csv ncu
        told "ncu" "$([ "$(cat "$runs/ncu.status")" = 0 ] && echo ok || echo 'not run')" "$(grep -h ERR "$runs/ncu" "$runs/ncu.notes" | head -n 1 | cut -c 1-80)"
    else
        told "ncu" "not run" "it is not on this machine"
    fi
}

main() {
    unpack || { echo "check.sh: $here cannot be unpacked into $work" >&2; return 1; }
    machine
    "$half"
    printf '\n===== %s, %s, NVRTC %s, %d s =====\n' "$half" "${gpu:-no device}" "${compiler:-missing}" "$SECONDS"
    printf '%s\n' "${summary[@]}"
    echo "$failures failures"
    return "$failures"
}

# The processes below one.
below() {
    local child
    for child in $(pgrep -P "$1"); do
        echo "$child"
        below "$child"
    done
}

# Each command is in a group of its own, for its limit, so a Ctrl-C does not reach it.
interrupted() {
    trap - INT TERM
    kill $(below $$) 2>/dev/null
    exit 130
}

mkdir -p "$out" 2>/dev/null && : 2>/dev/null >"$out/$half.txt" || { echo "check.sh: OUT=$out: nothing can be written there" >&2; exit 2; }
mkdir -p "$runs" 2>/dev/null || { echo "check.sh: TMPDIR: $runs cannot be made" >&2; exit 2; }
trap 'rm -rf "$runs"' EXIT
trap interrupted INT TERM
{ main; echo $? >"$runs/failures"; } 2>&1 | tee "$out/$half.txt" &
wait $!
exit "$(cat "$runs/failures")"
