#!/usr/bin/env bats
# A store on a file system that runs full: what was acknowledged stays, what did not fit is refused with a reason, and with
# room again it goes on (X2, X7).
load helper

setup_file() {
        [ "$(id -u)" -eq 0 ] || return 0 # setup says why
        store_make_once
}

setup() {
        [ "$(id -u)" -eq 0 ] || skip 'SKIPPED: root is needed to mount a small file system'
        store_copy
        small=$BATS_TEST_TMPDIR/small
        mkdir "$small"
        # A little more than the store takes now.
        mount -t tmpfs -o "size=$(($(du -sk "$STORE" | cut -f1) + 600))k" tmpfs "$small"
        mv "$STORE" "$small/store"
        STORE=$small/store
}

teardown() {
        [ -z "${small:-}" ] || umount "$small"
}

media() {
        sqlite3 "$STORE/registry.db" 'SELECT count(*) FROM medium'
}

# Any medium without a device: a row and an event each.
register() {
        act carlos media register --kind paper --classification INTERNO --category BASICA --owner marta \
                --expires 2099-12-31 --retention 400 --note "$1"
}

@test "the store's file system runs full in the middle of the work" {
        local acknowledged=0 status=0 said
        while [ "$acknowledged" -lt 2000 ]; do
                said=$(register "box $acknowledged" 2>&1) || { status=$?; break; }
                acknowledged=$((acknowledged + 1))
        done
        printf '# full after %s media, status %s: %s\n' "$acknowledged" "$status" "${said%%$'\n'*}" >&3
        [ "$status" -eq 1 ]
        [ -n "$said" ]
        [ "$acknowledged" -gt 0 ]

        # Still full: nothing is lost, and nothing half done shows.
        [ "$(media)" -eq "$acknowledged" ]

        mount -o remount,size=64m "$small"
        store_is_whole "$acknowledged"
        [ "$(media)" -eq "$acknowledged" ]
        register 'with room again'
        [ "$(media)" -eq $((acknowledged + 1)) ]
        store_is_whole "$acknowledged"
}

@test "a store on a read-only file system can be read and checked, and refuses to write" {
        local before
        before=$(events)
        mount -o remount,ro "$small"
        expect 0 act elena media list
        expect 1 act carlos media register --kind paper --classification INTERNO --category BASICA --owner marta \
                --expires 2099-12-31 --retention 400
        [ -n "$output" ]
        mount -o remount,rw "$small"
        store_is_whole "$before"
}
