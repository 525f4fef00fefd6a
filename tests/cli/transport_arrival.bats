# Transport from its way to its arrival, on a store of its own: losses, GPS, the form, two clerks at once: T1, T3 to T7, A1, X2, X8.
load helper
load transport

setup_file() {
        transport_store_once
}

setup() {
        transport_store_copy
}

# A shipment of one tape, on its way: travels SEAL OPTIONS…
travels() {
        local seal=$1
        shift
        create "$TAPE" -- --method certified-courier --route norte-sur "$@"
        ready "$seal"
        m cus ship dispatch "$SHIPMENT" --seal "$seal" >/dev/null
        m cus ship pickup "$SHIPMENT" --seal "$seal" --company C --courier c >/dev/null
        m cus ship track "$SHIPMENT" --event "En ruta" --sign >/dev/null
}

@test "T4 T7: each medium is decided on arrival; the missing open the breach for themselves alone" {
        tape T1 MEDIA
        A=$TAPE
        tape T2 MEDIA
        B=$TAPE
        tape T3 MEDIA
        create "$A" "$B" "$TAPE" -- --method certified-courier --route norte-sur
        ready S-101
        m cus ship dispatch "$SHIPMENT" --seal S-101 >/dev/null
        m cus ship pickup "$SHIPMENT" --seal S-101 --company C --courier c >/dev/null
        expect 7 m rosa ship deliver "$SHIPMENT" --seal S-101 # the transit is skipped
        m cus ship track "$SHIPMENT" --event e >/dev/null
        expect 5 m rosa ship deliver "$SHIPMENT" --seal S-101 # nobody signed the transit
        [[ $output == *"[T4 · ENS mp.si.4]"* ]]
        m cus ship track "$SHIPMENT" --event e --sign >/dev/null
        expect 0 m rosa ship deliver "$SHIPMENT" --seal S-101
        expect 2 m rosa ship confirm "$SHIPMENT" --media "$A"
        [[ $output == *"[T4 · ENS mp.si.4]"* ]]
        expect 2 m rosa ship confirm "$SHIPMENT" --media "$A" --missing "$A" --damaged "$B" --missing "$TAPE"
        expect 2 m rosa ship confirm "$SHIPMENT" --missing "$A" --missing "$B" --missing "$TAPE"
        expect 0 m rosa ship confirm "$SHIPMENT" --media "$A" --damaged "$B" --missing "$TAPE"
        expect 7 m rosa ship confirm "$SHIPMENT" --media "$A" --damaged "$B" --missing "$TAPE" # the same again
        [ "$(m cus --json media show "$A" | jq -r .state)" = in-custody ]
        [ "$(m cus --json media show "$B" | jq -r .state)" = in-custody ]
        [ "$(m cus --json media show "$TAPE" | jq -r .state)" = lost ]
        [ "$(m sara --json incident show N000001 | jq -r '[.kind, .media[]] | join(" ")')" = "breach $TAPE" ]
        [ "$(m sara --json incident show N000002 | jq -r '[.kind, .media[]] | join(" ")')" = "damage $B" ]
        expect 6 m cus ship reconcile
        [[ $output == *"$TAPE"*missing* ]]
        expect 0 m cus ship reconcile --to 2020-01-01
        expect 2 m cus ship reconcile --from 2026-01-02 --to 2026-01-01
        expect 0 m cus ship breach "$SHIPMENT" --out "$BATS_TEST_TMPDIR/b.txt"
        grep -q "$TAPE" "$BATS_TEST_TMPDIR/b.txt"
        ! grep -q "$A" "$BATS_TEST_TMPDIR/b.txt"
        # The one that arrived whole goes on, and back.
        expect 2 m cus ship create --returns "$SHIPMENT" --recipient cus --reason Vuelta --route norte-sur --media "$TAPE"
        expect 7 m cus ship create --returns "$SHIPMENT" --recipient cus --reason Vuelta --route norte-sur # B is flagged
        expect 0 m cus --json ship create --returns "$SHIPMENT" --recipient cus --reason Vuelta --route norte-sur --media "$A"
        [ "$(jq -r '[.from, .to, .returns, .media[].medium] | join("|")' <<<"$output")" = \
                "Hospital Sur, Getafe|Hospital Norte, Alcobendas|$SHIPMENT|$A" ]
        expect 0 m sara ledger verify
}

@test "T7: a loss has its draft for the authority, as PDF and text, in both languages, with the unknown marked" {
        tape T1 MEDIA
        travels S-101
        expect 7 m cus ship breach "$SHIPMENT" --out "$BATS_TEST_TMPDIR/es.txt"
        expect 0 m cus ship lost "$SHIPMENT" --circumstances "Robo del vehículo en la M-40"
        expect 7 m cus ship lost "$SHIPMENT" --circumstances "Otra vez"
        expect 2 m cus ship breach "$SHIPMENT" --out "$BATS_TEST_TMPDIR/es.doc"
        expect 0 m cus --lang es ship breach "$SHIPMENT" --out "$BATS_TEST_TMPDIR/es.txt" --out "$BATS_TEST_TMPDIR/es.pdf"
        expect 0 m cus --lang en ship breach "$SHIPMENT" --out "$BATS_TEST_TMPDIR/en.txt" --out "$BATS_TEST_TMPDIR/en.pdf"
        for word in 'Robo del vehículo en la M-40' 'NIF, dirección y sector: DESCONOCIDO' 'N000001' "$TAPE"; do
                grep -q "$word" "$BATS_TEST_TMPDIR/es.txt"
        done
        grep -q 'Likely consequences: UNKNOWN' "$BATS_TEST_TMPDIR/en.txt"
        pdftotext -layout "$BATS_TEST_TMPDIR/es.pdf" - | grep -q 'DESCONOCIDO'
        pdftotext -layout "$BATS_TEST_TMPDIR/en.pdf" - | grep -q 'UNKNOWN'
        expect 6 m cus ship reconcile
}

@test "L9 K2: what is lost and turns up is news, though nobody was looking for it" {
        not_located() { m sara --json report metrics | jq '.rows[] | select(.metric == "not-located") | .cases'; }
        tape T1 MEDIA
        travels S-101
        expect 0 m cus ship lost "$SHIPMENT" --circumstances "Robo"
        [ "$(not_located)" -eq 1 ]
        expect 0 m cus --lang es media scan "$TAPE"
        [[ $output == *"Consta como perdido: dígalo al administrador de seguridad."* ]]
        [ "$(not_located)" -eq 0 ]
        [ "$(m cus --json media history "$TAPE" | jq -r '.rows[-1].type')" = medium.located ]
        expect 0 m cus --lang en media scan "$TAPE"
        [[ $output == *"It is on record as lost: tell the security administrator."* ]]
        expect 0 m sara ledger verify
}

@test "A1 T7: what is lost in a drill is not lost, and its incident says what it is" {
        tape T1 MEDIA
        travels S-101 --drill
        expect 0 m cus --lang es ship lost "$SHIPMENT" --circumstances "Ensayo"
        [ "$(m cus --json media show "$TAPE" | jq -r .state)" = in-custody ]
        [ "$(m sara --json incident show N000001 | jq -r .kind)" = breach ]
        [[ $(m sara --json incident show N000001 | jq -r .what_es) == "SIMULACRO. El envío $SHIPMENT se perdió"* ]]
        [[ $(m sara --json incident show N000001 | jq -r .what_en) == "DRILL. "* ]]
        expect 0 m cus ship reconcile
        expect 0 m sara ledger verify
}

@test "T1 T4: a GPS track is kept, measured, drawn, and refused when it is hostile, known or of another time" {
        tape T1 MEDIA
        travels S-101
        local now
        now=$(date +%s)
        cd "$BATS_TEST_TMPDIR"
        mapfile -t points < <(way 40.48 -3.668 40.4168 -3.7038 9; way 40.41 -3.705 40.3083 -3.7327 13)
        gpx track.gpx $((now - 280)) 25 "${points[@]}"
        expect 0 m cus --json ship gps "$SHIPMENT" track.gpx
        [ "$(jq -r '.gps[0].summary | [.points, .impossible, .outside] | join(" ")' <<<"$output")" = "22 0 0" ]
        [ -f "$STORE/attachments/$(sha256sum track.gpx | cut -d ' ' -f 1)" ]
        expect 7 m cus ship gps "$SHIPMENT" track.gpx
        expect 0 m cus ship map "$SHIPMENT" --pdf map.pdf
        pdftotext -layout map.pdf - | grep -q Alcobendas
        # Another day; a document type; entities that grow; another file's content.
        gpx old.gpx $((now - 86400)) 25 "${points[@]}"
        expect 5 m cus ship gps "$SHIPMENT" old.gpx
        [[ $output == *"[T4 · ENS mp.si.4]"* ]]
        sed 's|<gpx|<!DOCTYPE gpx [<!ENTITY x SYSTEM "file:///etc/passwd">]><gpx|; s|rastreador|\&x;|' track.gpx >xxe.gpx
        expect 2 m cus ship gps "$SHIPMENT" xxe.gpx
        [[ $output == *DOCTYPE* && $output != *root:* ]]
        {
                printf '<!DOCTYPE gpx [<!ENTITY a0 "lol">'
                for i in {1..30}; do printf '<!ENTITY a%d "&a%d;&a%d;&a%d;">' "$i" $((i - 1)) $((i - 1)) $((i - 1)); done
                printf ']><gpx>&a30;</gpx>'
        } >laughs.gpx
        expect 2 timeout 10 "$MPSI" --store "$STORE" --as cus ship gps "$SHIPMENT" laughs.gpx
        # Far off the corridor, and faster than any van: two incidents, and the delivery waits.
        printf 'fecha;hora;latitud;longitud\n' >off.csv
        for i in 0 1 2; do
                date -u -d "@$((now - 200 + i * 60))" "+%d/%m/%Y;%H:%M:%S;40,$((4 + i));-3,7" >>off.csv
        done
        expect 0 m cus --json ship gps "$SHIPMENT" off.csv
        [ "$(jq -r '.incidents | join(" ")' <<<"$output")" = "N000001 N000002" ]
        expect 7 m rosa ship deliver "$SHIPMENT" --seal S-101
        expect 0 m sara ledger verify
}

@test "T3 X8 A1: the form says it all on two pages, in both languages; a drill says that it is one" {
        printf 'papel\n' >"$BATS_TEST_TMPDIR/paper.pdf"
        tape T1 ALTA
        local read=(--shock ok --reading shock=3.5 --tilt ok --reading temperature=18.5) lang
        m sara courier authorise m-77 --full-name 'Manuel Martín' --company 'Blindados SA' --document d --file "$BATS_TEST_TMPDIR/paper.pdf" \
                --expires 2035-01-01 >/dev/null
        create "$TAPE" -- --method secure-transport --route norte-sur --country GB --drill
        ready S-101 --indicator shock --indicator tilt --indicator temperature=2..25
        m cus ship document "$SHIPMENT" --kind customs --reference 'DUA 26ES0001' --file "$BATS_TEST_TMPDIR/paper.pdf" >/dev/null
        m cus ship document "$SHIPMENT" --kind adequacy --reference '(UE) 2021/1772' --file "$BATS_TEST_TMPDIR/paper.pdf" >/dev/null
        m cus ship dispatch "$SHIPMENT" --seal S-101 "${read[@]}" >/dev/null
        m cus ship pickup "$SHIPMENT" --seal S-101 --company 'Blindados SA' --courier m-77 --receipt R-0042 "${read[@]}" >/dev/null
        m cus ship track "$SHIPMENT" --event 'En ruta' --position 40.4168,-3.7038 --sign >/dev/null
        gpx "$BATS_TEST_TMPDIR/t.gpx" $(($(date +%s) - 200)) 25 $(way 40.48 -3.668 40.4168 -3.7038 9)
        m cus ship gps "$SHIPMENT" "$BATS_TEST_TMPDIR/t.gpx" >/dev/null
        m rosa ship deliver "$SHIPMENT" --seal S-101 "${read[@]}" >/dev/null
        expect 0 m rosa ship confirm "$SHIPMENT" --media "$TAPE" "${read[@]}"
        for lang in es en; do
                expect 0 m cus --lang "$lang" report R-110-019 "$SHIPMENT" --pdf "$BATS_TEST_TMPDIR/$lang.pdf"
                [ "$(pdfinfo "$BATS_TEST_TMPDIR/$lang.pdf" | awk '/^Pages/ { print $2 }')" = 2 ]
                pdftotext -layout "$BATS_TEST_TMPDIR/$lang.pdf" "$BATS_TEST_TMPDIR/$lang.txt"
                grep -q 'DUA 26ES0001' "$BATS_TEST_TMPDIR/$lang.txt"
                grep -q 'R-0042' "$BATS_TEST_TMPDIR/$lang.txt"
                grep -q '18.5 °C' "$BATS_TEST_TMPDIR/$lang.txt"
        done
        grep -q SIMULACRO "$BATS_TEST_TMPDIR/es.txt"
        grep -q 'Recorrido GPS' "$BATS_TEST_TMPDIR/es.txt"
        grep -q DRILL "$BATS_TEST_TMPDIR/en.txt"
        grep -q 'GPS track' "$BATS_TEST_TMPDIR/en.txt"
        [ "$(m cus --json ship show "$SHIPMENT" | jq -r .drill)" = true ]
}

@test "X2 T4: two clerks at once make one fact, and a kill in between leaves a whole ledger" {
        tape T1 MEDIA
        create "$TAPE" -- --method certified-courier --route norte-sur
        ready S-101
        local pids=() i codes=''
        for i in 1 2 3; do
                m cus ship dispatch "$SHIPMENT" --seal S-101 >/dev/null 2>&1 &
                pids+=($!)
        done
        for i in "${pids[@]}"; do
                wait "$i" && codes+=" 0" || codes+=" $?"
        done
        [ "$(tr ' ' '\n' <<<"$codes" | grep -cx 0)" = 1 ]
        [ "$(m cus --json ship show "$SHIPMENT" | jq '[.checkpoints[] | select(.point == "origin")] | length')" = 1 ]
        m cus ship pickup "$SHIPMENT" --seal S-101 --company C --courier c >/dev/null
        for i in 1 2 3 4 5 6 7 8; do
                m cus ship track "$SHIPMENT" --event "e$i" --sign >/dev/null 2>&1 &
                sleep "0.0$((i * 4))"
                kill -9 $! 2>/dev/null || true
                wait $! || true
        done
        expect 0 m sara ledger verify
        expect 0 m cus ship track "$SHIPMENT" --event fin --sign
        expect 0 m rosa ship deliver "$SHIPMENT" --seal S-101
        expect 0 m sara ledger replay
        expect 0 m sara ledger verify
}

@test "U9 T5 T7 K2: a lost tape turns up: sealed as it left it is in custody, without its seals it is only wiped or destroyed" {
        tape T1 MEDIA
        A=$TAPE
        tape T2 MEDIA
        B=$TAPE
        create "$A" "$B" -- --method certified-courier --route norte-sur
        ready S-101
        m cus ship dispatch "$SHIPMENT" --seal S-101 >/dev/null
        expect 7 m sara media recover "$A" --by Eva --where "El almacén" --condition Bien --seal S-101 # not lost
        [[ $output == *"[U9 · ENS mp.si.3"* ]]
        m cus ship lost "$SHIPMENT" --circumstances "No llegó" >/dev/null
        [ "$(m sara --json report metrics --behind not-located | jq '.rows | length')" = 2 ]
        expect 3 m cus media recover "$A" --by Eva --where "El almacén" --condition Bien --seal S-101
        expect 2 m sara media recover "$A" --by Eva --where "El almacén" --condition Bien
        expect 2 m sara media recover "$A" --by Eva --where "El almacén" --condition Bien --seal S-101 --no-seal
        expect 0 m sara --lang es media recover "$A" --by "Eva, del transportista" --where "El almacén de Getafe" --condition "Caja intacta" --seal s101
        [[ $output == *"Soporte $A recuperado: en custodia."*"Anotado en la incidencia N000001, que sigue abierta"* ]]
        expect 0 m sara --lang en media recover "$B" --by Eva --where "A skip" --condition "Box open" --no-seal
        [[ $output == *"incident N000002 opened"*"Medium $B is quarantined"* ]]
        [ "$(m cus --json media show "$A" | jq -r '.state + .holder')" = in-custody ]
        [ "$(m cus --json media show "$B" | jq -r .state)" = quarantined ]
        [ "$(m sara --json report metrics --behind not-located | jq '.rows | length')" = 0 ]
        # The breach is told of both, and is open; nobody lends meanwhile.
        expect 0 m sara --json incident show N000001
        [ "$(jq -r '.state, (.notes | length)' <<<"$output" | paste -sd ' ')" = "open 2" ]
        [[ $(jq -r '.notes[0].text' <<<"$output") == "El soporte $A apareció: lo halló Eva, del transportista, El almacén de Getafe. Caja intacta."* ]]
        expect 0 m cus ship reconcile
        [[ $output == *"$A"*recovered*"$B"*recovered* ]]
        expect 0 m cus --lang en ship breach "$SHIPMENT" --out "$BATS_TEST_TMPDIR/b.txt"
        grep -q "Media that turned up since: $A (.*), $B (.*)" "$BATS_TEST_TMPDIR/b.txt"
        expect 7 m rosa loan request "$A" --to rosa --reason r --due 2040-01-01 --location CPD
        m sara incident close N000001 --resolution Hallados --assessment "No se notifica" >/dev/null
        m sara incident close N000002 --resolution "Se destruye" >/dev/null
        expect 0 m rosa loan request "$A" --to rosa --reason r --due 2040-01-01 --location CPD
        expect 7 m rosa loan request "$B" --to rosa --reason r --due 2040-01-01 --location CPD
        expect 7 m cus ship create --media "$B" --recipient rosa --reason r --method certified-courier --route norte-sur
        # A later look mends nothing that was broken; its way out is destruction (tapes are not wiped here).
        expect 0 m sara media recover "$B" --by Sara --where "El mostrador" --condition Abierta --seal S-101
        [ "$(m cus --json media show "$B" | jq -r .state)" = quarantined ]
        [ "$(m sara --json incident list --open | jq '.rows | length')" = 0 ]
        expect 0 m oto destroy request "$B" --reason "No es de confianza" --method shred
        expect 0 m sara ledger replay
        expect 0 m sara ledger verify
}

@test "U9 T5 T7: a lost tape turns up damaged, its seals whole: it is quarantined, and one incident tells of it" {
        tape T1 MEDIA
        create "$TAPE" -- --method certified-courier --route norte-sur
        ready S-101
        m cus ship dispatch "$SHIPMENT" --seal S-101 >/dev/null
        m cus ship lost "$SHIPMENT" --circumstances "No llegó" >/dev/null
        found=(media recover "$TAPE" --by Eva --where "El muelle" --condition "Carcasa rota" --seal S-101)
        expect 3 m cus "${found[@]}" --damaged
        expect 0 m sara --dry-run "${found[@]}" --damaged
        [ "$(m cus --json media show "$TAPE" | jq -r .state)" = lost ]
        expect 0 m sara --lang es "${found[@]}" --damaged
        [[ $output == *"incidencia N000002 abierta"*"perdido en el envío $SHIPMENT, apareció y no como salió: dañado"* ]]
        [[ $output == *"Soporte $TAPE en cuarentena: ni se presta ni se envía"* ]]
        [ "$(m cus --json media show "$TAPE" | jq -r .state)" = quarantined ]
        [ "$(m sara --json incident show N000002 | jq -r '[.kind, .state, .media[]] | join(" ")')" = "damage open $TAPE" ]
        [ "$(m sara --json incident show N000001 | jq -r '.state, (.notes | length)' | paste -sd ' ')" = "open 1" ]
        [ "$(sqlite3 "$STORE/registry.db" "SELECT data ->> '$.damaged', data ->> '$.sealed', data ->> '$.standing', data ->> '$.doubts' \
                FROM event WHERE type = 'medium.recovered'")" = '1|1|quarantined|["damaged"]' ]
        # What was damaged stays so, whatever a later look says of it, and opens no second incident.
        expect 0 m sara --lang en "${found[@]}"
        [[ $output == *"Medium $TAPE is quarantined: neither lent nor sent"* ]]
        [ "$(m cus --json media show "$TAPE" | jq -r .state)" = quarantined ]
        [ "$(m sara --json incident list --open | jq '.rows | length')" = 2 ]
        m sara incident close N000001 --resolution Hallado --assessment "No se notifica" >/dev/null
        m sara incident close N000002 --resolution "Se destruye" >/dev/null
        expect 7 m rosa loan request "$TAPE" --to rosa --reason r --due 2040-01-01 --location CPD
        expect 0 m oto destroy request "$TAPE" --reason "Está roto" --method shred
        expect 0 m sara ledger replay
        expect 0 m sara ledger verify
}
