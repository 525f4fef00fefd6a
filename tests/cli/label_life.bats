# A label's life (L10) and what comes before it: codes printed before their media (preprint, claim), void, repeated, due.
load helper

setup() {
        make_store >&2
        A=$(register_tape T1) B=$(register_tape T2)
}

later() {
        local days=$1
        shift
        in_days "$days" "$MPSI" --store "$STORE" --as "$1" "${SECRETS[@]}" "${@:2}"
}

due() {
        jq -r '.rows[] | "\(.medium):\(.cause)"' | tr '\n' ' '
}

@test "L10: void by word, repeated with the same code, due by its printing process" {
        expect 0 m cus --json label due
        [ "$(due <<<"$output")" = "$A:none $B:none " ]
        expect 0 m cus --json label print "$A" "$B" --format zpl --out "$BATS_TEST_TMPDIR/l.zpl"
        code=$(jq -r '.rows[0].code' <<<"$output")
        expect 5 m cus label reprint "$(register_tape T3)" --out "$BATS_TEST_TMPDIR/n.pdf"
        expect 0 m cus --json label reprint "$A" --reason "se despegó" --process laser --copies 3 --out "$BATS_TEST_TMPDIR/again.pdf"
        [ "$(jq -r '.rows[0].code' <<<"$output")" = "$code" ]
        [ "$(pdfinfo "$BATS_TEST_TMPDIR/again.pdf" | awk '/^Pages/ { print $2 }')" = 3 ]
        [ "$(m cus --json media history "$A" | jq -r '.rows[] | select(.type == "label.reprinted").data | "\(.copies) \(.reason)"')" = "3 se despegó" ]
        # The direct thermal one fades within a year, the laser's within five.
        command -v faketime >/dev/null || skip "SKIPPED: no faketime"
        expect 0 m cus --json label due --limit 2 --after "$B"
        [[ "$(due <<<"$output")" == *:none* ]]
        expect 0 later 340 cus --json label due
        [[ "$(due <<<"$output")" == *"$B:fading "* ]]
        [[ "$(due <<<"$output")" != *"$A:"* ]]
        expect 0 m cus label void "$A" --reason "perdida"
        [ "$(m cus --json label scan "$code" | jq -r .label)" = void ]
        expect 5 m cus label reprint "$A" --out "$BATS_TEST_TMPDIR/n.pdf"
        expect 7 m cus label void "$A" --reason "otra vez"
        [[ "$(m cus --json label due | due)" == *"$A:void "* ]]
        # What the registry says by now is what is printed: a change makes repeating impossible.
        expect 0 m ana media classify "$B" --expires 2039-01-01 --reason revisión
        expect 5 m cus label reprint "$B" --out "$BATS_TEST_TMPDIR/n.pdf"
        [ ! -e "$BATS_TEST_TMPDIR/n.pdf" ]
        expect 0 m sara ledger verify
}

@test "L1: codes printed before their media come are reserved, claimed once, and never given out again" {
        expect 0 m cus --json media preprint --count 4 --dpi 300 --sheet --out "$BATS_TEST_TMPDIR/blank.pdf"
        mapfile -t codes < <(jq -r '.rows[].code' <<<"$output")
        [ "${#codes[@]}" -eq 4 ]
        pdftoppm -r 300 -png -singlefile "$BATS_TEST_TMPDIR/blank.pdf" "$BATS_TEST_TMPDIR/blank"
        [ "$(zbarimg -q --raw -Sdisable -Sqrcode.enable "$BATS_TEST_TMPDIR/blank.png" 2>/dev/null | sort)" = \
                "$(printf '%s\n' "${codes[@]}" | sort)" ]
        expect 0 m cus --json media preprint --count 2 --again "${codes[2]}" --dpi 300 --out "$BATS_TEST_TMPDIR/again.pdf"
        [ "$(jq -r '.rows[1].code' <<<"$output")" = "${codes[3]}" ]
        expect 7 m cus media preprint --count 3 --again "${codes[2]}" --dpi 300 --out "$BATS_TEST_TMPDIR/more.pdf"
        # The next medium leaves them out.
        C=$(register_tape T4)
        [[ " ${codes[*]} " != *" $C "* ]]
        expect 4 m cus --lang en label scan "${codes[1]}"
        [[ "$output" == *"is reserved and no medium's yet"* ]]
        claim=(--classification INTERNO --category BASICA --owner ana --expires 2040-01-01 --retention 100)
        image=$(image stick 8M)
        # As a scanner of another keyboard gives it.
        expect 0 m cus --json media claim "'${codes[1],,}" "$image" "${claim[@]}"
        [ "$(jq -r .id <<<"$output")" = "${codes[1]}" ]
        expect 7 m cus media claim "${codes[1]}" "$(image other 8M)" "${claim[@]}"
        expect 7 m cus media claim "${codes[2]}" "$image" "${claim[@]}"
        expect 4 m cus media claim HQ00009999X --kind hdd "${claim[@]}"
        expect 4 m cus media claim "$C" --kind hdd "${claim[@]}"
        expect 0 m cus label void "${codes[2]}" --reason "rota"
        expect 7 m cus media claim "${codes[2]}" --kind hdd "${claim[@]}"
        expect 3 m olga media claim "${codes[3]}" --kind hdd "${claim[@]}"
        expect 0 m cus label print "${codes[1]}" --out "$BATS_TEST_TMPDIR/l.pdf"
        [ "$(m cus --json media show "${codes[1]}" | jq -r .label_state)" = valid ]
        # One that can't be written reserves nothing.
        expect 1 m cus media preprint --count 2 --out "$BATS_TEST_TMPDIR/nowhere/blank.pdf"
        expect 0 m sara ledger verify
}

@test "L3 L5: the legend for the wall, the sheet to calibrate by, offsets" {
        expect 0 m cus --lang es label legend --out "$BATS_TEST_TMPDIR/legend.pdf"
        text=$(pdftotext -layout "$BATS_TEST_TMPDIR/legend.pdf" -)
        for word in SECRETO CONFIDENCIAL INTERNO PÚBLICO octógono rombo rayada 'Datos de salud' 'firma digital'; do
                [[ "$text" == *"$word"* ]]
        done
        expect 0 m cus label calibrate --stock L7160 --offset 1.5,-0.5 --out "$BATS_TEST_TMPDIR/cal.pdf"
        pdftotext "$BATS_TEST_TMPDIR/cal.pdf" - | grep -q -- '--offset 1.5,-0.5'
        expect 2 m cus label calibrate --stock L7160 --offset 1.5 --out "$BATS_TEST_TMPDIR/x.pdf"
        expect 2 m cus label calibrate --stock L7160 --offset 99,0 --out "$BATS_TEST_TMPDIR/x.pdf"
        expect 4 m cus label calibrate --stock L0000 --out "$BATS_TEST_TMPDIR/x.pdf"
        # An organisation's own sheet, and one that does not fit on its paper.
        mkdir -p "$STORE/labels/sheets"
        printf '[sheet]\nname.es = Nuestra\nwidth = 60\nheight = 30\ncolumns = 3\nrows = 9\nleft = 10\ntop = 10\n' >"$STORE/labels/sheets/nuestra.ini"
        [ "$(m cus --json label sheets | jq '.rows[] | select(.stock == "nuestra").on_sheet')" = 27 ]
        expect 0 m cus label print "$A" --design compact --stock nuestra --first 27 --out "$BATS_TEST_TMPDIR/s.pdf"
        expect 2 m cus --lang en label print "$A" --design standard --stock nuestra --out "$BATS_TEST_TMPDIR/t.pdf"
        [[ "$output" == *"70 × 37 mm and the sticker"* ]]
        sed -i 's/rows = 9/rows = 10/' "$STORE/labels/sheets/nuestra.ini"
        expect 2 m cus --lang en label print "$A" --design compact --stock nuestra --out "$BATS_TEST_TMPDIR/t.pdf"
        [[ "$output" == *"does not fit on its paper"* ]]
}
