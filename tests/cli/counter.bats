#!/usr/bin/env bats
# The counter as a custodian has it: a scanner, printed cards and codes, and nothing else. U1 to U4, U6, U8, X1.
load helper
load counter

setup() {
        counter_setup
}

teardown() {
        counters_end
}

@test "U3: a loan in three scans and under five seconds, and its return in three, on a Spanish layout and with each ending" {
        counter 1 cus
        await 'Lea un soporte'
        seal=100
        for LAYOUT in us es; do
                for ENDING in cr lf tab none; do
                        [ $LAYOUT$ENDING != uslf ] && [ $LAYOUT$ENDING != ustab ] || continue
                        seal=$((seal + 1))
                        id=$(tape "T$seal" INTERNO $PLACE)
                        loan=$(approved "$id")
                        label=$(label_of "$id")
                        begin=$(date +%s%N)
                        scan "$label"
                        await "$loan · uli"
                        scan "$(card uli)"
                        await 'precinto nuevo'
                        scan "S-$seal/A:1"
                        await "✔ $loan: $id entregado a Uli Usuaria"
                        took=$((($(date +%s%N) - begin) / 1000000))
                        printf 'a loan: %s ms\n' $took >&3
                        [ $took -lt 5000 ]
                        [ "$(m cus --json loan show "$loan" | jq -r '.state, .seal_plain' | paste -sd' ')" = "out S${seal}A1" ]
                        scan MPSIIN
                        await 'que vuelve'
                        scan "$id"
                        await 'precinto que trae'
                        scan "S-$seal/A:1"
                        await 'Cómo vuelve'
                        scan MPSIGOOD
                        await "✔ $loan: $id devuelto"
                        await "Guárdelo en $PLACE"
                        [ "$(m cus --json loan show "$loan" | jq -r '.state, .integrity' | paste -sd' ')" = 'returned intact' ]
                done
        done
        scan MPSIQUIT
        ENDING=cr
        await '\[exit 0\]'
        sound_ledger
}

@test "U6: a stocktake of twenty media, faster than twenty a minute; what is misplaced, unknown or read twice is told" {
        m cus location add HQ-S03-A12-E04-P002 --kind fire-cabinet --level MEDIA --section INTERNO --capacity 90 >/dev/null
        ids=()
        for i in $(seq 21); do
                ids+=("$(tape "S$i" INTERNO $PLACE)")
        done
        m cus media move "${ids[20]}" --location HQ-S03-A12-E04-P002 >/dev/null
        counter 1 cus
        scan MPSISTOCKTAKE
        await 'Lea un lugar'
        scan "${ids[0]}"
        await 'Lea primero el lugar'
        scan $PLACE
        await 'Empezar el recuento de HQ-S03-A12'
        scan MPSIYES
        await "Lea los soportes de $PLACE"
        begin=$(date +%s%N)
        for i in $(seq 0 19); do
                scan "${ids[i]}"
                await "Leídos +$((i + 1))"
        done
        took=$((($(date +%s%N) - begin) / 1000000))
        printf 'twenty media: %s ms\n' $took >&3
        [ $took -lt 60000 ]
        scan "${ids[20]}"
        await "${ids[20]} · HQ-S03-A12-E04-P002"
        await '✘ .*FUERA'
        scan NADIE-1
        await '✘ NADIE-1: DESCONOCIDO'
        scan "${ids[3]}"
        await "! ${ids[3]}: YA LEÍDO"
        scan MPSIDONE
        await 'Cerrar el recuento R000001'
        scan MPSIYES
        await '20 de 21 en su sitio · fuera 1 · sin localizar 0 · desconocidos 1'
        [ "$(m cus --json stocktake show R000001 | jq -r '[.state, .found, .misplaced, .missing, .unknown] | join(" ")')" = 'finished 20 1 0 1' ]
        sound_ledger
}

@test "U2 U3 U4: who has an overdue loan, whose it is not, another section, a medium that is lost: refused in words, and on record" {
        id=$(tape T1 INTERNO $PLACE) other=$(tape T2 SECRETO) gone=$(tape T3 INTERNO $PLACE) third=$(tape T4 INTERNO $PLACE)
        loan=$(approved "$id" olga)
        counter 1 cus en
        scan "$id"
        await "$loan · olga"
        scan "$(card uli)"
        await "Loan $loan is for olga, not for uli"
        scan MPSIMOVE
        scan $PLACE
        await "go to $PLACE"
        scan "$other"
        await 'classified SECRETO'
        await '\[U2 · ENS mp.si.3\]'
        scan MPSICANCEL
        scan MPSICANCEL
        await 'Scan a medium, a card'
        scan NOBODYS
        await 'no medium called'
        lose "$gone"
        scan "$gone"
        await 'on record as lost'
        scan MPSIQUIT
        await '\[exit 0\]'
        [[ $(events act.refused) == 'act.refused' ]]
        command -v faketime >/dev/null || skip 'SKIPPED: no faketime'
        m cus loan out "$loan" --seal S-001 >/dev/null
        second=$(approved "$third" olga)
        counter_at "$BATS_TEST_TMPDIR/desk2.sock" env ASAN_OPTIONS=verify_asan_link_order=0 faketime -f +9d "$MPSI" --store "$STORE" --as cus --lang en counter
        await HELP
        scan "$(card olga)"
        await "OVERDUE +$loan"
        scan "$third"
        await "Olga Peña has the overdue loan $loan"
        [ "$(m cus --json loan show "$second" | jq -r .state)" = approved ]
}

@test "U3: undo is a counter-act on record, and what can't be undone says why" {
        m cus location add HQ-S03-A12-E04-P002 --kind fire-cabinet --level MEDIA --section INTERNO --capacity 90 >/dev/null
        id=$(tape T1 INTERNO $PLACE)
        loan=$(approved "$id")
        counter 1 cus
        scan "$id"
        await "$loan · uli"
        scan "$(card uli)"
        await 'precinto nuevo'
        scan S-001
        await '✔ .*entregado'
        scan DESHACER
        await 'entrega anulada con su devolución'
        [ "$(m cus --json loan show "$loan" | jq -r '.state, .condition' | paste -sd' ')" = 'returned Entrega anulada en el mostrador' ]
        scan MPSIUNDO
        await 'Lo último ya era deshacer'
        scan MPSIOUT
        scan "$id"
        await 'Lea la tarjeta de quien lo pide'
        scan HQ-S03-A12-E04-P002
        await "$id en HQ-S03-A12-E04-P002 \(antes $PLACE\)"
        scan MPSIUNDO
        await "de vuelta en $PLACE"
        [ "$(m cus --json media show "$id" | jq -r .location)" = $PLACE ]
        [ "$(events '^(loan.handed|loan.returned|medium.moved)')" = 'medium.moved loan.handed-over loan.returned medium.moved medium.moved' ]
        sound_ledger
}

@test "U3: two desks and one medium: the second is told who was first, and nothing is done twice" {
        id=$(tape T1 INTERNO $PLACE)
        loan=$(approved "$id")
        counter 1 cus
        one=$desk
        counter 2 pepa
        two=$desk
        for TERMINAL in $one $two; do
                scan "$id"
                await "$loan · uli"
                scan "$(card uli)"
                await 'precinto nuevo'
        done
        TERMINAL=$one
        scan S-001
        await '✔ .*entregado'
        # What the scanner of the first reads twice counts once.
        scan S-001
        await 'leído dos veces'
        TERMINAL=$two
        scan S-002
        await "$loan ya lo entregó cus"
        await 'otro puesto fue antes'
        [ "$(events loan.handed)" = loan.handed-over ]
        [ "$(m cus --json loan show "$loan" | jq -r .seal_plain)" = S001 ]
}

@test "U3: a loan that nobody asked for is asked for at the counter; who has to approve is named" {
        id=$(tape T1 INTERNO $PLACE)
        counter 1 cus
        scan "$(card uli)"
        await 'Lea el soporte'
        scan "$id"
        await 'No hay préstamo'
        scan MPSIYES
        await 'motivo del préstamo'
        scan 'Restaurar la planta 3'
        await 'Falta que ana, propietario, apruebe: «loan approve P000001»'
        [ "$(m cus --json loan show P000001 | jq -r '.requester, .borrower, .reason' | paste -sd/)" = 'cus/uli/Restaurar la planta 3' ]
        scan "$id"
        await 'P000001 espera la aprobación de ana'
        m ana loan approve P000001 >/dev/null
        sleep 2.1 # or it would be the same scan twice
        scan "$id"
        await 'Lea la tarjeta'
        scan MPSICANCEL
        await 'Lea un soporte, una tarjeta'
}

@test "U3 C10: a PIN is typed without echo; a card read meanwhile is no PIN; Enter alone leaves it to paper" {
        SECRETS+=(--secret "pin:uli=file:$BATS_TEST_TMPDIR/secret")
        m sara person enrol uli >/dev/null
        a=$(tape T1 INTERNO $PLACE) b=$(tape T2 INTERNO $PLACE)
        first=$(approved "$a") second=$(approved "$b") label=$(label_of "$b")
        counter 1 cus
        scan "$a"
        await "$first · uli"
        scan "$(card uli)"
        await 'precinto nuevo'
        scan S-001
        await 'PIN de Uli Usuaria'
        scan "$(card uli)"
        await 'Eso es un código, no el PIN'
        for code in "$b" "$label" $PLACE MPSIGOOD; do
                scan "$code"
                sleep 0.4
        done
        scan a-long-enough-secret
        await "✔ $first: $a entregado"
        ! screen_all | grep -q 'a-long-enough'
        ! screen_all | grep -q "$(card uli)"
        [ "$(m cus --json loan show "$first" | jq -r '.signatures | length')" = 1 ]
        [ "$(m sara --json person show uli | jq .failed)" = 0 ]
        scan "$b"
        await "$second · uli"
        scan "$(card uli)"
        await 'precinto nuevo'
        scan S-002
        await 'PIN de Uli Usuaria'
        scan ''
        await "✔ $second: $b entregado"
        await 'loan show P000002 --receipt'
        [ "$(m cus --json loan show "$second" | jq -r '.signatures | length')" = 0 ]
}
