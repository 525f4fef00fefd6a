#!/usr/bin/env bats
# What a person at a desktop sees when a disk is plugged in (C3): mpsi-popup, against a real session bus with a stand-in for
# the desktop, a real udev and mpsid. By hand: tests/cli/with-udev bats tests/cli/popup_mpsid.bats
bats_require_minimum_version 1.5.0
load helper
load store
load mpsid

setup_file() {
        mpsid_setup_file
}

setup() {
        command -v dbus-daemon >/dev/null || skip 'SKIPPED: no dbus-daemon'
        mpsid_setup
        SOCKET=$BATS_TEST_TMPDIR/socket
        SEEN=$BATS_TEST_TMPDIR/seen
        bus=unix:path=$BATS_TEST_TMPDIR/bus
        dbus-daemon --session --nofork --nopidfile --address="$bus" >/dev/null 2>&1 3>&- &
        pids=($!)
        export DBUS_SESSION_BUS_ADDRESS=$bus
        until [ -S "$BATS_TEST_TMPDIR/bus" ]; do sleep 0.1; done
        "$MPSI_BUILD/tests/notification_server" "$SEEN" 3>&- &
        pids+=($!)
        seen ready
}

teardown() {
        [ -z "${pids:-}" ] || kill "${pids[@]}" 2>/dev/null || true
        [ -z "${node:-}" ] || mpsid_teardown
}

# A line of the desktop's, within a while; only once.
seen() {
        local i
        for i in {1..300}; do
                ! grep -q -- "$1" "$SEEN" 2>/dev/null || return 0
                sleep 0.1
        done
        cat "$SEEN"
        return 1
}

popup() {
        LC_ALL=$1 "$MPSI_BUILD/mpsi-popup" --mpsi "$MPSI" --socket "$SOCKET" 3>&- &
        pids+=($!)
        sleep 0.5
}

@test "C3: why a disk is read only and what to do is said where the person looks, once, and anew when it changes" {
        act elena person add raiz --full-name 'Raíz Puesto' --roles security --os-user root
        start --socket "$SOCKET"
        popup es_ES.UTF-8
        plug_in_again
        seen "^1 new|$node: solo lectura|.*no está registrado. .*C3 · ENS mp.si.2\]"
        seen '→ Regístrelo con «media register»'
        timeout 20 udevadm trigger --action=change --settle "/sys/block/${node#/dev/}"
        sleep 2.5
        [ "$(grep -c "$node: solo lectura" "$SEEN")" -eq 1 ]
        register
        encrypt
        timeout 20 udevadm trigger --action=change --settle "/sys/block/${node#/dev/}"
        seen "^0 again|$ID: aceptado|"
        unplug
        timeout 20 udevadm trigger --action=remove --settle "/sys/block/${node#/dev/}" || true
        seen '^closed'
        stop
}

@test "X1: one whose account the registry does not know is told so, in English too" {
        start --socket "$SOCKET"
        popup en_GB.UTF-8
        plug_in_again
        seen "^1 new|$node was plugged in|"
        [ "$(grep -c "$node was plugged in" "$SEEN")" -eq 1 ]
        stop
}
