#!/usr/bin/env bats
# The disk is full from the n-th write on, while a house pattern is approved and while a lost medium is recovered: all of it
# is on record or nothing is, and mpsi says why (S3, U9, X2).
load helper

setup_file() {
        store_make_once
        act carlos route add a-42 --from 'HQ, Madrid' --to 'Toledo' --usual 2 --limit 48
        id=$(id_in "$(act carlos media register --kind tape --classification INTERNO --category BASICA --owner marta \
                --expires 2099-12-31 --retention 400 --serial T1 --tamper TI-1)")
        act carlos label print "$id" --out "$BATS_FILE_TMPDIR/label.pdf"
        act carlos ship create --route a-42 --recipient luis --media "$id" --method certified-courier --reason 'Copia'
        act carlos ship pack E000001 --level encrypted-medium --level antistatic-bag --level foam --level rigid-container \
                --level security-seal --level outer-pack --seal S-0092 --label-checked
        act marta ship authorise E000001
        act carlos ship dispatch E000001 --seal S-0092
        act carlos ship lost E000001 --circumstances 'No llegó'
        printf '%s\n' "$id" >"$BATS_FILE_TMPDIR/id"
}

setup() {
        store_copy
        ID=$(cat "$BATS_FILE_TMPDIR/id")
        FAULT_ERRNO=28 LAST=1
}

count() {
        sqlite3 "$STORE/registry.db" "SELECT count(*) FROM event WHERE type = '$1'"
}

# What is acknowledged is there. What is not is there whole, its answer lost after the commit, or not at all: then it
# fails with a reason.
whole_or_nothing() {
        local n=$1
        [ "$n" -eq 1 ] || { [ "$n" -eq 0 ] && [ "$status" -eq 1 ]; } || {
                printf 'status %s and %s on record: %s\n' "$status" "$n" "$output"
                return 1
        }
}

@test "S3 X2: no space is left while a house pattern is approved" {
        outcome_holds() {
                local listed
                whole_or_nothing "$(count sanitization.pattern-set)" || return 1
                listed=$(act elena --json wipe patterns | jq '.rows | length')
                [ "$listed" -eq "$(count sanitization.pattern-set)" ] || return 1
                [ "$listed" -eq 1 ] || act elena wipe pattern house --passes '00 ff random' --reason 'minutes 12' >/dev/null
        }
        every_call write 200 elena wipe pattern house --passes '00 ff random' --reason 'minutes 12'
}

@test "U9 X2: no space is left while a lost medium is recovered" {
        local again=(media recover "$ID" --by Eva --where 'El muelle' --condition 'Carcasa rota' --seal S-0092 --damaged)
        outcome_holds() {
                local state
                whole_or_nothing "$(count medium.recovered)" || return 1
                state=$(act elena --json media show "$ID" | jq -r .state)
                if [ "$(count medium.recovered)" -eq 1 ]; then
                        [ "$state" = quarantined ]
                        [ "$(count incident.opened)" -eq 2 ]
                else
                        [ "$state" = lost ]
                        [ "$(count incident.opened)" -eq 1 ]
                        act elena "${again[@]}" >/dev/null
                fi
        }
        every_call write 40 elena "${again[@]}"
}
