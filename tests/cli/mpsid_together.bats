#!/usr/bin/env bats
# Many media at the same moment: none passes unjudged, and none stays writable: C3, L7. By hand, as root:
#   tests/cli/with-udev bats tests/cli/mpsid_together.bats
load helper
load store

# Numbers that nobody else on the machine is given.
FIRST=61000 MEDIA=100

setup_file() {
        [ -n "${MPSI_UDEV:-}" ] || return 0 # setup says why
        store_make_once
}

setup() {
        [ -n "${MPSI_UDEV:-}" ] || skip 'SKIPPED: run it in tests/cli/with-udev, as root'
        need_loop_devices
        store_copy
        LOG=$BATS_TEST_TMPDIR/log
        "$MPSI_BUILD/mpsid" --account root --store "$STORE" --lang en --devices 'loop61[01][0-9][0-9]' 2>"$LOG" 3>&- &
        daemon=$!
        wait_for running 1
}

teardown() {
        daemon_end
        local i
        for ((i = FIRST; i < FIRST + MEDIA; i++)); do
                [ ! -b "/dev/loop$i" ] || printf '/dev/loop%s\n' "$i"
        done >"$BATS_TEST_TMPDIR/loops"
        loop_devices_detach
        # The nodes themselves, once nobody looks at them any more: LOOP_CTL_REMOVE.
        perl -e 'open my $control, "+<", "/dev/loop-control" or die;
                for my $number ($ARGV[0] .. $ARGV[0] + $ARGV[1] - 1) {
                        for (1 .. 50) { last if ioctl($control, 0x4C81, $number) || !$!{EBUSY}; select undef, undef, undef, 0.1 }
                }' "$FIRST" "$MEDIA"
}

# wait_for TEXT N: until N lines have it.
wait_for() {
        local i
        for i in {1..600}; do
                [ "$(grep -c -- "$1" "$LOG")" -lt "$2" ] || return 0
                sleep 0.1
        done
        tail -n 20 "$LOG"
        printf '%s lines with “%s” instead of %s\n' "$(grep -c -- "$1" "$LOG")" "$1" "$2"
        return 1
}

verdicts() {
        sqlite3 "$STORE/registry.db" "SELECT count(DISTINCT device || insertion) FROM device_verdict
                WHERE verdict = 'read-only' AND device GLOB '/dev/loop61*'"
}

# All messages of udev are there when the guard goes on.
plug_in_all() {
        local i
        kill -STOP "$daemon"
        for ((i = FIRST; i < FIRST + MEDIA; i++)); do
                losetup "/dev/loop$i" "$(image "stick-$i" 4M)"
        done
        udevadm settle --timeout=60
        kill -CONT "$daemon"
}

@test "C3, L7: of 100 media that come at the same moment each has its verdict, and none can be written" {
        local i
        plug_in_all
        wait_for 'read only C3' "$MEDIA"
        for ((i = FIRST; i < FIRST + MEDIA; i++)); do
                [ "$(blockdev --getro "/dev/loop$i")" = 1 ]
        done
        [ "$(verdicts)" -eq "$MEDIA" ]
        act elena ledger verify
        # One verdict an insertion, however many messages told of it.
        [ "$(grep -c 'read only C3' "$LOG")" -eq "$MEDIA" ]
        ! grep -q 'does not answer\|can.t be' "$LOG"
}

@test "C3: media that are gone before anybody looked at them leave nothing behind" {
        local i
        kill -STOP "$daemon"
        for ((i = FIRST; i < FIRST + 50; i++)); do
                losetup "/dev/loop$i" "$(image "stick-$i" 4M)"
        done
        udevadm settle --timeout=60
        for ((i = FIRST; i < FIRST + 50; i++)); do
                losetup --detach "/dev/loop$i"
        done
        udevadm settle --timeout=60
        kill -CONT "$daemon"
        losetup "/dev/loop$FIRST" "$(image one-more 4M)"
        wait_for "/dev/loop$FIRST .*read only C3" 1
        [ "$(blockdev --getro "/dev/loop$FIRST")" = 1 ]
        [ "$(verdicts)" -eq 1 ]
}
