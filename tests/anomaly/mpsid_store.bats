#!/usr/bin/env bats
# The station's guard without a store that can be written, without its judge, without memory, with a clock that is set back,
# and killed: what comes stays closed, nothing acknowledged is lost, and it goes on by itself (C3, X2). By hand, as root:
#   MPSI_FAULTS=…/libfaults.so tests/cli/with-udev bats tests/anomaly/mpsid_store.bats
load helper
load ../cli/mpsid

setup_file() {
        mpsid_setup_file
}

setup() {
        mpsid_setup
        unplug
}

teardown() {
        [ -z "${locker:-}" ] || kill "$locker" 2>/dev/null || true
        [ -n "${MPSI_UDEV:-}" ] || return 0
        mpsid_teardown
        ! mountpoint -q "$BATS_TEST_TMPDIR/small" || umount "$BATS_TEST_TMPDIR/small"
}

# Closed, though it can't be judged; the reason said once, not at each of the tries.
stays_closed_for() {
        sleep "$1"
        is_read_only
        write_is_refused
        [ "$(grep -c -- "$2" "$LOG")" -eq 1 ] || { cat "$LOG"; return 1; }
        ! grep -q "$node .*read only" "$LOG"
}

@test "C3, X2: the store's disk is full: closed, said once, judged when there is room again" {
        local small=$BATS_TEST_TMPDIR/small
        mkdir "$small"
        mount -t tmpfs -o "size=$(($(du -sk "$STORE" | cut -f1) + 600))k" tmpfs "$small"
        mv "$STORE" "$small/store"
        STORE=$small/store
        dd if=/dev/zero of="$small/ballast" bs=4k 2>/dev/null || true
        start
        losetup "$node" "$image"
        wait_for "$node: .*\(full\|space\|disk\|No \)"
        stays_closed_for 4 "$node: "
        rm "$small/ballast"
        wait_for "$node .*read only C3"
        is_read_only
        store_is_whole 1
}

@test "C3, X2: another process keeps the database for itself: closed, and judged when it is free" {
        start
        losetup "$node" "$image"
        wait_for "$node .*read only C3"
        unplug
        : >"$LOG"
        sqlite3 "$STORE/registry.db" 'BEGIN EXCLUSIVE' '.shell sleep 20' COMMIT >/dev/null 2>&1 3>&- &
        locker=$!
        sleep 0.5
        losetup "$node" "$image"
        sleep 5
        is_read_only
        ! grep -q "$node .*read only" "$LOG"
        kill -0 "$daemon"
        wait_for "$node .*read only C3" 60
        is_read_only
        store_is_whole 1
}

@test "C3, X2: a damaged database closes the gate and stays as it is; with the good one back it goes on by itself" {
        cp "$STORE/registry.db" "$BATS_TEST_TMPDIR/good"
        dd if=/dev/urandom of="$STORE/registry.db" bs=4096 count=1 conv=notrunc status=none
        start
        losetup "$node" "$image"
        wait_for "$node: "
        stays_closed_for 4 "$node: "
        # Put back as a person would: another file under the name.
        cp "$BATS_TEST_TMPDIR/good" "$STORE/registry.db.new"
        rm -f "$STORE"/registry.db-*
        mv "$STORE/registry.db.new" "$STORE/registry.db"
        wait_for "$node .*read only C3" 60
        is_read_only
}

@test "C3, X2: the store is removed while it is open: no verdict is recorded nowhere" {
        start
        losetup "$node" "$image"
        wait_for "$node .*read only C3"
        unplug
        : >"$LOG"
        cp -a "$STORE" "$STORE.copy"
        rm -rf "$STORE"
        losetup "$node" "$image"
        wait_for "$node: .*There is no store"
        is_read_only
        mv "$STORE.copy" "$STORE"
        wait_for "$node .*read only C3" 60
        [ "$(judgements | wc -l)" -eq 2 ]
        store_is_whole 1
}

@test "C3, X2: the judge is killed, or stands still: devices are closed all the same, and judged by the next one" {
        local judge
        start
        losetup "$node" "$image"
        wait_for "$node .*read only C3"
        unplug
        : >"$LOG"
        judge=$(pgrep -P "$daemon" mpsid-judge)
        kill -STOP "$judge"
        losetup "$node" "$image"
        sleep 3
        is_read_only
        ! grep -q "$node .*read only" "$LOG"
        kill -KILL "$judge"
        wait_for 'judging process has ended'
        wait_for "$node .*read only C3"
        is_read_only
        store_is_whole 1
}

@test "X2: the clock is set back while it runs: events keep their order, what comes is judged, nobody spins" {
        local before after judge
        local day=86400
        export MPSI_CLOCK=$BATS_TEST_TMPDIR/clock
        printf '%s' $((1000 * day)) >"$MPSI_CLOCK"
        AROUND=(env "LD_PRELOAD=$MPSI_STOPPER")
        start
        losetup "$node" "$image"
        wait_for "$node .*read only C3"
        printf '%s' $((-1000 * day)) >"$MPSI_CLOCK"
        unplug
        : >"$LOG"
        losetup "$node" "$image"
        wait_for "$node .*read only C3"
        is_read_only
        judge=$(pgrep -P "$daemon" mpsid-judge)
        before=$(awk '{ print $14 + $15 }' "/proc/$daemon/stat" "/proc/$judge/stat" | paste -sd+ | bc)
        sleep 3
        after=$(awk '{ print $14 + $15 }' "/proc/$daemon/stat" "/proc/$judge/stat" | paste -sd+ | bc)
        [ $((after - before)) -lt 50 ]
        AROUND=()
        stop
        # What is recorded says the time that the clock said; what came after what is in the order of the ledger.
        [ "$(sqlite3 "$STORE/registry.db" 'SELECT max(seq) = count(*) FROM event')" -eq 1 ]
        [ "$(sqlite3 "$STORE/registry.db" "SELECT count(DISTINCT json_extract(data, '$.insertion')) FROM event
                WHERE type = 'device.judged'")" -eq 2 ]
        store_is_whole 1
}

@test "C3, X2: no memory, no process: the guard stays or is started again, what comes stays closed, and it goes on" {
        local kind at status judged=0
        for kind in process:{1,2,3,4,5,6,7,8} memory:{40,120,250,400,600,900}; do
                at=${kind#*:} kind=${kind%:*}
                AROUND=(env "LD_PRELOAD=$MPSI_FAULTS" "MPSI_FAULT=$kind" "MPSI_FAULT_AT=$at")
                rm -f "$LOG"
                "${AROUND[@]}" "$MPSI_BUILD/mpsid" --account root --store "$STORE" --lang en --devices "${node#/dev/}" 2>>"$LOG" 3>&- &
                daemon=$!
                losetup "$node" "$image"
                # Either it ends, with a reason, or it judges in the end.
                for _ in {1..300}; do
                        kill -0 "$daemon" 2>/dev/null || break
                        ! grep -q "$node .*read only C3" "$LOG" || break
                        sleep 0.1
                done
                if kill -0 "$daemon" 2>/dev/null; then
                        grep -q "$node .*read only C3" "$LOG" || { echo "$kind $at"; cat "$LOG"; return 1; }
                        is_read_only
                        kill "$daemon"
                        wait "$daemon"
                        judged=$((judged + 1))
                else
                        status=0
                        wait "$daemon" || status=$?
                        [ "$status" -gt 0 ] && [ "$status" -lt 128 ] && [ -s "$LOG" ] || { echo "$kind $at: $status"; cat "$LOG"; return 1; }
                fi
                daemon=
                unplug
        done
        [ "$judged" -gt 7 ]
        store_is_whole 1
}

@test "X2: the guard is killed -9 fifty times while devices come and go and acts are recorded: nothing acknowledged is lost" {
        local i acknowledged=0 before pids pid
        before=$(events)
        RANDOM=${MPSI_SEED:-$EPOCHSECONDS}
        printf '# seed %s\n' "${MPSI_SEED:-$EPOCHSECONDS}" >&3
        for i in {1..50}; do
                "$MPSI_BUILD/mpsid" --account root --store "$STORE" --lang en --devices "${node#/dev/}" 2>>"$LOG" 3>&- &
                daemon=$!
                [ $((i % 2)) -eq 0 ] || losetup "$node" "$image" 2>/dev/null || true
                [ $((i % 5)) -ne 0 ] || ! act carlos media register --kind paper --classification INTERNO --category BASICA \
                        --owner marta --expires 2099-12-31 --retention 400 --note "box $i" >/dev/null || acknowledged=$((acknowledged + 1))
                sleep "0.$(printf '%03d' $((RANDOM % 400)))"
                mapfile -t pids < <(pgrep -P "$daemon")
                kill -KILL "$daemon"
                wait "$daemon" 2>/dev/null || true
                [ $((i % 2)) -ne 0 ] || unplug 2>/dev/null || true
        done
        # The children of a dead guard end by themselves.
        for pid in "${pids[@]}"; do
                for _ in {1..200}; do
                        kill -0 "$pid" 2>/dev/null || break
                        sleep 0.1
                done
                ! kill -0 "$pid" 2>/dev/null
        done
        daemon=
        losetup "$node" >/dev/null 2>&1 || losetup "$node" "$image"
        : >"$LOG"
        start
        for _ in {1..300}; do
                [ "$(sqlite3 "$STORE/registry.db" "SELECT insertion FROM device_verdict WHERE device = '$node'")" != \
                        "$(cat /proc/sys/kernel/random/boot_id):$(cat "/sys/block/${node#/dev/}/diskseq")" ] || break
                sleep 0.1
        done
        [ "$(sqlite3 "$STORE/registry.db" "SELECT insertion || verdict FROM device_verdict WHERE device = '$node'")" = \
                "$(cat /proc/sys/kernel/random/boot_id):$(cat "/sys/block/${node#/dev/}/diskseq")read-only" ]
        is_read_only
        stop
        store_is_whole $((before + acknowledged))
        [ "$(sqlite3 "$STORE/registry.db" "SELECT count(*) FROM medium")" -eq "$acknowledged" ]
}
