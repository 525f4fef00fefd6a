# Accounts from the command line (X1, X4, A4): who I am, operating-system accounts, groups, what an auditor takes away.
load helper

setup() {
        make_store
}

add_auditor() {
        expect 0 m sara person add aud --full-name "Aurora Díaz" --roles auditor --expires "$(date -u -d '+20 days' +%F)"
}

@test "X4: whoami says who acts, with which roles and until when a session lasts" {
        expect 0 m ana --json person whoami
        [ "$(jq -r '[.name, .roles, .session_minutes] | join(" ")' <<<"$output")" = "ana owner 480" ]
        expect 0 m ana --lang en person whoami
        [[ $output == *"LAST ACCESS"* || $output == *"SESSION MINUTES"* ]]
}

@test "X1: an operating-system account is one person's, and nobody changes their own" {
        expect 0 m sara person account ana --os-user ana --reason "new at the desk"
        expect 7 m sara person account cus --os-user ana --reason x
        expect 7 m sara person add eva --full-name Eva --roles user --os-user ana
        expect 3 m sara person account sara --os-user sara2 --reason x
        expect 3 m cus person account ana --os-user x --reason x
        expect 0 m ana --json person show ana
        [ "$(jq -r .os_user <<<"$output")" = ana ]
        expect 0 m sara ledger verify
}

@test "X1, A4: groups give roles, never the auditor's" {
        expect 0 m sara person map-group mpsi-desk --roles custodian,operator --reason "the desk's shift"
        expect 5 m sara person map-group mpsi-audit --roles auditor --reason x
        [[ $output == *"A4"* ]]
        expect 2 m sara person map-group mpsi-desk --roles king --reason x
        expect 3 m cus person map-group mpsi-desk --roles owner --reason x
        expect 0 m ana --json person groups
        [ "$(jq -r '.rows[] | [.group, .roles] | join(" ")' <<<"$output")" = "mpsi-desk custodian,operator" ]
        expect 0 m sara person unmap-group mpsi-desk --reason "no more"
        expect 4 m sara person unmap-group mpsi-desk --reason "no more"
        expect 0 m sara ledger verify
}

@test "A4: an auditor gets 100 rows at once, no file of a whole table, and is on record" {
        printf 'serial,kind,classification,category,owner,expires,retention\n' >"$BATS_TEST_TMPDIR/i.csv"
        for i in $(seq 120); do printf 'T-%s,tape,INTERNO,BASICA,ana,2040-01-01,30\n' "$i"; done >>"$BATS_TEST_TMPDIR/i.csv"
        expect 0 m cus media import "$BATS_TEST_TMPDIR/i.csv"
        add_auditor
        expect 0 m aud --json report R-110-022
        [ "$(jq -r '[(.rows | length), .total] | join(" ")' <<<"$output")" = "100 120" ]
        expect 0 m aud --lang en report R-110-022
        [[ $output == *"100 rows of 120"* ]]
        expect 0 m cus --json report R-110-022
        [ "$(jq -r '.rows | length' <<<"$output")" = 120 ]
        expect 3 m aud report R-110-022 --csv "$BATS_TEST_TMPDIR/all.csv"
        [[ $output == *"[A4"* && ! -e $BATS_TEST_TMPDIR/all.csv ]]
        expect 3 m aud ledger export --out "$BATS_TEST_TMPDIR/all"
        [[ $output == *"[A4"* && ! -e $BATS_TEST_TMPDIR/all ]]
        run sqlite3 "$STORE/registry.db" "SELECT actor, json_extract(data, '\$.verb'), json_extract(data, '\$.rows')
                FROM event WHERE type = 'audit.accessed'"
        [ "$output" = $'aud|report R-110-022|120\naud|report R-110-022|120' ]
        expect 0 m sara ledger verify
}

@test "A4: what can't be recorded is not read by an auditor" {
        add_auditor
        mv "$STORE/station.key" "$BATS_TEST_TMPDIR/"
        run m aud --json media list
        [ "$status" -ne 0 ]
        [ "$(jq -r 'has("rows")' <<<"$output")" = false ]
        expect 0 m ana media list
        mv "$BATS_TEST_TMPDIR/station.key" "$STORE/"
        expect 0 m aud media list
}
