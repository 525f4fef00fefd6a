#!/usr/bin/env bats
# C8 over the station's socket: the letter reaches the client that asked, and no file of the station's. By hand, as root:
#   tests/cli/with-udev bats tests/cli/handover_mpsid.bats
bats_require_minimum_version 1.5.0
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

@test "C8: the letter crosses as memory, to a file that only the client can read" {
        letter=$BATS_TEST_TMPDIR/out/letter.pdf SOCKET=$BATS_TEST_TMPDIR/socket
        mkdir "$BATS_TEST_TMPDIR/out"
        act carlos media register "$node" --kind ssd --classification INTERNO --category MEDIA --owner marta \
                --expires "$(in_days 400)" --retention 400
        ID=$(act carlos --json media find "$node" | grep -o 'HQ[0-9]\{8\}.' | head -n 1)
        act ana encrypt run "$ID" "$node" --confirm "$ID" --no-fill
        act elena person add raiz --full-name "Raíz Puesto" --roles operator --os-user root
        start --socket "$SOCKET"
        wait_for "$ID: accepted" # what it has not seen yet it closes first
        expect 0 "$MPSI" --socket "$SOCKET" --lang en --secret "master=file:$SECRETS/master" encrypt handover "$ID" "$node" \
                --to "Somebody outside" --letter "$letter"
        [ "$(stat -c %a "$letter")" = 600 ]
        phrase=$(pdftotext -layout -f 1 -l 1 "$letter" - | grep -E '^ *[0-9]+ +[a-z]+' | tr -s ' \n' '\n' | grep -E '^[a-z]+$' |
                paste -sd ' ')
        printf %s "$phrase" | cryptsetup open --test-passphrase --key-file - "$node"
        [ -z "$(find "$STORE-clients" -type f 2>/dev/null)" ]
        run -1 grep -rlaF -e "$(cut -d ' ' -f 1-3 <<<"$phrase")" "$STORE" "$LOG"
}
