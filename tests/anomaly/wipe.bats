#!/usr/bin/env bats
# A wipe whose calls fail one after the other, whose store runs full, whose clock jumps, that is killed at any of its writes:
# its job is never lost, it can be ended afterwards, and nothing is certified that was not done (S5, S7, S9, X2).
load helper

MARKER=HISTORIA-CLINICA

setup_file() {
        store_make_once
        fresh_image "$BATS_FILE_TMPDIR/disk.img"
        id=$(id_in "$(act carlos media register "$BATS_FILE_TMPDIR/disk.img" --kind hdd --classification PUBLICO --category BASICA \
                --owner marta --expires 2099-12-31 --retention 400)")
        printf '%s\n' "$id" >"$BATS_FILE_TMPDIR/id"
}

fresh_image() {
        yes "$MARKER" | head -c 3M >"$1"
}

setup() {
        store_copy
        ID=$(cat "$BATS_FILE_TMPDIR/id")
        disk=$BATS_FILE_TMPDIR/disk.img
        fresh_image "$disk"
        wipe=(ana wipe run "$ID" --device "$disk" --confirm "$ID")
}

teardown() {
        [ -z "${small:-}" ] || umount "$small"
}

# One copy for each try, and the medium as it was before.
fresh_store() {
        rm -rf "$STORE"
        cp -a "$BATS_FILE_TMPDIR/store" "$STORE"
        fresh_image "$disk"
}

state() {
        act elena --json media show "$ID" | jq -r .state
}

holds_old_data() {
        grep -aq "$MARKER" "$disk"
}

# What is said to be sanitized is, and is certified; what is not is never certified, and can be ended without a fault.
outcome_holds() {
        local said
        said=$(state)
        if [ "$said" = sanitized ]; then
                ! holds_old_data || { printf 'sanitized, with old data\n'; return 1; }
                act luis wipe verify "$ID" --device "$disk" >/dev/null || return 1
                act ana certificate issue "$ID" --supervisor carlos >/dev/null || return 1
                return 0
        fi
        [ "$status" -ne 0 ] || { printf 'acknowledged, and %s\n' "$said"; return 1; }
        ! act ana certificate issue "$ID" --supervisor carlos >/dev/null 2>&1 || { printf 'a certificate of a medium that is %s\n' "$said"; return 1; }
        if [ -n "$(act elena --json wipe status "$ID" | jq -r '.rows[0].job // empty')" ] && [ "$said" = unsanitized ]; then
                act ana wipe resume "$ID" --device "$disk" --confirm "$ID" >/dev/null || { printf 'it can not be resumed\n'; return 1; }
        else
                act "${wipe[@]}" >/dev/null || { printf 'it can not be wiped anew: %s\n' "$said"; return 1; }
        fi
        [ "$(state)" = sanitized ] && ! holds_old_data
}

@test "S7: each write, sync, open and rename of a wipe fails, on the medium as in the store" {
        every_call write,sync,open,rename 90 "${wipe[@]}"
}

@test "S7: no space is left from the n-th write on" {
        FAULT_ERRNO=28 LAST=1
        every_call write 40 "${wipe[@]}"
}

@test "S7: memory runs out" {
        every_call memory 40 "${wipe[@]}"
}

# killed HOW FIRST: kills it at every other write, before it or in the middle of it.
killed() {
        local at before
        fresh_store
        faulty write 0 0 "${wipe[@]}"
        local total=$calls
        [ "$total" -gt 3 ]
        for ((at = $2; at <= total; at += 2)); do
                fresh_store
                before=$(events)
                status=0
                MPSI_FAULT=write MPSI_FAULT_AT=$at MPSI_FAULT_KILL=$1 LD_PRELOAD=$MPSI_FAULTS act "${wipe[@]}" \
                        >/dev/null 2>&1 </dev/null || status=$?
                [ "$status" -eq 137 ] || { printf 'call %s: %s\n' "$at" "$status"; return 1; }
                store_is_whole "$before" && outcome_holds || { printf 'killed at write %s of %s\n' "$at" "$total"; return 1; }
        done
        printf '# killed %s every other of %s writes\n' "$1" "$total" >&3
}

@test "S7: killed before its writes" {
        killed before 1
}

@test "S7: killed in the middle of its writes" {
        killed torn 2
}

@test "S7: the store's file system is full when it begins, or gets full" {
        local room
        small=$BATS_TEST_TMPDIR/small
        [ "$(id -u)" -eq 0 ] || skip 'SKIPPED: a file system can be mounted by root only'
        mkdir "$small"
        mount -t tmpfs -o size=24m tmpfs "$small"
        STORE=$small/store
        for room in 0 16 32 64 128 256 1024; do
                rm -rf "$STORE" "$small/filler"
                cp -a "$BATS_FILE_TMPDIR/store" "$STORE"
                fresh_image "$disk"
                head -c $(($(df --output=avail -B1 "$small" | tail -1) - room * 1024)) /dev/zero >"$small/filler" || true
                status=0
                output=$(act "${wipe[@]}" 2>&1) || status=$?
                ended_in_order
                rm "$small/filler"
                store_is_whole 1 && outcome_holds || { printf 'with %s KiB: %s %s\n' "$room" "$status" "$output"; return 1; }
        done
}

# big NAME: an image that takes a while, registered; sets ID and disk.
big() {
        disk=$BATS_TEST_TMPDIR/$1.img
        truncate -s 768M "$disk"
        ID=$(id_in "$(act carlos media register "$disk" --kind hdd --classification PUBLICO --category BASICA --owner marta \
                --expires 2099-12-31 --retention 400)")
        wipe=(ana wipe run "$ID" --device "$disk" --confirm "$ID" --method dod)
}

# clock DAYS: by how much it is wrong from now on.
clock() {
        printf '%s' $(($1 * 86400)) >"$MPSI_CLOCK.new"
        mv "$MPSI_CLOCK.new" "$MPSI_CLOCK"
}

# The first durable point is the beginning of the passes.
wait_for_passes() {
        local i work=$STORE/work
        for ((i = 0; i < 3000; i++)); do
                [ ! -s "$work/wipe-$ID.json" ] || return 0
                sleep 0.02
        done
        return 1
}

# By how many days the record says that the clock was changed, and the certificate with it: "+1000 d", or "".
says_jump() {
        local number text
        act elena wipe show "$ID" --out "$BATS_TEST_TMPDIR/record.json" >/dev/null
        number=$(act ana --json certificate issue "$ID" --supervisor carlos | jq -r .number)
        act ana certificate export "$number" --out "$BATS_TEST_TMPDIR/c.pdf" >/dev/null
        text=$(pdftotext -layout "$BATS_TEST_TMPDIR/c.pdf" - | tr -s ' \n' '  ' | sed -n 's/.*clock was changed during the act (\([^)]*\)).*/\1/p')
        printf '%s/%s' "$text" "$(jq '.finished.clock.jump_seconds // 0 | . / 86400 | round' "$BATS_TEST_TMPDIR/record.json")"
}

@test "S9 X2: the clock jumps forth and back while it wipes: it ends, and record and certificate say by how much" {
        local i
        export MPSI_CLOCK=$BATS_TEST_TMPDIR/clock
        clock 0
        big forth
        LD_PRELOAD=$MPSI_STOPPER act "${wipe[@]}" >"$BATS_TEST_TMPDIR/said" 2>&1 &
        wait_for_passes
        for ((i = 0; i < 2000; i++)); do
                clock $((i % 2 ? 0 : 1000))
                sleep 0.3
                kill -0 $! 2>/dev/null || break
        done
        wait $!
        grep -q 'clock was changed' "$BATS_TEST_TMPDIR/said"
        [ "$(state)" = sanitized ]
        [ "$(says_jump)" = "+1000 d/1000" ]
        act elena ledger verify
}

@test "S9 X2: a clock that was set back between a kill and the resume is said; one that goes right is not" {
        export MPSI_CLOCK=$BATS_TEST_TMPDIR/clock
        clock 0
        big back
        LD_PRELOAD=$MPSI_STOPPER act "${wipe[@]}" >/dev/null 2>&1 &
        wait_for_passes
        pkill -KILL -f "wipe run $ID --device $disk" || true
        wait $! || true
        [ "$(state)" = unsanitized ]
        clock -20
        LD_PRELOAD=$MPSI_STOPPER act ana wipe resume "$ID" --device "$disk" --confirm "$ID" >/dev/null
        [ "$(state)" = sanitized ]
        [ "$(says_jump)" = "-20 d/-20" ]
        big right
        act "${wipe[@]}" >/dev/null
        [ "$(says_jump)" = /0 ]
}
