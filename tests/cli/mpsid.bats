#!/usr/bin/env bats
# mpsid against a real systemd-udevd, with loop devices of the test's own: C3, S6, L7, X2. By hand:
#   tests/cli/with-udev bats tests/cli/mpsid.bats
load helper
load store
load mpsid

setup_file() {
        mpsid_setup_file
}

setup() {
        mpsid_setup
}

teardown() {
        mpsid_teardown
}

@test "C3: an unregistered device is read-only, also when it is plugged in again" {
        start
        wait_for "$node .*read only C3"
        is_read_only
        write_is_refused
        run mount -o ro "$node" /mnt
        [ "$status" -ne 0 ]
        [[ $output == *busy* || $output == *mounted* ]]
        plug_in_again
        wait_for "$node .*read only C3"
        is_read_only
        write_is_refused
        stop
        [ "$(judgements)" = $'- read-only C3\n- read-only C3' ]
        act elena ledger verify
}

@test "C3: a medium is let in when it is registered and encrypted, and known again by its LUKS UUID" {
        start
        register
        wait_for "$ID: read only C3 it is not encrypted"
        write_is_refused
        encrypt # the way out of C3: it lifts the gate itself
        wait_for "$ID: accepted"
        is_writable
        plug_in_again
        wait_for "$ID: accepted"
        is_writable
        run act ana --json device show "$node"
        [[ $output == *'"identity": "luks-uuid"'* ]]
        stop
}

@test "device allow lets one insertion be written, by whom the rule admits" {
        start
        wait_for "$node .*read only C3"
        expect 3 act ana device allow "$node" --reason 'not registered: not for an operator'
        is_read_only
        act elena device allow "$node" --reason 'rescue of a visitor'"'"'s disk'
        is_writable
        plug_in_again
        wait_for "$node .*read only C3"
        is_read_only
        stop
}

@test "C2: a registered medium whose header was replaced is refused, read-only and held" {
        start
        register
        encrypt
        wait_for "$ID: accepted"
        unplug
        cryptsetup luksFormat --batch-mode --type luks2 --uuid "$(cryptsetup luksUUID "$image")" --cipher aes-cbc-plain \
                --key-size 256 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 "$image" <(printf weak)
        : >"$LOG"
        losetup "$node" "$image"
        wait_for "$ID: refused C2"
        is_read_only
        run mount -o ro "$node" /mnt
        [ "$status" -ne 0 ]
        stop
}

@test "U3: a medium on loan is read-only until its return is on record" {
        local loan
        start
        register
        encrypt
        act carlos media move "$ID" --location HQ-S03-A12-E04-P023
        loan=$(act ana --json loan request "$ID" --to ana --reason 'restore test' --due "$(in_days 5)" --location 'server room' |
                jq -r .loan)
        act marta loan approve "$loan"
        act carlos loan out "$loan" --seal S-0091 --device "$node" --supervisor luis
        wait_for "$ID: read only U3"
        is_read_only
        : >"$LOG"
        act carlos loan in "$loan" --seal S-0091 --condition good --device "$node"
        wait_for "$ID: accepted"
        is_writable
        stop
}

@test "audit only: it judges and records, and leaves the device as it is" {
        start --audit-only
        wait_for "$node .*read only C3"
        is_writable
        stop
        [ "$(judgements)" = '- read-only C3' ]
}

@test "a device that is in use, and the store's own disk, are left alone" {
        mkfs.ext4 -q "$node"
        mkdir "$BATS_TEST_TMPDIR/mounted"
        mount "$node" "$BATS_TEST_TMPDIR/mounted"
        start
        timeout 20 udevadm trigger --action=change --settle "/sys/block/${node#/dev/}"
        sleep 1
        is_writable
        touch "$BATS_TEST_TMPDIR/mounted/still-writable"
        stop
        umount "$BATS_TEST_TMPDIR/mounted"
        [ -z "$(judgements)" ]
}

@test "C3: without a store everything stays closed, and the first judgement comes when there is one" {
        mv "$STORE" "$STORE.away"
        start
        wait_for 'There is no store'
        is_read_only
        mv "$STORE.away" "$STORE"
        wait_for "$node .*read only C3"
        is_read_only
        stop
        [ "$(judgements)" = '- read-only C3' ]
}

@test "options that it does not know end it with status 2" {
        expect 2 "$MPSI_BUILD/mpsid" --nonsense
        expect 2 "$MPSI_BUILD/mpsid" --lang fr
        printf '[gate]\nmode=open\n' >"$BATS_TEST_TMPDIR/conf"
        expect 2 "$MPSI_BUILD/mpsid" --config "$BATS_TEST_TMPDIR/conf" --account root --store "$STORE"
        expect 4 "$MPSI_BUILD/mpsid" --account nobody-of-that-name --store "$STORE"
}
