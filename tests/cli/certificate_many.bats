# One opening of a key for many certificates, as after a rack of wiped drives (S9, X1): all of them are signed, or none.
load helper

MANY=6

more_people() {
        local who
        for who in cus olga oto; do
                m sara person enrol "$who" >/dev/null
        done
}

setup() {
        make_store
        cd "$BATS_TEST_TMPDIR"
        local i dev id
        numbers=()
        for ((i = 0; i < MANY; i++)); do
                dev=$BATS_TEST_TMPDIR/$i.img
                truncate -s 1M "$dev"
                id=$(m cus --json media register "$dev" --kind hdd --classification PUBLICO --category MEDIA --owner ana \
                        --expires 2040-01-01 --retention 30 | jq -r .id)
                m olga wipe run "$id" --device "$dev" --confirm "$id" >/dev/null
                numbers+=("$(m olga --json certificate issue "$id" --supervisor cus | jq -r .number)")
        done
}

# How many of them have this many signatures.
signed() {
        m sara --json certificate list | jq "[.rows[] | select(.signed == $1)] | length"
}

@test "S9: all that wait for one's signature, with one PIN; the seal too; each of them holds by itself" {
        expect 2 m olga certificate sign --role executor
        expect 2 m olga certificate sign "${numbers[0]}" --pending --role executor
        expect 2 m olga certificate sign --pending --role executor --out x.pdf
        [[ $output == *"certificate export"* ]]
        [ ! -e x.pdf ]
        expect 4 m cus certificate sign --pending --role supervisor # their turn has not come
        expect 4 m oto certificate sign --pending --role executor   # not theirs
        expect 2 m olga certificate sign "${numbers[0]}" --confirm 1 --role executor
        expect 2 m olga certificate sign --pending --role executor </dev/null # nobody can type how many
        expect 5 m olga certificate sign --pending --role executor --confirm $((MANY - 1))
        [[ $output == *"[S9 · "* ]]
        expect 0 m olga --json --dry-run certificate sign --pending --role executor
        [ "$(jq '.rows | length' <<<"$output")" = $MANY ]
        [ "$(signed 0)" = $MANY ]
        # The secret is read once.
        mkfifo once && chmod 600 once
        cat secret >once &
        expect 0 timeout 60 "$MPSI" --store "$STORE" --as olga --secret "pin:olga=file:$BATS_TEST_TMPDIR/once" --lang es \
                certificate sign --pending --confirm $MANY --role executor
        [[ $output == *"$MANY certificados firmados. Falta: supervisor."* ]]
        [[ $output == *"${numbers[5]}"* ]]
        [ "$(signed 1)" = $MANY ]
        expect 0 m cus --json certificate sign "${numbers[@]}" --role supervisor
        [ "$(jq -c '[.rows[] | [.number, .state, .signed]] | length, .[0]' <<<"$output")" = "$MANY
[\"${numbers[0]}\",\"unsigned\",2]" ]
        expect 0 m sara --lang en certificate sign --pending --confirm $MANY --role seal
        [[ $output == *"$MANY certificates are complete and valid."* ]]
        expect 0 m sara ledger verify
        for number in "${numbers[@]}"; do
                m sara certificate export "$number" --out "$number.pdf" >/dev/null
                expect 0 "$MPSI" --json certificate verify "$number.pdf" --ca "$STORE/org/ca.crt"
                [ "$(jq -r '[.rows[].reason] | map(contains("'"$number"'")) | all' <<<"$output")" = true ]
                [ "$(pdfsig -nocert "$number.pdf" | grep -c 'Signature is Valid')" = 3 ]
        done
        [ "$(m sara --json media history "$(m sara --json certificate show "${numbers[3]}" | jq -r .medium)" |
                jq '[.rows[] | select(.type == "certificate.signed")] | length')" = 3 ]
}

@test "S9: one that can't be signed, and none is" {
        expect 2 m olga certificate sign "${numbers[@]}" "${numbers[2]}" --role executor
        [[ $output == *"${numbers[2]}"* ]]
        expect 4 m olga certificate sign "${numbers[@]}" HQ-2020-000009 --role executor
        m sara certificate revoke "${numbers[4]}" --reason "Número de serie equivocado" >/dev/null
        expect 7 m olga certificate sign "${numbers[@]}" --role executor
        [[ $output == *"${numbers[4]}"* ]]
        [ "$(signed 0)" = $MANY ]
        # A file of this station that was changed.
        local file
        file=$STORE/attachments/$(m sara --json certificate show "${numbers[5]}" | jq -r .pdf)
        chmod u+w "$file"
        printf ' ' >>"$file"
        expect 6 m olga certificate sign --pending --confirm $((MANY - 1)) --role executor
        [[ $output == *"${numbers[5]}: "* ]]
        [ "$(signed 0)" = $MANY ]
        truncate -s -1 "$file"
        expect 0 m olga certificate sign --pending --confirm $((MANY - 1)) --role executor
        [ "$(signed 1)" = $((MANY - 1)) ] # all but the revoked one
        printf 'wrong\n' >wrong && chmod 600 wrong
        expect 3 "$MPSI" --store "$STORE" --as cus --secret "pin:cus=file:wrong" certificate sign --pending --confirm $((MANY - 1)) \
                --role supervisor
        [ "$(signed 1)" = $((MANY - 1)) ]
        expect 3 m oto certificate sign "${numbers[0]}" "${numbers[1]}" --role supervisor
        [[ $output == *"[X1 · "* ]]
}

@test "S9: an authority that does not answer costs the stamps only, and is asked once" {
        cat >ask <<END
#!/bin/sh
cat >/dev/null
echo asked >>$BATS_TEST_TMPDIR/asked
exit 1
END
        chmod 755 ask
        printf '[tsa]\ncommand = %s\n' "$BATS_TEST_TMPDIR/ask" >"$STORE/mpsi.conf"
        expect 0 m olga --lang en certificate sign --pending --confirm $MANY --role executor
        [ "$(grep -o 'Without a time-stamp' <<<"$output" | wc -l)" = 1 ]
        [ "$(wc -l <asked)" = 1 ]
        [ "$(signed 1)" = $MANY ]
        for number in "${numbers[@]}"; do
                m sara --json certificate show "$number" | jq -e '.signatures[0].unstamped | length > 0' >/dev/null
        done
        expect 0 m sara ledger verify
}
