# Tags from content (L8): a look that writes nothing, what it proposes, and who takes it.
load helper

setup() {
        make_store >&2
        image=$(image stick 24M)
        # Where no file system would need to be understood.
        { head -c 128 /dev/zero; printf 'DICM\002\000\000\000UL\004\000'; } | dd of="$image" bs=512 seek=30000 conv=notrunc status=none
        common=(--category MEDIA --owner ana --expires 2040-01-01 --retention 3650)
}

@test "L8 L4: health data propose CONFIDENCIAL; register and classify take the proposal; the medium is not touched" {
        before=$(sha256sum "$image") touched=$(stat -c %Y.%y "$image")
        expect 2 m cus --lang en media register "$image" --proposed "${common[@]}"
        [[ "$output" == *"no proposal"* ]]
        expect 0 m cus --json media inspect "$image"
        [ "$(jq -r '[.proposed, .health, .rows[0].tag, .rows[0].first, .read] | join(" ")' <<<"$output")" = "CONFIDENCIAL true dicom 15360128 25165824" ]
        [ "$(sha256sum "$image")" = "$before" ]
        [ "$(stat -c %Y.%y "$image")" = "$touched" ]
        # Less than that is said to be less, and health data below CONFIDENCIAL stay refused.
        expect 0 m cus --lang en --dry-run media register "$image" --classification INTERNO "${common[@]}"
        [[ "$output" == *"makes CONFIDENCIAL the proposal"* ]]
        expect 0 m cus --json media register "$image" --proposed "${common[@]}"
        id=$(jq -r .id <<<"$output")
        [ "$(m cus --json media show "$id" | jq -r '"\(.classification) \(.health)"')" = "CONFIDENCIAL true" ]
        m ana --json media history "$id" | jq -e '.rows[] | select(.type == "medium.registered")'
        expect 7 m cus media classify "$id" --proposed --reason "ya está"
        expect 3 m oto media register "$image" --proposed "${common[@]}"
        expect 0 m sara ledger verify
}

@test "L8: a registered medium is raised by what is found on it; never lowered; samples say that they are samples" {
        truncate -s 24M "$BATS_TEST_TMPDIR/plain.img"
        plain=$BATS_TEST_TMPDIR/plain.img
        expect 0 m cus --json media register "$plain" --classification PUBLICO "${common[@]}"
        id=$(jq -r .id <<<"$output")
        expect 0 m cus --json media inspect "$plain"
        [ "$(jq -r '[.proposed, .medium] | join(" ")' <<<"$output")" = " $id" ]
        expect 7 m cus media classify "$id" --proposed --reason x
        printf '\r\nMSH|^~\\&|LAB|HQ|HIS|HQ|2026||ORU^R01|1|P|2.5\r' | dd of="$plain" bs=1 seek=1048570 conv=notrunc status=none
        expect 0 m oto --json media inspect "$plain"
        [ "$(jq -r '.rows[0].tag' <<<"$output")" = hl7 ]
        expect 2 m cus media classify "$id" --proposed --classification SECRETO --reason x
        expect 0 m cus media classify "$id" --proposed --reason "contenido"
        [ "$(m cus --json media show "$id" | jq -r '"\(.classification) \(.health)"')" = "CONFIDENCIAL true" ]
        expect 0 m cus --lang en media inspect "$image" --limit 4
        [[ "$output" == *"Samples were read, 4 of 24 MiB"* ]]
        expect 4 m cus media inspect "$BATS_TEST_TMPDIR/nowhere.img"
        expect 0 m sara ledger verify
}
