# The audit programme as people use it: A1, A2, X1, X8.
load helper

setup() {
        make_store
        export MPSI_SOURCE MPSI_BUILD
        m sara person add dan --full-name "Dan Custodio" --roles custodian >/dev/null
        SECRETS+=(--secret "pin:dan=file:$BATS_TEST_TMPDIR/secret")
        m cus location add HQ-S03-A12-E04-P001 --kind fire-cabinet --level MEDIA --section CONFIDENCIAL --capacity 100 >/dev/null
        A=$(register_tape T1) B=$(register_tape T2)
        m cus media move "$A" --location HQ-S03-A12-E04-P001 >/dev/null
        m cus media move "$B" --location HQ-S03-A12-E04-P001 >/dev/null
        DEADLINE=$(date -u -d '+20 days' +%F)
}

# criteria AUDIT PERSON: the aspects of the process, all sound.
criteria() {
        local code
        for code in $(m "$2" --json audit show "$1" | jq -r '.rows[] | select(.what == "criterion") | .subject'); do
                m "$2" audit check "$1" "$code" --result sound --seen visto >/dev/null || return
        done
}

@test "A1 X1 A2: a labelling sample from its start to its end, a finding followed by two people, the form in both languages" {
        local pdf
        expect 0 m cus label print "$A" --out "$BATS_TEST_TMPDIR/a.pdf"
        expect 5 m dan audit start encryption --category BASICA
        [[ $output == *"[A1 · ENS"* ]]
        expect 7 m dan audit start labelling --category ALTA # no media of that category
        expect 3 m oto audit start labelling --category MEDIA
        expect 2 m dan audit start labelling --category MEDIA --area nowhere
        expect 0 m dan --json audit start labelling --category MEDIA
        [ "$(jq -r '[.audit, .population, .sample, .items] | join(" ")' <<<"$output")" = "U000001 2 2 5" ]
        expect 0 m dan --lang es audit show U000001
        [[ $output == *"application"*"aspecto del proceso"*"Correcta aplicación de etiquetas"* ]]
        expect 7 m dan audit start labelling --category MEDIA # nobody draws until they like the sample
        expect 4 m dan audit check U000001 HQ-nothing --result sound
        expect 5 m dan audit check U000001 "$A" --result sound
        [[ $output == *"--seen"* ]]
        expect 5 m dan audit check U000001 "$A" --result sound --seen "$B"
        expect 2 m dan audit check U000001 "$A" --seen "$A"
        expect 3 m cus audit check U000001 "$A" --result sound --seen "$A" # printed it
        [[ $output == *"[X1"* ]]
        expect 0 m dan audit check u000001 T1 --result sound --seen "$A"
        expect 0 m dan audit check U000001 "$B" --result deficient --note 'sin etiqueta'
        expect 7 m dan audit close U000001 --conclusion bien
        criteria U000001 dan
        expect 7 m dan audit close U000001 --conclusion bien # a deficient one without a finding
        [[ $output == *"$B"* ]]
        expect 5 m dan audit finding U000001 "$B" --severity major --what 'Sin etiqueta' --measure mp.si.1 --responsible cus \
                --deadline 2099-01-01
        expect 5 m dan audit finding U000001 "$B" --severity major --what x --measure mp.si.1 --responsible cus --deadline 2020-01-01
        expect 0 m dan audit finding U000001 T2 --severity major --what 'Sin etiqueta' --measure mp.si.1 --responsible cus \
                --deadline "$DEADLINE"
        expect 5 m dan audit close U000001 --conclusion 'Falta una etiqueta.' --sign # no key yet
        m sara person enrol dan >/dev/null
        expect 0 m dan audit close U000001 --conclusion 'Falta una etiqueta.' --sign
        [[ $output == *"1 findings stay open"* ]]
        expect 7 m dan audit check U000001 "$B" --result sound --seen "$B"

        expect 7 m sara audit follow H000001 --verified pronto
        expect 2 m cus audit follow H000001 --action a --verified b
        expect 0 m cus audit follow H000001 --action 'Etiqueta impresa y pegada'
        expect 3 m cus audit follow H000001 --verified 'yo mismo'
        [[ $output == *"[X1"* ]]
        expect 0 m sara audit follow H000001 --verified 'Vista'
        expect 0 m sara audit follow H000001 --reopen 'Se despegó'
        expect 0 m sara --json audit findings
        [ "$(jq -r '.rows[0] | [.state, (.steps | length), .overdue] | map(tostring) | join(" ")' <<<"$output")" = "open 3 false" ]

        expect 0 m sara --lang es report R-110-024 U000001 --pdf "$BATS_TEST_TMPDIR/es.pdf" --csv "$BATS_TEST_TMPDIR/es.csv" \
                --data "$BATS_TEST_TMPDIR/es.json"
        expect 0 m sara --lang en report R-110-024 U000001 --pdf "$BATS_TEST_TMPDIR/en.pdf"
        pdf=$(pdftotext -layout "$BATS_TEST_TMPDIR/es.pdf" -)
        [[ $pdf == *"Auditoría de soportes de información"* && $pdf == *"no conforme"* && $pdf == *H000001* && $pdf == *"Dan Custodio"* ]]
        pdftotext -layout "$BATS_TEST_TMPDIR/en.pdf" - | grep -q "Media audit"
        pdfinfo "$BATS_TEST_TMPDIR/es.pdf" | grep -q 'Tagged: *yes'
        grep -q "\"$B\",\"no conforme\"" "$BATS_TEST_TMPDIR/es.csv"
        [ "$(jq -r '.finding_list[0].finding' "$BATS_TEST_TMPDIR/es.json")" = H000001 ]
        expect 0 m sara ledger verify
        expect 0 m sara ledger replay
}

@test "A1: the sample is what seed and population give, to anybody with sha256sum and sort" {
        local i seed serials=()
        for i in {1000..1299}; do serials+=("X$i"); done
        { printf 'kind,classification,category,owner,expires,retention,serial\n'
          printf 'tape,CONFIDENCIAL,MEDIA,ana,2040-01-01,3650,%s\n' "${serials[@]}"; } >"$BATS_TEST_TMPDIR/media.csv"
        m cus media import "$BATS_TEST_TMPDIR/media.csv" >/dev/null
        expect 0 m dan --json audit start labelling --category MEDIA
        [ "$(jq -r .population <<<"$output")" = 302 ]
        expect 0 m dan --json audit show U000001 --population "$BATS_TEST_TMPDIR/population"
        jq -r '.rows[] | select(.what == "medium") | .subject' <<<"$output" >"$BATS_TEST_TMPDIR/sample"
        [ "$(sha256sum <"$BATS_TEST_TMPDIR/population" | cut -d ' ' -f 1)" = "$(jq -r .digest <<<"$output")" ]
        LC_ALL=C sort -c "$BATS_TEST_TMPDIR/population"
        seed=$(jq -r .seed <<<"$output")
        while read -r i; do
                printf '%s %s\n' "$(printf '%s:%s' "$seed" "$i" | sha256sum | cut -d ' ' -f 1)" "$i"
        done <"$BATS_TEST_TMPDIR/population" | LC_ALL=C sort | head -n "$(jq -r .sample <<<"$output")" | cut -d ' ' -f 2 \
                >"$BATS_TEST_TMPDIR/redrawn"
        cmp "$BATS_TEST_TMPDIR/sample" "$BATS_TEST_TMPDIR/redrawn"
        [ "$(wc -l <"$BATS_TEST_TMPDIR/sample")" -lt 150 ]
        # The kept population is held against its digest.
        printf 'HQ99999999X\n' >>"$STORE/attachments/$(sha256sum <"$BATS_TEST_TMPDIR/population" | cut -d ' ' -f 1)"
        expect 6 m dan audit show U000001
}

@test "A1 X1: a full inventory takes what a stocktake counted, from whoever did not count" {
        m cus stocktake start HQ-S03 >/dev/null
        expect 0 m dan audit start inventory --category MEDIA
        expect 7 m dan audit check U000001 --stocktake R000001 # still open
        m cus stocktake scan HQ-S03-A12-E04-P001 "$A" >/dev/null
        m cus stocktake finish >/dev/null
        expect 3 m cus audit check U000001 --stocktake R000001
        [[ $output == *"[X1"* ]]
        expect 0 m dan --json audit check U000001 --stocktake R000001
        [ "$(jq -r '[.decided, .not_seen, (.stocktakes | join(","))] | map(tostring) | join(" ")' <<<"$output")" = "2 1 R000001" ]
        criteria U000001 dan
        expect 0 m dan audit finding U000001 "$B" --severity minor --what 'No está' --measure mp.si.3 --responsible cus \
                --deadline "$DEADLINE"
        expect 0 m dan audit close U000001 --conclusion 'Falta uno' --paper H-77
        expect 0 m sara --json audit calendar --category MEDIA
        [ "$(jq -r '.rows[] | select(.kind == "inventory") | [.last_audit, .standing] | join(" ")' <<<"$output")" = "U000001 current" ]
        expect 0 m sara ledger replay
}

@test "A1: an encryption check reads the real header; a plain medium is deficient whatever is typed" {
        local plain id
        plain=$(image plain 64M)
        id=$(m cus --json media register "$plain" --classification CONFIDENCIAL --category MEDIA --owner ana --expires 2040-01-01 \
                --retention 3650 | jq -r .id)
        expect 0 m dan audit start encryption --category MEDIA
        expect 5 m dan audit check U000001 "$id" --result sound --seen "$id"
        expect 5 m dan audit check U000001 "$id" --result sound --device "$plain"
        expect 0 m dan --json audit check U000001 "$id" --device "$plain"
        [ "$(jq -r .deficient <<<"$output")" = 1 ]
        expect 0 m olga encrypt run "$id" "$plain" --confirm "$id"
        expect 0 m dan --json audit check U000001 "$id" --device "$plain"
        [ "$(jq -r .deficient <<<"$output")" = 0 ]
        expect 0 m dan --json audit show U000001 --result sound
        [ "$(jq -r '.rows[0].how' <<<"$output")" = header ]
        expect 0 m dan audit check U000001 "$A" --result sound --seen 'unidad LTO: cifrado nativo activo'
}

@test "A1 K2 X8: the calendar says what is due, and findings become overdue by the clock" {
        expect 0 m sara --lang es audit calendar
        [[ $output == *"muestreo de etiquetado"*ALTA* ]]
        expect 0 m sara --json audit calendar --category BASICA
        [ "$(jq '.rows | length' <<<"$output")" = 0 ] # neither the station's nor any medium's
        expect 0 m sara --json audit calendar
        [ "$(jq -r '.rows[] | select(.kind == "labelling" and .category == "ALTA") | .standing' <<<"$output")" = current ]
}

@test "A2 S8: R-110-020 of a batch has all its media, as PDF, CSV and JSON" {
        expect 0 m olga destroy request "$A" "$B" --reason 'Fin de la conservación' --method incinerate
        expect 0 m ana destroy approve D000001
        expect 0 m olga report R-110-020 D000002 --pdf "$BATS_TEST_TMPDIR/d.pdf" --csv "$BATS_TEST_TMPDIR/d.csv" --data "$BATS_TEST_TMPDIR/d.json"
        pdftotext -layout "$BATS_TEST_TMPDIR/d.pdf" - >"$BATS_TEST_TMPDIR/d.txt"
        grep -q "$A" "$BATS_TEST_TMPDIR/d.txt"
        grep -q "$B" "$BATS_TEST_TMPDIR/d.txt"
        [ "$(grep -c 'HQ0000.*aprobada' "$BATS_TEST_TMPDIR/d.csv")" -eq 2 ]
        [ "$(jq '.media | length' "$BATS_TEST_TMPDIR/d.json")" = 2 ]
        m sara person add audi --full-name 'Audi Tora' --roles auditor --expires "$(date -u -d '+20 days' +%F)" >/dev/null
        expect 3 m audi report R-110-020 D000001 # it records; they have `destroy show --out`
}
