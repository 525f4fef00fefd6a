# Transport as people prepare and send it, on a store of its own: T4 to T6, X1, X8.
load helper
load transport

setup_file() {
        transport_store_once
}

setup() {
        transport_store_copy
}

@test "T6: routes are predefined, give their hours, bind once there are any, and close" {
        expect 0 m cus --json route show norte-sur
        [ "$(jq -r '[.limit, .usual, .places[1], .state] | join(" ")' <<<"$output")" = "4 1 Madrid open" ]
        expect 7 m sara route add norte-sur --from a --to b --usual 1 --limit 2
        expect 2 m sara route add otra --from a --to b --usual 3 --limit 2
        expect 2 m sara route add otra --from a --to b --usual 1 --limit 2 --via 'Toledo@91,0' --via 'Madrid@40,-3'
        expect 3 m ana route add otra --from a --to b --usual 1 --limit 2
        tape T1 MEDIA
        expect 5 m cus ship create --media "$TAPE" --recipient rosa --method certified-courier --reason r --route 'por la costa' --from a --to b --limit 2
        [[ $output == *"[T6 · ENS mp.si.4"* ]]
        expect 5 m cus ship create --media "$TAPE" --recipient rosa --method certified-courier --reason r --route norte-sur --limit 5
        expect 2 m cus ship create --media "$TAPE" --recipient rosa --method certified-courier --reason r
        create "$TAPE" -- --method certified-courier --route Norte-Sur
        [ "$(m cus --json ship show "$SHIPMENT" | jq -r '[.limit, .from, .route] | join("|")')" = "4|Hospital Norte, Alcobendas|norte-sur" ]
        expect 0 m sara route close norte-sur --reason Obras
        expect 7 m sara route close norte-sur --reason Obras
        expect 0 m cus ship cancel "$SHIPMENT" --reason "Ruta cerrada"
        expect 5 m cus --lang es ship create --media "$TAPE" --recipient rosa --method certified-courier --reason r --route norte-sur
        [[ $output == *"La ruta norte-sur está cerrada"* ]]
        expect 4 m cus route show nada
        expect 0 m cus route list --all
        [[ $output == *norte-sur* ]]
}

@test "T4: a courier is in the register, in date, of that company, and signs with a key or on the receipt" {
        printf 'DNI\n' >"$BATS_TEST_TMPDIR/dni.pdf"
        expect 3 m cus courier authorise m-7 --full-name 'M Siete' --company C --document d --file "$BATS_TEST_TMPDIR/dni.pdf" --expires 2035-01-01
        expect 5 m sara courier authorise m-7 --full-name 'M Siete' --company C --document d --file "$BATS_TEST_TMPDIR/dni.pdf" --expires 2020-01-01
        expect 0 m sara courier authorise m-7 --full-name 'M Siete' --company C --document d --file "$BATS_TEST_TMPDIR/dni.pdf" --expires 2035-01-01
        m sara person add eva --full-name 'Eva Mensajera' --roles user >/dev/null
        m sara person enrol eva >/dev/null
        expect 0 m sara courier authorise m-8 --full-name 'Eva Mensajera' --company C --document d --file "$BATS_TEST_TMPDIR/dni.pdf" \
                --expires 2035-01-01 --person eva
        expect 0 m cus courier list
        tape T1 MEDIA
        create "$TAPE" -- --method certified-courier --route norte-sur
        ready S-101
        m cus ship dispatch "$SHIPMENT" --seal S-101 >/dev/null
        expect 5 m cus ship pickup "$SHIPMENT" --seal S-101 --company C --courier nobody --receipt R-1
        expect 5 m cus ship pickup "$SHIPMENT" --seal S-101 --company D --courier m-7 --receipt R-1
        expect 5 m cus ship pickup "$SHIPMENT" --seal S-101 --company C --courier m-7
        [[ $output == *"[T4 · ENS mp.si.4]"* ]]
        expect 5 m cus ship pickup "$SHIPMENT" --seal S-101 --company C --courier m-7 --courier-signs # no key here
        expect 0 m sara courier withdraw m-7 --reason Baja
        expect 5 m cus ship pickup "$SHIPMENT" --seal S-101 --company C --courier m-7 --receipt R-1
        expect 0 m cus ship pickup "$SHIPMENT" --seal S-101 --company C --courier m-8 --courier-signs
        # X2: what leaves is on record; a dry run writes nothing.
        expect 0 m cus --dry-run report R-110-019 "$SHIPMENT" --pdf "$BATS_TEST_TMPDIR/none.pdf"
        [ ! -e "$BATS_TEST_TMPDIR/none.pdf" ]
        expect 0 m cus --lang es report R-110-019 "$SHIPMENT" --pdf "$BATS_TEST_TMPDIR/form.pdf"
        [ "$(sqlite3 "$STORE/registry.db" "SELECT subject FROM event WHERE type = 'report.made'")" = "$SHIPMENT" ]
        pdftotext -layout "$BATS_TEST_TMPDIR/form.pdf" - | grep -q 'Firma ECDSA válida'
        expect 0 m sara ledger verify
}

@test "T5: a seal is of a received batch, and never used twice, in loans, shipments or the bin" {
        expect 0 m sara seal receive --first S-0101 --last S-0110 --supplier "Precintos SA" --to cus
        expect 7 m sara seal receive --first S0110 --last S0120 --supplier "Precintos SA" --to cus
        expect 2 m sara seal receive --first S-1 --last T-9 --supplier "Precintos SA" --to cus
        expect 2 m sara seal receive --first S-20 --last S-10 --supplier "Precintos SA" --to cus
        expect 3 m ana seal receive --first S-0201 --last S-0210 --supplier p --to cus
        [ "$(m cus --json seal list | jq -r '.rows[0] | [.first, .last, .count] | join(" ")')" = "S0101 S0110 10" ]
        tape T1
        create "$TAPE" -- --method standard-courier --route norte-sur
        expect 5 m cus ship pack "$SHIPMENT" "${levels[@]}" --seal S-0111 --label-checked
        expect 5 m cus ship pack "$SHIPMENT" "${levels[@]}" --seal S-101 --label-checked # other digits, another seal
        expect 0 m cus seal spoil S-0102 --reason "Roto al abrir la caja"
        expect 5 m cus seal spoil S-0102 --reason "Otra vez"
        expect 5 m cus ship pack "$SHIPMENT" "${levels[@]}" --seal S-0102 --label-checked
        expect 0 m cus ship pack "$SHIPMENT" "${levels[@]}" --seal S-0101 --label-checked
        expect 0 m cus ship cancel "$SHIPMENT" --reason r
        create "$TAPE" -- --method standard-courier --route norte-sur
        expect 5 m cus ship pack "$SHIPMENT" "${levels[@]}" --seal S-0101 --label-checked # of a cancelled one
        [[ $output == *"[T5 · ENS mp.si.4]"* ]]
        expect 0 m sara ledger verify
}

@test "T5: an indicator beyond its limit stops it at the origin, and later bars opening until it is looked at" {
        tape T1 MEDIA
        create "$TAPE" -- --method certified-courier --route norte-sur
        ready S-101 --indicator temperature=2..8 --indicator shock
        expect 5 m cus ship dispatch "$SHIPMENT" --seal S-101 --shock ok # temperature is not read
        expect 2 m cus ship dispatch "$SHIPMENT" --seal S-101 --shock ok --reading temperature=cold
        expect 5 m cus ship dispatch "$SHIPMENT" --seal S-101 --shock ok --reading temperature=500
        expect 6 m cus ship dispatch "$SHIPMENT" --seal S-101 --shock ok --reading temperature=8.5
        [ "$(m cus --json ship show "$SHIPMENT" | jq -r .state)" = authorised ]
        expect 0 m sara --json incident show N000001
        [[ $(jq -r .what_es <<<"$output") == *"marca 8.5, límites 2 a 8 °C"* ]]
        m sara incident close N000001 --resolution "Enfriado" >/dev/null
        expect 0 m cus ship dispatch "$SHIPMENT" --seal S-101 --shock ok --reading temperature=7,5
        expect 0 m cus ship pickup "$SHIPMENT" --seal S-101 --company C --courier c --shock ok --reading temperature=7
        expect 0 m cus ship track "$SHIPMENT" --event e --sign
        expect 0 m rosa ship deliver "$SHIPMENT" --seal S-101 --reading shock=31 --reading temperature=7
        expect 7 m rosa ship confirm "$SHIPMENT" --media "$TAPE" --shock ok --reading temperature=7
        [[ $output == *"N000002"* ]]
        m sara incident close N000002 --resolution "Abierto ante dos" >/dev/null
        expect 0 m rosa ship confirm "$SHIPMENT" --media "$TAPE" --shock ok --reading temperature=7
        [ "$(m cus --json ship show "$SHIPMENT" | jq -c '[.checkpoints[] | select(.point == "delivery").readings]')" = '[{"shock":3100,"temperature":700}]' ]
        expect 0 m sara ledger verify
}

@test "T6: to another country it leaves with the papers that the country demands" {
        printf 'papel\n' >"$BATS_TEST_TMPDIR/paper.pdf"
        tape T1
        expect 5 m cus ship create --media "$TAPE" --recipient rosa --method standard-courier --reason r --route norte-sur --international
        expect 2 m cus ship create --media "$TAPE" --recipient rosa --method standard-courier --reason r --route norte-sur --country E1
        create "$TAPE" -- --method standard-courier --route norte-sur --country MA
        ready S-101
        for kind in customs clauses assessment; do
                expect 5 m cus ship dispatch "$SHIPMENT" --seal S-101
                [[ $output == *"$kind"*"[T6 · ENS mp.si.4, RGPD 44]"* ]]
                expect 0 m cus ship document "$SHIPMENT" --kind "$kind" --reference "n.º 1" --file "$BATS_TEST_TMPDIR/paper.pdf"
        done
        expect 4 m cus ship document E000099 --kind other --reference r --file "$BATS_TEST_TMPDIR/paper.pdf"
        expect 4 m cus ship document "$SHIPMENT" --kind other --reference r --file "$BATS_TEST_TMPDIR/none.pdf"
        expect 0 m cus ship dispatch "$SHIPMENT" --seal S-101
        [ -f "$STORE/attachments/$(m cus --json ship show "$SHIPMENT" | jq -r '.papers[0].sha256')" ]
        tape T2
        create "$TAPE" -- --method standard-courier --route norte-sur --country PT
        ready S-102
        expect 0 m cus ship dispatch "$SHIPMENT" --seal S-102
}

@test "T6 X1: the emergency path goes by any way, and somebody else reviews it in time" {
        tape T1 ALTA
        create "$TAPE" -- --method secure-transport --route 'helicóptero' --from Norte --to Sur --limit 2 --emergency Trasplante
        m cus ship pack "$SHIPMENT" "${levels[@]}" --seal S-101 --label-checked --indicator shock --indicator tilt --indicator temperature >/dev/null
        expect 7 m fede ship review "$SHIPMENT" --outcome justified --note n
        expect 0 m sara ship authorise "$SHIPMENT"
        expect 0 m cus --json ship due
        [ "$(jq -r '.rows[] | [.due, .overdue] | join(" ")' <<<"$output")" = "review false" ]
        expect 3 m sara ship review "$SHIPMENT" --outcome justified --note n
        [[ $output == *"[X1 · "* ]]
        expect 3 m rosa ship review "$SHIPMENT" --outcome justified --note n
        expect 0 m fede ship review "$SHIPMENT" --outcome unjustified --note "No era urgente"
        expect 7 m fede ship review "$SHIPMENT" --outcome justified --note n
        expect 0 m cus ship due
        [[ $output != *emergency* ]]
        tape T2
        create "$TAPE" -- --method standard-courier --route norte-sur
        ready S-102
        expect 7 m fede ship review "$SHIPMENT" --outcome justified --note n
        [[ $output == *"[T6 · "* ]]
}

@test "T6: the recipient has a notice, on record and ready to be sent, in both languages" {
        tape T1
        create "$TAPE" -- --method standard-courier --route norte-sur --drill
        expect 7 m cus ship notice "$SHIPMENT" --by correo
        ready S-101
        m cus ship dispatch "$SHIPMENT" --seal S-101 >/dev/null
        expect 0 m cus --lang en ship due
        [[ $output == *"notice of arrival not given"*"yes"* ]]
        expect 0 m cus --lang es ship due
        [[ $output == *"falta el aviso de llegada"* ]]
        expect 0 m cus --lang es ship notice "$SHIPMENT" --by correo --out "$BATS_TEST_TMPDIR/notice.txt"
        grep -q 'SIMULACRO. Aviso de llegada' "$BATS_TEST_TMPDIR/notice.txt"
        grep -q 'Rosa Receptora' "$BATS_TEST_TMPDIR/notice.txt"
        grep -q 'S-101' "$BATS_TEST_TMPDIR/notice.txt"
        ! grep -q "$TAPE" "$BATS_TEST_TMPDIR/notice.txt"
        expect 0 m cus --lang en ship notice "$SHIPMENT" --by telephone
        [[ $output == *"Notice of arrival"* ]]
        expect 0 m cus ship due
        [[ $output != *"notice of arrival"* ]]
}

@test "X4 T5 T6 U9: a recipient who can't act, an arrival that is past, a seal read twice: refused, and no incident" {
        tape T1 MEDIA
        m sara person block rosa --reason "Baja" >/dev/null
        expect 5 m cus --lang es ship create --media "$TAPE" --recipient rosa --reason r --method certified-courier --route norte-sur
        [[ $output == *"La cuenta de rosa está bloqueada: no puede recibir un envío."*"[X4 · ENS op.acc."* ]]
        m sara person unblock rosa --reason "Vuelve" >/dev/null
        expect 5 m cus ship create --media "$TAPE" --recipient rosa --reason r --method certified-courier --route norte-sur \
                --eta "$(date -u -d yesterday +%F)"
        [[ $output == *"[T6 · ENS mp.si.4"* ]]
        create "$TAPE" -- --method certified-courier --route norte-sur --eta "$(date -u +%F)"
        expect 2 m cus ship pack "$SHIPMENT" "${levels[@]}" --seal S-101 --seal s101 --label-checked
        ready S-101
        m sara person block rosa --reason "Baja" >/dev/null
        expect 5 m cus ship dispatch "$SHIPMENT" --seal S-101
        [[ $output == *"[X4 · ENS op.acc."* ]]
        m sara person unblock rosa --reason "Vuelve" >/dev/null
        expect 2 m cus --lang es ship dispatch "$SHIPMENT" --seal S-101 --seal S101
        [[ $output == *"El precinto S101 se indica dos veces."* ]]
        [ "$(m sara --json incident list | jq '.rows | length')" = 0 ]
        expect 0 m cus ship dispatch "$SHIPMENT" --seal S-101
        # What happened is told whole, up to 1000 characters of any script.
        long=$(printf 'ñ%.0s' {1..1000})
        expect 0 m cus incident open --kind other --what "$long"
        [ "$(m sara --json incident show N000001 | jq -r .what)" = "$long" ]
        expect 2 m cus incident open --kind other --what "${long}n"
}
