#!/usr/bin/env bats
# A recipient's passphrase: in its own key slot, on a letter or the terminal and nowhere else, gone when it is revoked.
# On image files: cryptsetup itself says what opens them.

bats_require_minimum_version 1.5.0
load helper

setup() {
        make_store
        m sara person add ernesto --full-name "Ernesto Nuñez" --title "Radiólogo" --roles user >/dev/null
}

# encrypted NAME CLASSIFICATION CATEGORY: sets image and id
encrypted() {
        image=$(image "$1" 32M)
        id=$(m cus --json media register "$image" --classification "$2" --category "$3" --owner ana \
                --expires 2036-01-01 --retention 3650 | jq -r .id)
        expect 0 m sara encrypt run "$id" "$image" --confirm "$id" --no-fill --waiver 'no HSM yet'
}

# words LETTER: the passphrase as a person reads it off, words by their numbers
words() {
        pdftotext -layout -f 1 -l 1 "$1" - | grep -E '^ *[0-9]+ +[a-z]+( +[0-9]+ +[a-z]+)* *$' | tr -s ' \n' '\n' |
                grep -E '^[a-z]+$' | paste -sd ' '
}

opens() { # IMAGE PASSPHRASE
        printf %s "$2" | cryptsetup open --test-passphrase --key-file - "$1"
}

# In no file of the store, whole or in its first four words.
nowhere_in_store() { # PASSPHRASE
        local part
        part=$(cut -d ' ' -f 1-3 <<<"$1")
        [ -n "$part" ]
        run -1 grep -rlaF -e "$part" "$STORE"
}

@test "C8: the letter's words open the medium's own slot, are nowhere else, and stop opening it when revoked" {
        encrypted one CONFIDENCIAL MEDIA
        expect 0 m cus --json encrypt handover "$id" "$image" --to ernesto --letter "$BATS_TEST_TMPDIR/letter.pdf" --shipment E000001
        jq -e '.number == "F000001" and .recipient == "Ernesto Nuñez" and .channel == "sealed-letter" and .state == "live"
                and (has("passphrase") | not)' <<<"$output"
        [ "$(stat -c %a "$BATS_TEST_TMPDIR/letter.pdf")" = 600 ]
        phrase=$(words "$BATS_TEST_TMPDIR/letter.pdf")
        [ "$(wc -w <<<"$phrase")" -eq 8 ]
        [[ $output != *"$phrase"* ]]
        opens "$image" "$phrase"
        nowhere_in_store "$phrase"
        # Row 7 holds for it, and row 10 does not speak of it.
        run cryptsetup luksDump "$image"
        [[ $output == *argon2id* ]]
        expect 0 m cus --json encrypt check "$image"
        jq -e '.decision == "accept"' <<<"$output"
        text=$(pdftotext -layout "$BATS_TEST_TMPDIR/letter.pdf" -)
        for what in F000001 "$id" "Ernesto Nuñez" E000001; do [[ $text == *"$what"* ]]; done
        expect 0 m cus media history "$id"
        [[ $output == *"Passphrase handed over to a recipient"*ernesto* ]]
        expect 7 m cus encrypt handover "$id" "$image" --to ernesto --letter "$BATS_TEST_TMPDIR/second.pdf"
        [ ! -e "$BATS_TEST_TMPDIR/second.pdf" ]

        expect 0 m cus encrypt revoke "$id" "$image"
        run opens "$image" "$phrase"
        [ "$status" -ne 0 ]
        expect 0 m cus --json encrypt check "$image"
        jq -e '.decision == "accept"' <<<"$output"
        expect 7 m cus encrypt revoke "$id" "$image"
        [ "$(m cus --json encrypt handovers "$id" | jq -r '.rows[0].state')" = revoked ]
        # What `mpsi` itself and the recovery key open is as before.
        expect 0 m oto encrypt rotate "$id" "$image" --kind slot
        expect 0 m sara ledger verify
        expect 0 m sara ledger replay
}

@test "C8 C10: the passphrase is in no argument, environment, or file but the letter while it is made" {
        command -v strace >/dev/null || skip "SKIPPED: strace is needed"
        encrypted traced INTERNO MEDIA
        letter=$BATS_TEST_TMPDIR/letter.pdf
        # The sanitizers' leak check can't run under a tracer.
        expect 0 env ASAN_OPTIONS=detect_leaks=0 strace -f -qq -s 4096 -e trace=execve,openat,write,pwrite64,pwritev,sendto,sendmsg,writev \
                -o "$BATS_TEST_TMPDIR/trace" "$MPSI" --store "$STORE" --as cus "${SECRETS[@]}" encrypt handover "$id" "$image" \
                --to "Somebody outside" --letter "$letter"
        phrase=$(words "$letter")
        opens "$image" "$phrase"
        for part in "$phrase" "$(cut -d ' ' -f 1-2 <<<"$phrase")" "$(cut -d ' ' -f 4-5 <<<"$phrase")"; do
                run -1 grep -aF -e "$part" "$BATS_TEST_TMPDIR/trace"
        done
        grep -q 'letter.pdf' "$BATS_TEST_TMPDIR/trace"
        # No other name ever held it.
        [ "$(ls "$BATS_TEST_TMPDIR" | grep -c pdf)" -eq 1 ]
}

@test "C8: on the terminal it is shown once; without one nothing is handed over, and repeating it mends that" {
        command -v script >/dev/null || skip "SKIPPED: script is needed"
        encrypted shown INTERNO MEDIA
        expect 2 setsid -w "$MPSI" --store "$STORE" --as cus "${SECRETS[@]}" encrypt handover "$id" "$image" --to ernesto </dev/null
        [[ $output == *"encrypt revoke"* ]]
        # The slot that nobody can open is a finding, and goes with the next hand-over.
        expect 0 m cus encrypt check "$image"
        [[ $output == *"not on record as handed"* ]]
        printf '%q ' "$MPSI" --store "$STORE" --as cus --json "${SECRETS[@]}" encrypt handover "$id" "$image" --to ernesto \
                >"$BATS_TEST_TMPDIR/run"
        (sleep 15; echo) | script -qec "bash $BATS_TEST_TMPDIR/run" /dev/null >"$BATS_TEST_TMPDIR/screen"
        phrase=$(grep -aoE '^ {4}[a-z]+( [a-z]+){7}' "$BATS_TEST_TMPDIR/screen" | sed 's/^ *//')
        [ "$(wc -w <<<"$phrase")" -eq 8 ]
        opens "$image" "$phrase"
        # On the other screen, which is left, and not in the JSON answer behind it.
        [ "$(grep -aoF "$phrase" "$BATS_TEST_TMPDIR/screen" | wc -l)" -eq 1 ]
        nowhere_in_store "$phrase"
        [ "$(cryptsetup luksDump "$image" | grep -c argon2id)" -eq 1 ]
        expect 0 m cus --json encrypt check "$image"
        jq -e '.decision == "accept"' <<<"$output"
}

@test "C8: who may, to whom, by which channel, and how strong" {
        encrypted rules SECRETO MEDIA
        out=$BATS_TEST_TMPDIR/out.pdf
        try() { # STATUS PERSON args
                local status=$1 person=$2
                shift 2
                expect "$status" m "$person" encrypt handover "$id" "$image" "$@"
                [ ! -e "$out" ]
        }
        try 3 ana --to ernesto --letter "$out"
        try 5 cus --to cus --letter "$out"
        try 5 cus --to "Somebody outside" --letter "$out"
        try 5 cus --to ernesto --channel telephone
        try 5 cus --to ernesto --letter "$out" --words 10
        try 2 cus --to ernesto --channel sealed-letter
        try 2 cus --to ernesto --letter "$out" --shipment 17
        m sara person block ernesto --reason gone >/dev/null
        try 5 cus --to ernesto --letter "$out"
        expect 2 m cus encrypt handover "$id" "$image" --to ana --letter "$out" --words 25
        expect 0 m cus encrypt handover "$id" "$image" --to ana --letter "$out"
        [ "$(words "$out" | wc -w)" -eq 11 ]
}

@test "C8: ALTA takes 256 MiB of Argon2id, strict-807 takes PBKDF2; English words in an English letter" {
        encrypted alta CONFIDENCIAL ALTA
        out=$BATS_TEST_TMPDIR/alta.pdf
        expect 0 m cus --lang en encrypt handover "$id" "$image" --to ernesto --letter "$out"
        opens "$image" "$(words "$out")"
        [ "$(cryptsetup luksDump "$image" | sed -n 's/.*Memory: *//p')" -ge 262144 ]
        [[ $(pdftotext "$out" -) == *"SEND APART FROM THE MEDIUM"* ]]
        expect 0 m cus encrypt check "$image"
        expect 0 m cus encrypt revoke "$id" "$image"
        expect 0 m sara encrypt profile strict-807 --reason 'CCN-STIC 807'
        expect 0 m cus --lang es encrypt handover "$id" "$image" --to ernesto --letter "$BATS_TEST_TMPDIR/es.pdf"
        opens "$image" "$(words "$BATS_TEST_TMPDIR/es.pdf")"
        [[ $(pdftotext "$BATS_TEST_TMPDIR/es.pdf" -) == *"ENVIAR APARTE DEL SOPORTE"* ]]
        run cryptsetup luksDump "$image"
        [[ $output != *argon2* ]]
        [[ $output == *"Iterations: 600000"* ]]
        expect 0 m cus encrypt check "$image"
}

@test "C8 U3: a lent medium is back with its passphrase: said, warned of, and revoked at the desk" {
        encrypted lent INTERNO MEDIA
        m sara person train ernesto --course custody --until 2036-01-01 >/dev/null 2>&1 || true
        expect 0 m cus encrypt handover "$id" "$image" --to ernesto --letter "$BATS_TEST_TMPDIR/lent.pdf" --loan P000001
        phrase=$(words "$BATS_TEST_TMPDIR/lent.pdf")
        m cus loan request "$id" --to ernesto --reason study --due 2036-01-01 --location ward >/dev/null
        m ana loan approve P000001 >/dev/null
        expect 0 m cus loan out P000001 --seal S-0001 --device "$image"
        expect 7 m cus encrypt handover "$id" "$image" --to ana --letter "$BATS_TEST_TMPDIR/no.pdf"
        expect 0 m cus loan in P000001 --condition good --seal S-0001 --device "$image"
        [[ $output == *"intact"* ]]
        [[ $output == *"encrypt revoke $id"* ]]
        expect 0 m cus encrypt check "$image"
        [[ $output == *"passphrase F000001"*"came back"* ]]
        opens "$image" "$phrase"
        expect 0 m cus encrypt revoke "$id" "$image"

        # The second time at the desk itself, when it came back as it left.
        expect 0 m cus encrypt handover "$id" "$image" --to ernesto --letter "$BATS_TEST_TMPDIR/again.pdf"
        phrase=$(words "$BATS_TEST_TMPDIR/again.pdf")
        m cus loan request "$id" --to ernesto --reason study --due 2036-01-01 --location ward >/dev/null
        m ana loan approve P000002 >/dev/null
        expect 0 m cus loan out P000002 --seal S-0002 --device "$image"
        expect 0 m cus loan in P000002 --condition good --seal S-0002 --device "$image" --revoke
        run opens "$image" "$phrase"
        [ "$status" -ne 0 ]
        [ "$(m cus --json encrypt handovers "$id" | jq -c '[.rows[].state]')" = '["revoked","revoked"]' ]
        expect 0 m cus --json encrypt check "$image"
        jq -e '.decision == "accept"' <<<"$output"
        expect 0 m sara ledger verify
        expect 0 m sara ledger replay
}
