# The register of accesses, stocktakes, searches and the environment as people at the desk use them: U3, U5, U6, U7, U8, A2, K2.
load helper

setup() {
        make_store
        m sara person add uli --full-name "Uli Usuaria" --roles user >/dev/null
        m sara person add dan --full-name "Dan Custodio" --roles custodian >/dev/null
        SECRETS+=(--secret "pin:uli=file:$BATS_TEST_TMPDIR/secret")
        m sara person enrol uli >/dev/null
        for place in 1 2; do
                m cus location add "HQ-S03-A12-E04-P00$place" --kind fire-cabinet --level MEDIA --section CONFIDENCIAL \
                        --capacity 100 >/dev/null
        done
        A=$(register_tape T1) B=$(register_tape T2)
        m cus media move "$A" --location HQ-S03-A12-E04-P001 >/dev/null
        m cus media move "$B" --location HQ-S03-A12-E04-P001 >/dev/null
}

@test "U3 U7 A2: an access from request to exit, and its form in both languages" {
        expect 0 m uli access request HQ-S03 --reason "Climatización"
        [[ $output == *A000001* ]]
        expect 0 m ana access approve A000001
        expect 5 m cus access enter A000001 --credential electronic-lock --sign
        [[ $output == *"[U3 · ENS mp.si.3]"* ]]
        expect 0 m cus access enter A000001 --credential electronic-lock --sign --supervisor cus
        expect 7 m cus access enter A000001 --credential electronic-lock --sign --supervisor cus
        expect 0 m cus access leave A000001 --paper H-000012
        expect 0 m cus --lang es report R-110-023 --pdf "$BATS_TEST_TMPDIR/es.pdf" --csv "$BATS_TEST_TMPDIR/es.csv"
        expect 0 m cus --lang en report R-110-023 --pdf "$BATS_TEST_TMPDIR/en.pdf"
        expect 0 m cus --json report R-110-023
        [ "$(jq -r '.rows[0] | [.number, .person, .approver] | join("|")' <<<"$output")" = "A000001|Uli Usuaria|Ana López" ]
        pdftotext -layout "$BATS_TEST_TMPDIR/es.pdf" - | grep -q "Registro de accesos a custodia"
        pdftotext -layout "$BATS_TEST_TMPDIR/es.pdf" - | grep -q "R-110-023"
        pdftotext -layout "$BATS_TEST_TMPDIR/en.pdf" - | grep -q "Custody access register"
        grep -q '"A000001".*"clave / H-000012"' "$BATS_TEST_TMPDIR/es.csv"
        expect 0 m sara ledger verify
}

@test "U3: the signature of an entry holds for openssl, with what is kept" {
        m uli access request HQ-S03 --reason r >/dev/null
        m ana access approve A000001 >/dev/null
        expect 0 m cus --json access enter A000001 --credential electronic-lock --sign --supervisor cus
        cd "$BATS_TEST_TMPDIR"
        jq -j '.signatures[0].statement' <<<"$output" >statement
        jq -r '.signatures[0].certificate' <<<"$output" >certificate.pem
        jq -r '.signatures[0].signature' <<<"$output" | base64 -d >signature
        openssl x509 -in certificate.pem -pubkey -noout >public.pem
        digest=sha384
        openssl x509 -in certificate.pem -text -noout | grep -q P-256 && digest=sha256
        openssl dgst -$digest -verify public.pem -signature signature statement
        printf ' ' >>statement
        run openssl dgst -$digest -verify public.pem -signature signature statement
        [ "$status" -ne 0 ]
}

@test "U6: two clerks scan one stocktake at the same time, and nothing is lost" {
        local i serials=()
        for i in {10..19}; do
                serials+=("X$i")
        done
        { printf 'kind,classification,category,owner,expires,retention,serial\n'
          printf 'tape,CONFIDENCIAL,MEDIA,ana,2040-01-01,3650,%s\n' "${serials[@]}"; } >"$BATS_TEST_TMPDIR/media.csv"
        m cus media import "$BATS_TEST_TMPDIR/media.csv" >/dev/null
        m cus stocktake start HQ-S03 >/dev/null
        { m cus stocktake scan HQ-S03-A12-E04-P001 && for i in {10..14}; do m cus stocktake scan "X$i" || exit 1; done
        } >/dev/null 3>&- & first=$!
        { m dan stocktake scan HQ-S03-A12-E04-P002 && for i in {15..19}; do m dan stocktake scan "X$i" || exit 1; done
        } >/dev/null 3>&- & second=$!
        wait "$first"
        wait "$second"
        expect 0 m cus --json stocktake show R000001
        [ "$(jq -r '[.rows[] | select(.location | endswith("P001")) | .person] | unique | join(",")' <<<"$output")" = cus ]
        [ "$(jq -r '[.rows[] | select(.location | endswith("P002")) | .person] | unique | join(",")' <<<"$output")" = dan ]
        [ "$(jq '.rows | length' <<<"$output")" = 10 ]
        expect 0 m cus --json stocktake finish
        [ "$(jq -r '[.found, .misplaced, .missing] | join(" ")' <<<"$output")" = "0 10 2" ]
        expect 0 m cus --lang es report stocktake R000001 --pdf "$BATS_TEST_TMPDIR/r.pdf" --csv "$BATS_TEST_TMPDIR/r.csv"
        pdftotext -layout "$BATS_TEST_TMPDIR/r.pdf" - | grep -q "Acta de recuento de soportes"
        grep -q "SIN LOCALIZAR.*$A" "$BATS_TEST_TMPDIR/r.csv"
        expect 6 m cus custody check
        [[ $output == *"$A"* ]]
        expect 0 m sara ledger verify
        expect 0 m sara ledger replay
}

@test "U8: looking for a medium starts a clock that its next scan stops" {
        expect 0 m ana media locate "$A"
        expect 7 m ana media locate T1
        expect 0 m olga media scan T1 --location HQ-S03-A12-E04-P002
        [[ $output == *"located in 0 min"* ]]
        [[ $output == *MISPLACED* ]]
        [ "$(m sara --json media history "$A" | jq -r '[.rows[] | select(.type == "medium.located")][0].data.met')" = true ]
}

@test "U5: readings by hand and from a sensor's file; the chart in the terminal, as PNG and as PDF" {
        expect 0 m olga env record HQ-S03 --temperature 20,5 --humidity 45 --field 3
        expect 0 m olga env record HQ-S03 --temperature 31
        [[ $output == *N000001* ]]
        printf 'momento;lugar;temperatura\n2026-01-01T10:00:00Z;HQ-S03-A12;20,1\n2026-01-01T11:00:00Z;HQ-S03-A12;26,4\n2026-01-01T12' \
                >"$BATS_TEST_TMPDIR/sensor.csv"
        expect 2 m olga env import "$BATS_TEST_TMPDIR/sensor.csv"
        expect 0 m olga --json env import "$BATS_TEST_TMPDIR/sensor.csv" --follow
        [ "$(jq -r .new <<<"$output")" = 2 ]
        printf ':00:00Z;HQ-S03-A12;21,0\n' >>"$BATS_TEST_TMPDIR/sensor.csv"
        expect 0 m olga --json env import "$BATS_TEST_TMPDIR/sensor.csv" --follow
        [ "$(jq -r '"\(.new) \(.known)"' <<<"$output")" = "1 2" ]
        expect 0 m uli --lang es env show HQ-S03-A12 --png "$BATS_TEST_TMPDIR/chart.png" --pdf "$BATS_TEST_TMPDIR/chart.pdf"
        [[ $output == *▲* ]]
        file "$BATS_TEST_TMPDIR/chart.png" | grep -q 'PNG image data, 1600'
        pdftotext "$BATS_TEST_TMPDIR/chart.pdf" - | grep -q "Ambiente de HQ-S03-A12"
        expect 0 m sara ledger verify
}

@test "U3 U4: a loan is signed at the desk on the way out and back; overdue loans go up by their days" {
        m uli loan request "$A" --to uli --reason r --due "$(date -u -d '+7 days' +%F)" --location p >/dev/null
        m ana loan approve "$A" >/dev/null
        expect 0 m cus --json loan out "$A" --seal S-0001 --supervisor olga --sign --receipt "$BATS_TEST_TMPDIR/receipt.pdf"
        [ "$(jq -r '.signatures[0] | [.step, .person, .standing] | join(" ")' <<<"$output")" = "handed-over uli valid" ]
        pdftotext "$BATS_TEST_TMPDIR/receipt.pdf" - | grep -q "ECDSA"
        expect 5 m ana loan extend "$A" --due "$(date -u -d '+30 days' +%F)" --reason r # over 15 days
        expect 0 m ana loan extend "$A" --due "$(date -u -d '+20 days' +%F)" --reason r
        expect 0 m cus --json loan overdue
        [ "$(jq '.rows | length' <<<"$output")" = 0 ]
        expect 0 m cus --json loan in "$A" --seal S-0001 --condition bien --paper P000001
        [ "$(jq -r '[.signatures[].standing] | join(" ")' <<<"$output")" = "valid paper" ]
        expect 0 m sara ledger replay
}
