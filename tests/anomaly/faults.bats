#!/usr/bin/env bats
# Each call that can fail fails in turn: memory, writes, syncs, opens, renames, ioctls. Nothing acknowledged is lost, nothing
# half done is left in the registry, and mpsi says what went wrong (X2, S7).
load helper

setup_file() {
        store_make_once
}

setup() {
        store_copy
        disk=$(image disk 24M)
}

teardown() {
        loop_devices_detach
}

registered() {
        sqlite3 "$STORE/registry.db" 'SELECT count(*) FROM medium'
}

register=(carlos media register)
arguments=(--classification CONFIDENCIAL --category MEDIA --owner marta --expires 2099-12-31 --retention 400)

# Acknowledged: there. Not acknowledged: there whole (the answer was lost after the commit), or not at all.
outcome_holds() {
        local n
        n=$(registered)
        [ "$n" -eq 1 ] || { [ "$n" -eq 0 ] && [ "$status" -ne 0 ]; } || {
                printf 'status %s and %s media: %s\n' "$status" "$n" "$output"
                return 1
        }
}

@test "media register: each write, sync, open and rename fails" {
        every_call write,sync,open,rename 400 "${register[@]}" "$disk" "${arguments[@]}"
}

@test "media register: from the n-th write on the disk is full" {
        FAULT_ERRNO=28 LAST=1
        every_call write 400 "${register[@]}" "$disk" "${arguments[@]}"
}

@test "media register: memory runs out" {
        every_call memory 160 "${register[@]}" "$disk" "${arguments[@]}"
}

@test "media register: an ioctl fails" {
        need_loop_devices
        disk=$(loop_device loop 24M)
        every_call ioctl 100 "${register[@]}" "$disk" "${arguments[@]}"
}
