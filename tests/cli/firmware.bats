# What a device without firmware of its own says on the command line, and TRIM with its read-back (S2, S4, S5).
load helper

setup() {
        need_loop_devices
        make_store
}

teardown() {
        loop_devices_detach
}

@test "S2: a loop device offers no firmware erase and says so; TRIM is a Clear at best, read back whole" {
        own_device f 8M
        blockdev --setrw "$own"
        yes HISTORIA-CLINICA | dd of="$own" bs=1M iflag=fullblock count=8 status=none conv=fsync 2>/dev/null
        ID=$(m cus --json media register "$own" --kind ssd --classification PUBLICO --category MEDIA --owner ana \
                --expires 2040-01-01 --retention 30 | jq -r .id)
        expect 0 m olga --lang es wipe plan "$ID" --device "$own"
        grep -q 'no ofrece ningún borrado propio' <<<"$output"
        expect 0 m olga --json wipe plan "$ID" --device "$own"
        [ "$(jq -r '[.firmware.answer, .firmware.discard_zeros] | join(" ")' <<<"$output")" = "none true" ]
        [ "$(jq -r '[.techniques[] | select(.by_device and .offered) | .technique] | join(" ")' <<<"$output")" = block-discard ]
        [ "$(jq -r '[.techniques[] | select(.technique | test("^(ata|scsi|nvme)-")) | .rule] | unique | join(" ")' <<<"$output")" = S2 ]
        for method in secure-erase sanitize-block sanitize-crypto format; do
                expect 5 m olga --lang en wipe run "$ID" --device "$own" --method $method --confirm "$ID"
                grep -q '\[S2 · ' <<<"$output"
        done
        grep -q -a HISTORIA-CLINICA "$own"
        expect 0 m olga --json wipe run "$ID" --device "$own" --method discard --confirm "$ID"
        [ "$(jq -r '[.result, .reached_level, .device_status, .verification.kind, .verification.bytes] | join(" ")' <<<"$output")" = "sanitized clear BLKDISCARD: 0 full $((8 << 20))" ]
        [ "$(jq -r '.firmware[0] | [.technique, .markers, .markers_survived, .byte, .clean] | join(" ")' <<<"$output")" = "block-discard 64 0 0 true" ]
        expect 0 m oto --json wipe verify "$ID" --device "$own"
        [ "$(jq -r '[.holds, .bytes] | join(" ")' <<<"$output")" = "true $((8 << 20))" ]
        expect 0 m sara ledger verify
}
