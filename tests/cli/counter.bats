#!/usr/bin/env bats
# The counter as a custodian has it: a scanner, printed cards and codes, and nothing else. U1 to U4, U6, U8, X1.
load helper
load counter

PLACE=HQ-S03-A12-E04-P001

setup() {
        make_store
        m sara person add uli --full-name 'Uli Usuaria' --roles user >/dev/null
        m sara person add pepa --full-name 'Pepa Custodia' --roles custodian >/dev/null
        print_cards m sara person card uli oto olga
        m cus location add $PLACE --kind fire-cabinet --level MEDIA --section INTERNO --capacity 90 >/dev/null
        DUE=$(date -u -d '+7 days' +%F)
}

teardown() {
        counters_end
}

# tape SERIAL [CLASSIFICATION] [PLACE]
tape() {
        local id
        id=$(m cus --json media register --kind tape --classification "${2:-INTERNO}" --category MEDIA --owner ana --expires 2040-01-01 \
                --retention 3650 --serial "$1" | jq -r .id)
        [ -z "${3:-}" ] || m cus media move "$id" --location "$3" >/dev/null
        printf '%s\n' "$id"
}

# approved MEDIUM [BORROWER]: prints the loan.
approved() {
        local loan
        loan=$(m "${2:-uli}" --json loan request "$1" --to "${2:-uli}" --reason 'Sesión clínica' --due "$DUE" --location 'Planta 2' | jq -r .loan)
        m ana loan approve "$loan" >/dev/null
        printf '%s\n' "$loan"
}

# lose MEDIUM: on its way.
lose() {
        local shipment
        m sara person enrol cus >/dev/null
        m cus label print "$1" --out "$BATS_TEST_TMPDIR/lost.pdf" >/dev/null
        shipment=$(m cus --json ship create --from Norte --to Sur --recipient olga --media "$1" --method certified-courier --route A-4 \
                --limit 24 --reason r | jq -r .shipment)
        m cus ship pack "$shipment" --level foam --level rigid-container --level security-seal --level outer-pack --seal S-901 --seal S-902 \
                --label-checked >/dev/null
        m ana ship authorise "$shipment" >/dev/null
        m cus ship dispatch "$shipment" --seal S-901 --seal S-902 >/dev/null
        m cus ship lost "$shipment" --circumstances 'Robo del vehículo' >/dev/null
}

# forged CARD: another secret and the check character that belongs to it (ISO/IEC 7064 MOD 37,36).
forged() {
        local body=${1:0:7}ABCDEFGH p=36 i s c digits=0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ
        for ((i = 0; i < ${#body}; i++)); do
                c=${digits%%"${body:i:1}"*}
                s=$(((p + ${#c}) % 36))
                p=$(((s == 0 ? 36 : s) * 2 % 37))
        done
        printf '%s%s\n' "$body" "${digits:$(((37 - p) % 36)):1}"
}

# label_of MEDIUM: prints its label, and what a scanner reads on it.
label_of() {
        local text
        m cus label print "$1" --out "$BATS_TEST_TMPDIR/$1.pdf" >/dev/null
        pdftoppm -r 300 -png "$BATS_TEST_TMPDIR/$1.pdf" "$BATS_TEST_TMPDIR/$1"
        text=$(zbarimg -q --raw "$BATS_TEST_TMPDIR/$1"*.png 2>/dev/null | head -n 1)
        [[ $text == "$1"?* ]] || return
        printf '%s\n' "$text"
}

# counter NUMBER PERSON [LANGUAGE]
counter() {
        counter_at "$BATS_TEST_TMPDIR/desk$1.sock" "$MPSI" --store "$STORE" --as "$2" --lang "${3:-es}" counter
        await 'AYUDA|HELP'
}

events() {
        rm -f "$BATS_TEST_TMPDIR/events"
        m sara --json ledger export --out "$BATS_TEST_TMPDIR/events" >/dev/null
        jq -r "select(.type | test(\"$1\")) | .type" "$BATS_TEST_TMPDIR/events" | paste -sd' '
}

sound_ledger() {
        expect 0 m sara ledger verify
        expect 0 m sara ledger replay
}

@test "U3: a loan in three scans and under five seconds, and its return in three, on a Spanish layout and with each ending" {
        counter 1 cus
        await 'Lea un soporte'
        seal=100
        for ENDING in cr lf tab none; do
                for LAYOUT in us es; do
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
        first=$(approved "$a") second=$(approved "$b")
        counter 1 cus
        scan "$a"
        await "$first · uli"
        scan "$(card uli)"
        await 'precinto nuevo'
        scan S-001
        await 'PIN de Uli Usuaria'
        scan "$(card uli)"
        sleep 0.4
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

@test "A9 U3: what a hostile code types does nothing, ends nothing and reaches no terminal" {
        id=$(tape T1 INTERNO $PLACE)
        counter 1 cus en
        for bytes in '1b 5b 32 4a 48 51 30 30 0d' '03 51 51 51 51 0d' '48 51 00 30 30 30 0d' '1a 1a 1a 1a 0d' 'ff fe fd fc 0d' '48 1b 5d 30 3b 78 07 0d'; do
                # shellcheck disable=SC2086
                tmux -S "$TERMINAL" send-keys -H $bytes
                await 'UNREADABLE|nothing was done'
                tmux -S "$TERMINAL" send-keys Escape
                await 'Scan a medium, a card'
        done
        head -c 70000 /dev/zero | tr '\0' A >"$BATS_TEST_TMPDIR/long"
        printf '\r' >>"$BATS_TEST_TMPDIR/long"
        tmux -S "$TERMINAL" load-buffer "$BATS_TEST_TMPDIR/long"
        tmux -S "$TERMINAL" paste-buffer -r
        await 'longer than any code'
        scan "$id"
        await "Medium +$id"
        # A small terminal shows what matters; a large one keeps it.
        tmux -S "$TERMINAL" resize-window -x 40 -y 8
        await '\? IN CUSTODY'
        [ "$(screen | grep -c .)" -le 8 ]
        tmux -S "$TERMINAL" resize-window -x 120 -y 40
        await '█████'
        tmux -S "$TERMINAL" send-keys C-c
        await '\[exit 0\]'
}

@test "X1: cards: the printed one is read back, a new one makes the old one void, a lost one is revoked, a forged one is told" {
        old=$(card uli)
        expect 0 m cus --json person scan-card "$old"
        [ "$(jq -r '.name, .card' <<<"$output" | paste -sd' ')" = 'uli K000001' ]
        expect 0 m cus person scan-card "$(tr A-Z a-z <<<"$old")" # Caps Lock
        print_cards m sara person card uli
        expect 7 m cus person scan-card "$old"
        [[ $output == *'K000001 is void'* ]]
        expect 7 m cus --lang es person scan-card "$old"
        [[ $output == *'La tarjeta K000001 está anulada'* ]]
        expect 0 m cus person revoke-card K000004 --reason 'Perdida'
        expect 6 m cus person scan-card "$(forged "$(card oto)")"
        [[ $output == *'was not printed by this station'* ]]
        expect 7 m cus person revoke-card K000004 --reason 'Perdida'
        expect 7 m cus person scan-card "$(card uli)"
        expect 4 m cus person revoke-card K000099 --reason x
        expect 2 m cus person revoke-card P000001 --reason x
        expect 2 m cus person scan-card K0000
        expect 3 m uli person scan-card "$(card oto)"
        expect 3 m cus person card uli --out "$BATS_TEST_TMPDIR/no.pdf"
        expect 2 m sara person card uli uli --out "$BATS_TEST_TMPDIR/no.pdf"
        [ ! -e "$BATS_TEST_TMPDIR/no.pdf" ]
        expect 0 m sara --dry-run person card uli --out "$BATS_TEST_TMPDIR/no.pdf"
        [ ! -e "$BATS_TEST_TMPDIR/no.pdf" ]
        [ "$(m sara --json person cards --all | jq -r '[.rows[] | .state] | join(" ")')" = 'replaced valid valid revoked' ]
        # The ledger has no text from which a card could be made.
        m sara ledger export --out "$BATS_TEST_TMPDIR/export" >/dev/null
        ! grep -q "$(card oto)" "$BATS_TEST_TMPDIR/export"
        pdftotext "$BATS_TEST_TMPDIR/cards/cards.pdf" - | grep -q 'Uli Usuaria'
        ! pdftotext "$BATS_TEST_TMPDIR/cards/cards.pdf" - | grep -q "$(card uli)"
        counter 1 cus
        scan "$old"
        await 'K000001 está anulada'
        sound_ledger
}

@test "The sheet of commands: every code on it is read and is a command; without a terminal the counter says who serves" {
        for lang in es en; do
                expect 0 m cus --lang $lang counter sheet --out "$BATS_TEST_TMPDIR/$lang.pdf"
                pdftoppm -r 150 -png "$BATS_TEST_TMPDIR/$lang.pdf" "$BATS_TEST_TMPDIR/$lang"
                [ "$(zbarimg -q --raw "$BATS_TEST_TMPDIR"/$lang*.png 2>/dev/null | sort | grep -c '^MPSI[A-Z]*$')" = 20 ]
        done
        pdftotext "$BATS_TEST_TMPDIR/es.pdf" - | grep -q DESHACER
        pdftotext "$BATS_TEST_TMPDIR/en.pdf" - | grep -q UNDO
        expect 0 m cus --json counter
        [ "$(jq -r '.person, .station' <<<"$output" | paste -sd' ')" = 'cus desk-1' ]
        expect 3 m uli counter
        expect 2 m cus counter --days 0
        expect 2 m cus counter sheet
        expect 2 m cus counter nonsense
}
