#!/usr/bin/env bats
# A wipe while mpsid watches the same device, with a real systemd-udevd: C3, S6, S7. By hand:
#   tests/cli/with-udev bats tests/cli/wipe_mpsid.bats
load helper
load store

setup_file() {
        [ -n "${MPSI_UDEV:-}" ] || return 0 # setup says why
        store_make_once
}

setup() {
        [ -n "${MPSI_UDEV:-}" ] || skip 'SKIPPED: run it in tests/cli/with-udev, as root'
        need_loop_devices
        store_copy
        LOG=$BATS_TEST_TMPDIR/log
        own_device disk 256M
        node=$own
}

teardown() {
        [ -z "${daemon:-}" ] || kill "$daemon" 2>/dev/null || true
        loop_devices_detach
}

@test "S7 C3: the gate leaves a medium alone while it is wiped, and judges it when that is over" {
        : >"$LOG"
        "$MPSI_BUILD/mpsid" --account root --store "$STORE" --lang en --devices "${node#/dev/}" 2>"$LOG" 3>&- &
        daemon=$!
        wait_for "$node .*read only C3"
        act carlos media register "$node" --kind ssd --classification CONFIDENCIAL --category MEDIA --health --owner marta \
                --expires "$(in_days 400)" --retention 400
        ID=$(act carlos --json media find "$node" | grep -o 'HQ[0-9]\{8\}.' | head -n 1)
        wait_for "$ID: read only C3" # it is not held any more, as what nobody registered is
        act ana encrypt run "$ID" "$node" --confirm "$ID"
        : >"$LOG"
        # From its start the medium is "unsanitized", which the gate closes: but not while the job holds the device.
        act ana --json wipe run "$ID" --device "$node" --confirm "$ID" >"$BATS_TEST_TMPDIR/answer"
        [ "$(jq -r '[.result, .reached_level, .bytes_not_reached] | join(" ")' "$BATS_TEST_TMPDIR/answer")" = "sanitized purge 0" ]
        wait_for "$node"
        kill "$daemon"
        wait "$daemon" || { printf 'exit %s\n' "$?"; cat "$LOG"; false; }
        daemon=
        act elena ledger verify
}
