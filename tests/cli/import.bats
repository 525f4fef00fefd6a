# An inventory kept in a spreadsheet, registered whole or not at all (L1, L4).
load helper

setup() {
        make_store
}

events() {
        sqlite3 "$STORE/registry.db" "SELECT count(*) FROM event WHERE type <> 'act.refused'"
}

@test "a Spanish spreadsheet is registered whole" {
        printf 'Serie;Tipo;Clasificación;Categoría;Propietario;Caducidad;Conservación;Salud;Nota\r\nA-1;tape;CONFIDENCIAL;MEDIA;ana;31/12/2040;3650;sí;"copia; mensual"\r\nA-2;optical;Público;BÁSICA;ana;2040-01-01;30;no;\r\n' |
                iconv -t ISO-8859-15 >"$BATS_TEST_TMPDIR/i.csv"
        expect 0 m cus --dry-run media import "$BATS_TEST_TMPDIR/i.csv"
        expect 4 m cus media show A-1
        expect 0 m cus media import "$BATS_TEST_TMPDIR/i.csv"
        expect 0 m cus --json media show A-1
        [ "$(jq -r '[.expires, .note, .health] | join("|")' <<<"$output")" = "2040-12-31|copia; mensual|true" ]
        expect 0 m cus --json media show A-2
        [ "$(jq -r .classification <<<"$output")" = PUBLICO ]
        expect 0 m sara ledger verify
}

@test "each bad row is named with its line and why, and nothing is registered" {
        cat >"$BATS_TEST_TMPDIR/i.csv" <<'CSV'
serial,kind,classification,category,owner,expires,retention,health
B-1,tape,CONFIDENCIAL,MEDIA,ana,2040-01-01,3650,
B-2,floppy,CONFIDENCIAL,MEDIA,ana,2040-01-01,3650,
B-3,tape,INTERNO,MEDIA,ana,2040-01-01,3650,yes
B-4,tape,CONFIDENCIAL,MEDIA,nobody,2040-01-01,3650,
B-5,tape,CONFIDENCIAL,MEDIA,ana,31/02/2040,3650,
B-1,tape,CONFIDENCIAL,MEDIA,ana,2040-01-01,3650,
B-7,tape,CONFIDENCIAL,MEDIA,ana,2040-01-01,3650,maybe
B-8,tape,CONFIDENCIAL,MEDIA,ana,,3650,
CSV
        before=$(events)
        expect 2 m cus --lang en media import "$BATS_TEST_TMPDIR/i.csv"
        for line in 3 4 5 6 7 8 9; do [[ $output == *"Line $line: "* ]]; done
        [[ $output != *"Line 2: "* && $output == *"7 rows are bad"* ]]
        [ "$(events)" = "$before" ]
}

@test "a file that is no table is refused" {
        head -c 5000 /dev/urandom >"$BATS_TEST_TMPDIR/i.csv"
        expect 2 m cus media import "$BATS_TEST_TMPDIR/i.csv"
        printf 'serial,colour\nX,red\n' >"$BATS_TEST_TMPDIR/i.csv"
        expect 2 m cus media import "$BATS_TEST_TMPDIR/i.csv"
        [[ $output == *colour* ]]
        expect 4 m cus media import "$BATS_TEST_TMPDIR/none.csv"
        expect 2 m cus media import /dev/null
}
