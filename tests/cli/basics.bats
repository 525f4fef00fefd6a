# The command line itself: exit codes, help, JSON, completion, man page, secrets, languages (X8).
load helper
load terminal

setup() {
        make_store
}

teardown() {
        terminal_end
}

@test "exit codes are those of the documentation" {
        expect 0 m ana media list
        expect 2 m ana media
        expect 2 m ana media frob
        expect 2 m ana media list --frob
        expect 2 m ana media list --limit
        expect 2 m ana media list --limit ten
        expect 2 m ana person show ana bis
        expect 3 m ana person block cus --reason x
        expect 4 m ana media show HQ00000009X
        expect 4 m ana person show nobody
        expect 5 m cus media register --kind paper --classification INTERNO --health --category ALTA --owner ana --expires 2040-01-01 --retention 30
        expect 7 m sara person add ana --full-name Ana --roles user
        expect 4 "$MPSI" --store "$BATS_TEST_TMPDIR/none" media list
}

@test "X8: an error names the rule, why and what to do, in both languages" {
        expect 5 m cus --lang en media register --kind paper --classification INTERNO --health --category ALTA --owner ana --expires 2040-01-01 --retention 30
        [[ $output == *"[L4 · ENS mp.si.1"* && $output == *"→ Classify the medium"* ]]
        expect 5 m cus --lang es media register --kind paper --classification INTERNO --health --category ALTA --owner ana --expires 2040-01-01 --retention 30
        [[ $output == *"→ Clasifique el soporte"* ]]
        expect 5 m cus --json media register --kind paper --classification INTERNO --health --category ALTA --owner ana --expires 2040-01-01 --retention 30
        [ "$(jq -r '.error.rule, .error.status' <<<"$output" | paste -sd' ')" = "L4 5" ]
        [ -n "$(jq -r .error.hint.es <<<"$output")" ]
}

@test "--version says which it is, whatever else is asked, and does nothing" {
        local version
        version=$("$MPSI" version)
        [[ $version =~ ^mpsi\ [0-9]+\.[0-9]+ ]]
        [ "$("$MPSI" --version)" = "$version" ]
        [ "$("$MPSI" person add nobody --version)" = "$version" ]
        ! "$MPSI" person show nobody --store "$STORE" --as elena
}

@test "every verb has help in both languages" {
        "$MPSI" schema | jq -r '.[] | [.noun, .name] | join(" ")' >"$BATS_TEST_TMPDIR/verbs"
        [ "$(wc -l <"$BATS_TEST_TMPDIR/verbs")" -gt 30 ]
        while read -r verb; do
                for lang in es en; do
                        # shellcheck disable=SC2086
                        "$MPSI" $verb --help --lang $lang >"$BATS_TEST_TMPDIR/help"
                        grep -q "^mpsi $verb" "$BATS_TEST_TMPDIR/help"
                done
        done <"$BATS_TEST_TMPDIR/verbs"
}

@test "completion knows nouns, verbs and options" {
        "$MPSI" completion >"$BATS_TEST_TMPDIR/completion"
        # shellcheck source=/dev/null
        source "$BATS_TEST_TMPDIR/completion"
        COMP_WORDS=(mpsi med) COMP_CWORD=1
        _mpsi
        [ "${COMPREPLY[0]}" = media ]
        COMP_WORDS=(mpsi media reg) COMP_CWORD=2
        _mpsi
        [ "${COMPREPLY[0]}" = register ]
        COMP_WORDS=(mpsi media register --ret) COMP_CWORD=3
        _mpsi
        [ "${COMPREPLY[0]}" = --retention ]
}

@test "the man page and the reference are made from the table" {
        "$MPSI" man >"$BATS_TEST_TMPDIR/mpsi.1"
        grep -q 'media register' "$BATS_TEST_TMPDIR/mpsi.1"
        if command -v man >/dev/null; then man --warnings -l "$BATS_TEST_TMPDIR/mpsi.1" >/dev/null; fi
        "$MPSI" reference --lang en | grep -q '^## media register'
}

@test "C10: a secret is not taken from arguments, nor from a file that others can read" {
        expect 2 "$MPSI" --store "$STORE" --as sara --secret organisation=hunter2-hunter2 person list
        [[ $output != *hunter2* ]]
        printf 'a-long-enough-secret\n' >"$BATS_TEST_TMPDIR/open"
        chmod 644 "$BATS_TEST_TMPDIR/open"
        expect 2 "$MPSI" --store "$STORE" --as sara --secret "organisation=file:$BATS_TEST_TMPDIR/open" person enrol ana
        [[ $output == *"C10"* ]]
}

@test "C10: a wrong passphrase is refused and makes no key" {
        printf 'another-long-secret\n' >"$BATS_TEST_TMPDIR/wrong"
        chmod 600 "$BATS_TEST_TMPDIR/wrong"
        expect 3 "$MPSI" --store "$STORE" --as sara --secret "organisation=file:$BATS_TEST_TMPDIR/wrong" person enrol ana
        [ "$(find "$STORE/people" -name 'ana*' | wc -l)" -eq 0 ]
}

@test "a dry run changes nothing" {
        before=$(sqlite3 "$STORE/registry.db" 'SELECT count(*) FROM event')
        expect 0 m sara --dry-run person add eva --full-name Eva --roles user
        [ "$(sqlite3 "$STORE/registry.db" 'SELECT count(*) FROM event')" = "$before" ]
        expect 4 m sara person show eva
}

@test "a second init leaves the store alone" {
        before=$(sha256sum "$STORE/org/ca.key")
        expect 7 m sara init --organisation X --site HQ --category ALTA --station desk-1 --language es --admin eva --admin-name Eva
        [ "$(sha256sum "$STORE/org/ca.key")" = "$before" ]
}

@test "a writer waits for the lock and then says that it is busy" {
        exec 9>"$STORE/lock"
        flock 9
        expect 75 m sara person add eva --full-name Eva --roles user
        flock -u 9
        expect 0 m sara person add eva --full-name Eva --roles user
}

@test "L1, A2: the inventory R-110-022 as table, JSON, CSV and PDF" {
        register_tape T-1
        expect 0 m cus report R-110-022
        [[ $output == *HQ00000001V* ]]
        expect 0 m cus --json report R-110-022
        [ "$(jq -r '.rows[0].serial' <<<"$output")" = T-1 ]
        expect 0 m cus report R-110-022 --pdf "$BATS_TEST_TMPDIR/i.pdf" --csv "$BATS_TEST_TMPDIR/i.csv"
        [ "$(head -c 5 "$BATS_TEST_TMPDIR/i.pdf")" = %PDF- ]
        pdftotext -layout "$BATS_TEST_TMPDIR/i.pdf" - >"$BATS_TEST_TMPDIR/i.txt"
        grep -q HQ00000001V "$BATS_TEST_TMPDIR/i.txt"
        grep -q 'whole inventory' "$BATS_TEST_TMPDIR/i.txt"
        grep -q HQ00000001V "$BATS_TEST_TMPDIR/i.csv"
        expect 1 m cus report R-110-022 --pdf "$BATS_TEST_TMPDIR/nowhere/i.pdf"
}

@test "X8: on a terminal a table that is too wide is told a paragraph a row, in lines that end between words" {
        register_tape T-1 >/dev/null
        terminal "$MPSI" --store "$STORE" --as cus --lang es media list
        await 'exit 0'
        screen >"$BATS_TEST_TMPDIR/wide"
        terminal_end
        grep -Eq '^SOPORTE +TIPO +CLASIFICACIÓN' "$BATS_TEST_TMPDIR/wide"
        WIDTH=60 terminal "$MPSI" --store "$STORE" --as cus --lang es media list
        await 'exit 0'
        screen >"$BATS_TEST_TMPDIR/narrow"
        terminal_end
        grep -Eq '^SOPORTE +HQ00000001V$' "$BATS_TEST_TMPDIR/narrow"
        grep -Eq '^CLASIFICACIÓN +CONFIDENCIAL$' "$BATS_TEST_TMPDIR/narrow"
        # A long text goes on under where it began.
        m sara person add lola --full-name 'Lola Encarnación Fernández de la Vega y Castro' --roles user >/dev/null
        WIDTH=44 terminal "$MPSI" --store "$STORE" --as sara --lang es person show lola
        await 'exit 0'
        screen >"$BATS_TEST_TMPDIR/folded"
        grep -Eq '^NOMBRE +Lola Encarnación' "$BATS_TEST_TMPDIR/folded"
        grep -Eq '^ +Fernández de la Vega y' "$BATS_TEST_TMPDIR/folded"
}
