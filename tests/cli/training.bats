#!/usr/bin/env bats
# The training register on the command line: A3, A4, K2, X1, X2, X8.
bats_require_minimum_version 1.5.0
load helper

setup_file() {
        BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR make_store
}

setup() {
        command -v faketime >/dev/null || skip "SKIPPED: no faketime"
        STORE=$BATS_TEST_TMPDIR/store
        cp -a "$BATS_FILE_TMPDIR/store" "$STORE"
        SECRETS=(--secret "master=file:$BATS_FILE_TMPDIR/secret")
}

later() {
        in_days "$1" "$MPSI" --store "$STORE" --as "$2" "${SECRETS[@]}" "${@:3}"
}

register() {
        media=(media register --kind tape --classification INTERNO --category MEDIA --owner ana --expires 2040-01-01
                --retention 3650 --serial "$1")
}

@test "A3: thirty days to take the course, then acts that need it are refused, with rule and remedy, in both languages" {
        register A
        expect 0 later 29 cus "${media[@]}"
        register B
        expect 5 later 31 cus "${media[@]}"
        [[ $output == *'[A3 · ENS mp.per.4]'* && $output == *'person train'* ]]
        expect 5 later 31 cus --lang es "${media[@]}"
        [[ $output == *'Clasificación y etiquetado'*'formación'* ]]
        # The refusal is on record; what reads, and what gives the remedy, goes on.
        [ "$(sqlite3 "$STORE/registry.db" "SELECT count(*) FROM event WHERE type = 'act.refused' AND json_extract(data, '\$.rule') = 'A3'")" = 2 ]
        expect 0 later 31 cus media list
        expect 0 later 31 sara person train cus --course 'Clasificación' --training general
        expect 0 later 31 cus "${media[@]}"
        expect 0 later 31 sara ledger replay
        # A year later it has expired.
        register C
        expect 0 later 396 cus "${media[@]}"
        expect 5 later 397 cus "${media[@]}"
        expect 0 later 397 sara ledger verify
}

@test "A3: hours add up; who has what, until when; as CSV and PDF" {
        local day
        day=$(date -u -d '-1 day' +%F)
        expect 0 m sara person train cus --course primera --training custody --hours 5 --day "$day"
        [ "$(m sara --json person training cus | jq -r '.rows[] | select(.training == "custody") | "\(.hours) \(.standing)"')" = '5 grace' ]
        expect 0 m sara person train cus --course segunda --training custody --hours 3
        [ "$(m sara --json person training cus | jq -r '.rows[] | select(.training == "custody") | "\(.hours) \(.standing)"')" = '8 current' ]
        expect 0 m sara --lang es person training --csv "$BATS_TEST_TMPDIR/r.csv" --pdf "$BATS_TEST_TMPDIR/r.pdf"
        grep -q '"Custodio Ruiz","cus","custodio","Procedimientos completos","8","8","6"' "$BATS_TEST_TMPDIR/r.csv"
        pdftotext -layout "$BATS_TEST_TMPDIR/r.pdf" - | grep -q 'Registro de formación en protección de soportes'
        # What leaves is on record, and no two documents have one number.
        expect 0 m sara person training --data "$BATS_TEST_TMPDIR/r.json"
        jq -e '.trainings[] | select(.name == "cus" and .training == "custody") | .roles == "custodian" and .hours == 8' "$BATS_TEST_TMPDIR/r.json"
        [ "$(sqlite3 "$STORE/registry.db" "SELECT count(DISTINCT subject) FROM event WHERE type = 'report.made'")" = 2 ]
        expect 0 m sara ledger replay
}

@test "A3: bad input: a day to come, an end before its beginning, no hours, a training that there is not" {
        expect 2 m sara person train cus --course c --day "$(date -u -d '+2 days' +%F)"
        expect 2 m sara person train cus --course c --until 2020-01-01
        expect 2 m sara person train cus --course c --hours 0
        expect 2 m sara person train cus --course c --training astronomy
        expect 2 m sara person train cus --course c --day 2027-02-29
        expect 2 m sara person train cus
        expect 4 m sara person train nobody --course c
        expect 3 m cus person train cus --course c
        # An end later than the rule says is the rule's.
        [ "$(m sara --json person train cus --course c --until 2040-01-01 | jq -r .until)" = "$(date -u -d '+1 year' +%F)" ]
}

@test "A3, K2: expiring is an alert, expired is critical, and a course ends it" {
        local key='.rows[] | select(.key == "training/cus:custody").level'
        [ -z "$(later 16 sara alert list --json | jq -r "$key")" ]
        [ "$(later 17 sara alert list --json | jq -r "$key")" = alert ]
        [ "$(later 31 sara alert list --json | jq -r "$key")" = critical ]
        later 31 sara person train cus --course c --training custody >/dev/null
        [ -z "$(later 31 sara alert list --json | jq -r "$key")" ]
}

@test "A3, X8: the awareness sheets, one page each, in both languages" {
        local sheet lang
        for sheet in classification transport reminder; do
                for lang in es en; do
                        expect 0 m oto --lang "$lang" report awareness "awareness-$sheet" --pdf "$BATS_TEST_TMPDIR/$sheet-$lang.pdf"
                        pdfinfo "$BATS_TEST_TMPDIR/$sheet-$lang.pdf" | grep -q '^Pages: *1$'
                done
        done
        pdftotext "$BATS_TEST_TMPDIR/classification-es.pdf" - | grep -q 'Los cuatro niveles'
        pdftotext "$BATS_TEST_TMPDIR/classification-en.pdf" - | grep -q 'The four levels'
        pdftotext "$BATS_TEST_TMPDIR/transport-en.pdf" - | grep -q 'Outer pack that does not say'
        expect 2 m oto report awareness nothing --pdf "$BATS_TEST_TMPDIR/x.pdf"
}

@test "A3: a store of before the register: its trainings are there, and a replay gives the same" {
        # As the product of before left it: none of the registry's tables and columns that came with the register and since.
        sqlite3 "$STORE/registry.db" "DROP TABLE training; DROP INDEX medium_expires; DROP TABLE badge;
                DROP INDEX medium_unlabelled; DROP INDEX medium_category; ALTER TABLE medium DROP COLUMN whole_size;
                ALTER TABLE medium DROP COLUMN destruction; UPDATE schema SET version = version - 5 WHERE room = 'registry'"
        expect 0 m sara person train cus --course c --training custody
        [ "$(sqlite3 "$STORE/registry.db" 'SELECT count(*) FROM training')" = 1 ]
        expect 0 m sara ledger verify
}
